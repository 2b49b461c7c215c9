#include "mail/address.h"

#include <idn2.h>

#include <algorithm>

#include "base/bytes.h"

namespace waybill::mail {
namespace {
bool is_atext(char c) {
  static constexpr std::string_view kSpecials = "!#$%&'*+-/=?^_`{|}~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kSpecials.find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(text, [](char c) { return c == '.' || is_atext(c); });
}

bool is_ldh_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(
      label, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

Result<std::string> to_a_labels(std::string_view text) {
  if (is_ascii(text)) return to_lower(text);
  if (!is_utf8(text)) return fail(Errc::invalid, "the domain '{}' is not UTF-8", printable(text));
  char* out = nullptr;
  const int status = idn2_to_ascii_8z(std::string(text).c_str(), &out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (status != IDN2_OK) {
    return fail(Errc::invalid, "the domain '{}' is not a valid internationalised name: {}", text,
                idn2_strerror(status));
  }
  std::string result(out);
  idn2_free(out);
  return result;
}

// RFC 5321 4.1.3: only IPv4 and IPv6 literals are known; general address literals are refused.
Result<Domain> parse_literal(std::string_view text) {
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (inner.size() > 5 && iequals(inner.substr(0, 5), "IPv6:")) {
    const auto ip = IpAddress::parse(inner.substr(5));
    // A mapped address is IPv4 in disguise; it is taken as such (see IpAddress).
    if (ip && inner.find(':', 5) != std::string_view::npos) return Domain::literal(*ip);
  } else if (const auto ip = IpAddress::parse(inner); ip && inner.find(':') == std::string_view::npos) {
    return Domain::literal(*ip);
  }
  return fail(Errc::invalid, "'{}' is not an address literal such as [192.0.2.1] or [IPv6:2001:db8::1]",
              printable(text, 80));
}
}  // namespace

Result<Domain> Domain::parse(std::string_view text) {
  if (text.empty()) return fail(Errc::invalid, "the domain is empty");
  if (text.size() > 1024) return fail(Errc::invalid, "the domain is longer than 253 octets");
  if (text.front() == '[' && text.back() == ']' && text.size() > 2) return parse_literal(text);
  if (text.back() == '.') return fail(Errc::invalid, "the domain '{}' ends in a dot", printable(text, 80));
  if (text.find('\0') != std::string_view::npos) return fail(Errc::invalid, "the domain contains a NUL");
  auto ascii = to_a_labels(text);
  if (!ascii) return pass(ascii.error());
  // RFC 1035 2.3.4: 255 octets on the wire, that is 253 as text.
  if (ascii->size() > 253) return fail(Errc::invalid, "the domain is longer than 253 octets");
  for (const std::string_view label : split(*ascii, '.')) {
    if (!is_ldh_label(label))
      return fail(Errc::invalid, "'{}' is not a domain name: bad label '{}'", printable(text, 80),
                  printable(label, 80));
  }
  Domain out;
  out.text_ = std::move(*ascii);
  return out;
}

Domain Domain::literal(const IpAddress& address) {
  Domain out;
  out.literal_ = address;
  out.text_ = address.is_v4() ? fmt::format("[{}]", address.to_string())
                              : fmt::format("[IPv6:{}]", address.to_string());
  return out;
}

std::string Address::to_string() const {
  std::string out;
  if (is_dot_string(local)) {
    out = local;
  } else {
    out += '"';
    for (const char c : local) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (!domain.empty()) {
    out += '@';
    out += domain.text();
  }
  return out;
}

Result<Address> Address::parse(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0)
    return fail(Errc::invalid, "'{}' is not an address such as user@example.org", printable(text, 80));
  auto domain = Domain::parse(text.substr(at + 1));
  if (!domain) return pass(domain.error());
  const std::string_view raw = text.substr(0, at);
  std::string local;
  if (raw.front() == '"') {
    if (raw.size() < 2 || raw.back() != '"')
      return fail(Errc::invalid, "'{}' has an unclosed quote", printable(text, 80));
    const std::string_view inner = raw.substr(1, raw.size() - 2);
    for (size_t i = 0; i < inner.size(); ++i) {
      if (inner[i] == '"') return fail(Errc::invalid, "'{}' has a stray quote", printable(text, 80));
      if (inner[i] == '\\' && ++i == inner.size())
        return fail(Errc::invalid, "'{}' has an unclosed quote", printable(text, 80));
      const auto octet = static_cast<unsigned char>(inner[i]);
      if (octet < 0x20 || octet == 0x7f)
        return fail(Errc::invalid, "'{}' has a control character", printable(text, 80));
      local += inner[i];
    }
  } else if (is_dot_string(raw)) {
    local = raw;
  } else {
    return fail(Errc::invalid, "'{}' is not a local part (RFC 5321 4.1.2)", printable(raw, 80));
  }
  if (!is_utf8(local)) return fail(Errc::invalid, "'{}' is not UTF-8", printable(text, 80));
  if (local.size() > 64)
    return fail(Errc::invalid, "the local part is longer than 64 octets (RFC 5321 4.5.3.1.1)");
  return Address{std::move(local), std::move(*domain)};
}

bool Address::needs_smtputf8() const { return !is_ascii(local); }

std::string to_string(const ReversePath& path) { return path ? path->to_string() : std::string(); }

}  // namespace waybill::mail
