// name.h: a DNS name as a value (RFC 1035 2.3, 3.1): any octets in its labels, compared without case.
// Only ever absolute: there is no search list anywhere in waybill (RFC 5321 2.3.5).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace waybill::dns {

class Name {
 public:
  Name() = default;  ///< the root
  /// Presentation form, with or without the final dot; `\.` and `\DDD` escapes; "." is the root.
  /// Errors: empty text, empty label, label over 63 octets, name over 255 octets, bad escape.
  [[nodiscard]] static Result<Name> parse(std::string_view text);
  /// Uncompressed wire form, as libunbound and ldns hand out single names.
  [[nodiscard]] static Result<Name> from_wire(std::string_view wire);
  /// 192.0.2.5 → 5.2.0.192.in-addr.arpa; IPv6: 32 nibbles under ip6.arpa (RFC 3596 2.5).
  [[nodiscard]] static Name reverse(const IpAddress& address);

  [[nodiscard]] bool is_root() const { return wire_.size() == 1; }
  /// Lower case, escapes where needed, no final dot; the root is ".".
  [[nodiscard]] std::string to_string() const;
  /// Lower-case wire form, uncompressed, ending in the zero octet.
  [[nodiscard]] const std::string& wire() const { return wire_; }
  [[nodiscard]] size_t labels() const;
  [[nodiscard]] Name parent() const;  ///< the root's parent is the root
  /// True if this is `ancestor` or stands below it.
  [[nodiscard]] bool is_within(const Name& ancestor) const;
  /// `label` put before this name.
  [[nodiscard]] Result<Name> child(std::string_view label) const;

  bool operator==(const Name&) const = default;
  auto operator<=>(const Name&) const = default;

 private:
  std::string wire_ = std::string(1, '\0');
};

}  // namespace waybill::dns
