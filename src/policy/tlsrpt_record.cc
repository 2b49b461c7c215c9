#include "policy/tlsrpt_record.h"

#include <algorithm>

#include "base/bytes.h"
#include "mail/address.h"
#include "policy/version_fields.h"

namespace waybill::policy {
namespace {
constexpr std::string_view kVersion = "v=TLSRPTv1";
constexpr size_t kUrisMax = 100;

TlsrptRecord malformed(std::string why) { return {TlsrptRecord::State::malformed, {}, std::move(why)}; }

bool starts_with_scheme(std::string_view uri, std::string_view scheme) {
  return uri.size() > scheme.size() && iequals(uri.substr(0, scheme.size()), scheme);
}

/// Why `uri` is no place for reports; empty: it is one.
std::string fault_of(std::string_view uri) {
  if (uri.empty()) return "rua lists an empty address";
  const std::string shown = printable(uri, 80);
  if (!std::ranges::all_of(uri, [](char c) { return c > 0x20 && c < 0x7f && c != '!'; })) {
    return fmt::format("'{}' in rua holds what must be percent-encoded", shown);  // RFC 8460 3
  }
  if (starts_with_scheme(uri, "mailto:")) {
    const std::string_view address = uri.substr(7, uri.find('?') - 7);
    return mail::Address::parse(address) ? "" : fmt::format("'{}' in rua is no mail address", shown);
  }
  if (starts_with_scheme(uri, "https://")) return "";
  return fmt::format("'{}' in rua is neither mailto: nor https:", shown);
}

TlsrptRecord read_one(const std::string& text) {
  const auto fields = version_fields(text, kVersion);
  if (!fields) return malformed(fields.error().what);
  const auto rua = std::ranges::find(*fields, std::string_view("rua"), &VersionField::name);
  if (rua == fields->end()) return malformed("it has no rua");
  TlsrptRecord out;
  for (const std::string_view part : split(rua->value, ',')) {
    const std::string_view uri = trim(part);
    if (std::string fault = fault_of(uri); !fault.empty()) return malformed(std::move(fault));
    out.uris.emplace_back(uri);
    if (out.uris.size() > kUrisMax) return malformed(fmt::format("rua lists over {} addresses", kUrisMax));
  }
  out.state = TlsrptRecord::State::valid;
  return out;
}
}  // namespace

TlsrptRecord read_tlsrpt_record(const std::vector<std::string>& texts) {
  const OneOf record = one_record(texts, kVersion);
  // RFC 8460 3: if not exactly one is left, there is no policy.
  if (record.count > 1) return {TlsrptRecord::State::several, {}, record.why};
  if (record.only != nullptr) return read_one(*record.only);
  if (record.why.empty()) return {};
  return malformed(record.why);
}

}  // namespace waybill::policy
