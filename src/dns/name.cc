#include "dns/name.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/bytes.h"

namespace waybill::dns {
namespace {

constexpr size_t kLabelOctetsMax = 63;  // RFC 1035 2.3.4
constexpr size_t kNameOctetsMax = 255;  // RFC 1035 2.3.4: length octets and the root's included

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads one character of a label at `at`, which moves behind it. Errors: a backslash that escapes nothing.
Result<char> read_octet(std::string_view text, size_t& at) {
  const char c = text[at++];
  if (c != '\\') return lower(c);
  if (at == text.size()) return fail(Errc::invalid, "the name '{}' ends in a backslash", printable(text));
  if (!is_digit(text[at])) return lower(text[at++]);
  // RFC 1035 5.1: \DDD is one octet, three decimal digits.
  if (text.size() - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) {
    return fail(Errc::invalid, "the escape in '{}' needs three digits", printable(text));
  }
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return fail(Errc::invalid, "the escape \\{} in '{}' is over 255", value, printable(text));
  at += 3;
  return lower(static_cast<char>(value));
}

/// Appends one label to `wire`, which has no final root yet.
Status append_label(std::string& wire, std::string_view label, std::string_view whole) {
  if (label.empty()) return fail(Errc::invalid, "the name '{}' has an empty label", printable(whole));
  if (label.size() > kLabelOctetsMax) {
    return fail(Errc::invalid, "a label of '{}' has {} octets (at most {})", printable(whole), label.size(),
                kLabelOctetsMax);
  }
  if (wire.size() + 1 + label.size() + 1 > kNameOctetsMax) {
    return fail(Errc::invalid, "the name '{}' is over {} octets", printable(whole), kNameOctetsMax);
  }
  wire += static_cast<char>(label.size());
  wire += label;
  return {};
}

}  // namespace

Result<Name> Name::parse(std::string_view text) {
  if (text.empty()) return fail(Errc::invalid, "a DNS name is empty");
  Name name;
  if (text == ".") return name;
  std::string wire;
  std::string label;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (auto status = append_label(wire, label, text); !status) return std::unexpected(status.error());
      label.clear();
      ++at;
      continue;
    }
    auto octet = read_octet(text, at);
    if (!octet) return std::unexpected(octet.error());
    label += *octet;
  }
  if (!label.empty()) {  // no final dot
    if (auto status = append_label(wire, label, text); !status) return std::unexpected(status.error());
  }
  wire += '\0';
  name.wire_ = std::move(wire);
  return name;
}

Result<Name> Name::from_wire(std::string_view wire) {
  Name name;
  std::string out;
  for (size_t at = 0; at < wire.size();) {
    const auto length = static_cast<uint8_t>(wire[at]);
    if (length > kLabelOctetsMax)
      return fail(Errc::invalid, "a compressed or unknown label in a lone DNS name");
    if (length == 0) {
      if (at + 1 != wire.size())
        return fail(Errc::invalid, "{} octets after a DNS name", wire.size() - at - 1);
      out += '\0';
      name.wire_ = std::move(out);
      return name;
    }
    if (wire.size() - at - 1 < length) break;
    if (out.size() + 1 + length + 1 > kNameOctetsMax)
      return fail(Errc::invalid, "a DNS name is over 255 octets");
    out += wire[at];
    for (const char c : wire.substr(at + 1, length)) out += lower(c);
    at += 1 + size_t{length};
  }
  return fail(Errc::invalid, "a DNS name is cut short");
}

Name Name::reverse(const IpAddress& address) {
  std::string text;
  const auto& octets = address.octets();
  if (address.is_v4()) {
    text = fmt::format("{}.{}.{}.{}.in-addr.arpa", octets[3], octets[2], octets[1], octets[0]);
  } else {
    for (size_t i = octets.size(); i-- > 0;)
      text += fmt::format("{:x}.{:x}.", octets[i] & 15, octets[i] >> 4);
    text += "ip6.arpa";  // RFC 3596 2.5
  }
  return Name::parse(text).value_or(Name{});
}

std::string Name::to_string() const {
  if (is_root()) return ".";
  std::string text;
  text.reserve(wire_.size());
  for (size_t at = 0; wire_[at] != 0;) {
    const auto length = static_cast<uint8_t>(wire_[at]);
    if (at != 0) text += '.';
    for (const char c : std::string_view(wire_).substr(at + 1, length)) {
      const auto octet = static_cast<uint8_t>(c);
      // What a zone file gives a meaning of its own is escaped (RFC 1035 5.1).
      if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' || c == '$') {
        text += '\\';
        text += c;
      } else if (octet <= ' ' || octet >= 0x7f) {
        text += fmt::format("\\{:03}", octet);
      } else {
        text += c;
      }
    }
    at += 1 + size_t{length};
  }
  return text;
}

size_t Name::labels() const {
  size_t count = 0;
  for (size_t at = 0; wire_[at] != 0; at += 1 + size_t{static_cast<uint8_t>(wire_[at])}) ++count;
  return count;
}

Name Name::parent() const {
  Name up;
  if (!is_root()) up.wire_ = wire_.substr(1 + size_t{static_cast<uint8_t>(wire_[0])});
  return up;
}

bool Name::is_within(const Name& ancestor) const {
  if (ancestor.wire_.size() > wire_.size()) return false;
  const size_t start = wire_.size() - ancestor.wire_.size();
  if (std::string_view(wire_).substr(start) != ancestor.wire_) return false;
  // The same octets at the end are not enough: they must begin at a label.
  size_t at = 0;
  while (at < start) at += 1 + size_t{static_cast<uint8_t>(wire_[at])};
  return at == start;
}

Result<Name> Name::child(std::string_view label) const {
  std::string head;
  if (auto status = append_label(head, label, label); !status) return std::unexpected(status.error());
  if (head.size() + wire_.size() > kNameOctetsMax) {
    return fail(Errc::invalid, "the name '{}' under '{}' is over 255 octets", printable(label), to_string());
  }
  std::ranges::transform(head.begin() + 1, head.end(), head.begin() + 1, lower);
  Name name;
  name.wire_ = head + wire_;
  return name;
}

}  // namespace waybill::dns
