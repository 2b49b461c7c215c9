#include "policy/sts_record.h"

#include <algorithm>

#include "base/bytes.h"
#include "policy/version_fields.h"

namespace waybill::policy {
namespace {
constexpr std::string_view kVersion = "v=STSv1";
constexpr size_t kIdOctetsMax = 32;

bool is_id(std::string_view text) {
  return text.size() <= kIdOctetsMax && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

/// RFC 8461 3.1: printable, without "=", ";" and blanks.
bool is_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '=' && c != ';'; });
}

StsRecord malformed(std::string why) { return {StsRecord::State::malformed, {}, std::move(why)}; }

StsRecord read_one(const std::string& text) {
  const auto fields = version_fields(text, kVersion);
  if (!fields) return malformed(fields.error().what);
  StsRecord out;
  for (const VersionField& field : *fields) {
    if (!is_value(field.value)) {
      return malformed(fmt::format("the value of {} holds what may not stand there: '{}'", field.name,
                                   printable(field.value, 60)));
    }
    if (field.name != "id" || !out.id.empty()) continue;
    if (!is_id(field.value)) {
      return malformed(
          fmt::format("the id '{}' is not 1 to 32 letters and digits", printable(field.value, 60)));
    }
    out.id = field.value;
  }
  if (out.id.empty()) return malformed("it has no id");
  out.state = StsRecord::State::valid;
  return out;
}
}  // namespace

StsRecord read_sts_record(const std::vector<std::string>& texts) {
  const OneOf record = one_record(texts, kVersion);
  // RFC 8461 3.1: if not exactly one is left, there is no policy.
  if (record.count > 1) return {StsRecord::State::several, {}, record.why};
  if (record.only != nullptr) return read_one(*record.only);
  if (record.why.empty()) return {};
  return malformed(record.why);
}

}  // namespace waybill::policy
