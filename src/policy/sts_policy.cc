#include "policy/sts_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "mail/address.h"

namespace waybill::policy {
namespace {
constexpr size_t kMxMax = 1000;          // far beyond any real list; more is an attempt to make us work
constexpr size_t kMaxAgeDigitsMax = 10;  // RFC 8461 3.2: 1*10(DIGIT)

struct Fields {
  std::optional<std::string_view> version, mode, max_age;
  std::vector<std::string_view> mx;
};

/// RFC 8461 3.2: entries after the first are ignored.
void set_once(std::optional<std::string_view>& field, std::string_view value) {
  if (!field) field = value;
}

Result<Fields> read_fields(std::string_view text) {
  Fields out;
  size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return fail(Errc::invalid, "line {} of the policy is no 'key: value': '{}'", number,
                  printable(line, 60));
    }
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "version") set_once(out.version, value);
    if (key == "mode") set_once(out.mode, value);
    if (key == "max_age") set_once(out.max_age, value);
    if (key == "mx") out.mx.push_back(value);
  }
  return out;
}

Result<StsPolicy::Mode> read_mode(std::string_view text) {
  if (text == "enforce") return StsPolicy::Mode::enforce;
  if (text == "testing") return StsPolicy::Mode::testing;
  if (text == "none") return StsPolicy::Mode::none;
  return fail(Errc::invalid, "the policy's mode '{}' is neither enforce, testing nor none",
              printable(text, 40));
}

Result<uint32_t> read_max_age(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > kMaxAgeDigitsMax || error != std::errc{} ||
      end != text.data() + text.size()) {
    return fail(Errc::invalid, "the policy's max_age '{}' is no number of seconds", printable(text, 40));
  }
  if (value > kStsMaxAgeMax_s) {
    return fail(Errc::invalid, "the policy's max_age of {} seconds is over the limit of {}", value,
                kStsMaxAgeMax_s);
  }
  return static_cast<uint32_t>(value);
}

Result<std::string> read_mx(std::string_view text) {
  const bool wild = text.starts_with("*.");
  const auto domain = mail::Domain::parse(wild ? text.substr(2) : text);
  if (!domain || domain->empty() || domain->is_literal()) {
    return fail(Errc::invalid, "the policy's mx '{}' is neither a host name nor '*.' and a domain",
                printable(text, 80));
  }
  return (wild ? "*." : "") + domain->text();
}
}  // namespace

std::string_view to_string(StsPolicy::Mode mode) {
  switch (mode) {
    case StsPolicy::Mode::none:
      return "none";
    case StsPolicy::Mode::testing:
      return "testing";
    case StsPolicy::Mode::enforce:
      return "enforce";
  }
  return "none";
}

Result<StsPolicy> read_sts_policy(std::string_view text) {
  if (text.size() > kStsPolicyOctetsMax)
    return fail(Errc::invalid, "the policy is over {} octets long", kStsPolicyOctetsMax);
  const auto fields = read_fields(text);
  if (!fields) return pass(fields.error());
  if (!fields->version) return fail(Errc::invalid, "the policy lacks its line 'version: STSv1'");
  if (*fields->version != "STSv1") {
    return fail(Errc::invalid, "the policy's version is '{}', not STSv1", printable(*fields->version, 40));
  }
  if (!fields->mode) return fail(Errc::invalid, "the policy lacks its mode");
  if (!fields->max_age) return fail(Errc::invalid, "the policy lacks its max_age");
  StsPolicy out;
  const auto mode = read_mode(*fields->mode);
  if (!mode) return pass(mode.error());
  out.mode = *mode;
  const auto max_age = read_max_age(*fields->max_age);
  if (!max_age) return pass(max_age.error());
  out.max_age_s = *max_age;
  if (fields->mx.size() > kMxMax) return fail(Errc::invalid, "the policy lists over {} hosts", kMxMax);
  for (const std::string_view mx : fields->mx) {
    auto pattern = read_mx(mx);
    if (!pattern) return pass(pattern.error());
    out.mx.push_back(std::move(*pattern));
  }
  // RFC 8461 3.2: only a policy of mode none may do without.
  if (out.mx.empty() && out.mode != StsPolicy::Mode::none) {
    return fail(Errc::invalid, "the policy lists no mx, which mode {} needs", to_string(out.mode));
  }
  return out;
}

bool sts_mx_matches(std::string_view pattern, const dns::Name& host) {
  if (!pattern.starts_with("*.")) return iequals(pattern, host.to_string());
  return !host.is_root() && iequals(pattern.substr(2), host.parent().to_string());
}

bool StsPolicy::lists(const dns::Name& host) const {
  return std::ranges::any_of(mx, [&](const std::string& pattern) { return sts_mx_matches(pattern, host); });
}

}  // namespace waybill::policy
