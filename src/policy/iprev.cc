#include "policy/iprev.h"

#include <fmt/format.h>

namespace waybill::policy {

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 255)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_' || c == ':';
    out += plain ? c : '?';
  }
  return out;
}

Finding judge_iprev(const dns::Ptr& ptr) {
  switch (ptr.status) {
    case dns::PtrStatus::agrees:
      return {Found::pass, plain_name(ptr.name)};
    case dns::PtrStatus::disagrees:
      return {Found::fail, fmt::format("{} does not lead back to it", plain_name(ptr.name))};
    case dns::PtrStatus::none:
      return {Found::fail, "it has none"};
    case dns::PtrStatus::unknown:
      return {Found::unknown, "the DNS could not say"};
    case dns::PtrStatus::not_asked:
      return {Found::unknown, "not asked"};
  }
  return {};
}

std::string_view iprev_result(dns::PtrStatus status) {
  switch (status) {
    case dns::PtrStatus::agrees:
      return "pass";
    case dns::PtrStatus::disagrees:
      return "fail";
    case dns::PtrStatus::none:
      return "permerror";
    case dns::PtrStatus::unknown:
    case dns::PtrStatus::not_asked:
      return "temperror";
  }
  return "temperror";
}

std::string iprev_field(std::string_view authserv_id, const IpAddress& client, const dns::Ptr& ptr) {
  // RFC 8601 2.2: a pvalue is a token (RFC 2045 5.1) or quoted; a ':' is none of a token's octets.
  const std::string address = client.is_v4() ? client.to_string() : fmt::format("\"{}\"", client.to_string());
  std::string out = fmt::format("Authentication-Results: {};\r\n\tiprev={} policy.iprev={}", authserv_id,
                                iprev_result(ptr.status), address);
  if (!ptr.name.empty()) out += fmt::format(" ({})", plain_name(ptr.name));
  return out + "\r\n";
}

}  // namespace waybill::policy
