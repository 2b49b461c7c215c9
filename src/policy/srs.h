// srs.h: the Sender Rewriting Scheme: senders of mail that an alias sends on, as addresses of our own that
// lead back, so that the next host's SPF check meets a domain that may send from here. Signed, and good for
// some weeks only, so that nobody else can make one or keep one.
//
// SRS0=HASH=TT=domain=local@ours for a first rewriting; SRS1=HASH=first==rest@ours for a sender that another
// host has rewritten before (then the report goes to that host, which knows the way on).
// Pure: the clock is the caller's. Thread rule: immutable; share freely.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mail/address.h"

namespace waybill::policy {

class Srs {
 public:
  static constexpr int kDaysValid = 21;

  Srs() = default;  ///< off
  /// The first secret signs, all are believed; at least one. Addresses are made in `domain`.
  Srs(std::vector<std::string> secrets, mail::Domain domain)
      : secrets_(std::move(secrets)), domain_(std::move(domain)) {}

  [[nodiscard]] bool on() const { return !secrets_.empty(); }
  [[nodiscard]] const mail::Domain& domain() const { return domain_; }
  /// The sender to use instead. None: it stays as it is, because it would be longer than 64 octets (RFC 5321
  /// 4.5.3.1.1), needs SMTPUTF8 or quotes, or is one of these already.
  [[nodiscard]] std::optional<mail::Address> rewrite(const mail::Address& sender, Time now) const;

  /// True if an address is of the shape that reverse() reads, in our domain.
  [[nodiscard]] bool is_ours(const mail::Address& address) const;
  /// Who is meant by an address that is_ours(). Errors: refused (not signed by us, or changed), timeout (too
  /// old).
  [[nodiscard]] Result<mail::Address> reverse(const mail::Address& address, Time now) const;

 private:
  [[nodiscard]] Status verify(std::string_view hash, std::string_view content) const;

  std::vector<std::string> secrets_;
  mail::Domain domain_;
};

}  // namespace waybill::policy
