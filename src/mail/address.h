// address.h: mail addresses as values (RFC 5321 4.1.2, RFC 6531 3.3). Parsing them out of SMTP commands
// (quotes, source routes, literals) is smtp/path.h's work; a value here is already well-formed.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace waybill::mail {

/// The right side of an address: a DNS name (lower-case A-labels, no final dot) or an address literal.
/// Empty only for the bare `postmaster` of RFC 5321 4.5.1.
class Domain {
 public:
  Domain() = default;
  /// From text as it stands in an address: folds case, turns U-labels into A-labels (IDNA 2008 through
  /// libidn2, RFC 6531 3.2), checks LDH syntax, labels of 1–63 and 253 octets at most. "[192.0.2.1]" and
  /// "[IPv6:2001:db8::1]" become literals (RFC 5321 4.1.3). A final dot is an error (4.1.2). Underscores
  /// are accepted: they occur in real mail domains, and the DNS decides whether one exists.
  [[nodiscard]] static Result<Domain> parse(std::string_view text);
  [[nodiscard]] static Domain literal(const IpAddress& address);

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] bool is_literal() const { return literal_.has_value(); }
  [[nodiscard]] const std::optional<IpAddress>& literal_address() const { return literal_; }
  /// "example.org", "xn--bcher-kva.example", "[192.0.2.1]", "[IPv6:2001:db8::1]".
  [[nodiscard]] const std::string& text() const { return text_; }

  bool operator==(const Domain& other) const { return text_ == other.text_; }
  auto operator<=>(const Domain& other) const { return text_ <=> other.text_; }

 private:
  std::string text_;
  std::optional<IpAddress> literal_;
};

/// local@domain. The local part is kept as the sender wrote it but unquoted: `"a b"@x` has local `a b`.
struct Address {
  std::string local;
  Domain domain;

  /// The wire form: the local part quoted where RFC 5321 4.1.2 needs it.
  [[nodiscard]] std::string to_string() const;
  /// Parses "local@domain" as a person would type it (CLI, config, control API); quoted local parts work.
  [[nodiscard]] static Result<Address> parse(std::string_view text);
  /// True if the local part needs SMTPUTF8 (RFC 6531).
  [[nodiscard]] bool needs_smtputf8() const;
  bool operator==(const Address&) const = default;
  auto operator<=>(const Address&) const = default;
};

/// MAIL FROM's path: an address, or null (`<>`, RFC 5321 4.5.5), from which nothing may be answered.
using ReversePath = std::optional<Address>;
/// "" for null, else the address: what goes between the angle brackets.
[[nodiscard]] std::string to_string(const ReversePath& path);

}  // namespace waybill::mail
