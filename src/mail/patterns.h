// patterns.h: which mail a rule is for, by who sent it and where it came in. Values; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "mail/address.h"

namespace waybill::mail {

/// A pattern of reverse-paths: "user@example.org", "@example.org" (everyone of that domain), "*.example.org"
/// (everyone below it, not of itself), or "<>" (the null one: reports).
class SenderPattern {
 public:
  /// Errors: none of these forms.
  [[nodiscard]] static Result<SenderPattern> parse(std::string_view text);
  /// Local parts are compared as written (RFC 5321 2.4), domains without case.
  [[nodiscard]] bool matches(const ReversePath& from) const;
  [[nodiscard]] std::string to_string() const;
  bool operator==(const SenderPattern&) const = default;

 private:
  enum class Kind : uint8_t { null, address, domain, below };
  Kind kind_ = Kind::null;
  std::string local_;  ///< of an address
  Domain domain_;
};

/// A pattern of listeners: a role ("mx", "submission", "submissions", "lmtp"), the address of one as the
/// configuration has it ("127.0.0.1:587"), "control" (what local programs hand in) or "bounce" (our reports).
class ListenerPattern {
 public:
  /// Errors: neither such a word nor an address with its port.
  [[nodiscard]] static Result<ListenerPattern> parse(std::string_view text);
  /// `listener`: as Origin::listener. Mail from before addresses were kept there has its role alone.
  [[nodiscard]] bool matches(std::string_view listener) const;
  [[nodiscard]] const std::string& to_string() const { return text_; }
  [[nodiscard]] bool is_address() const { return address_; }
  bool operator==(const ListenerPattern&) const = default;

 private:
  std::string text_;
  bool address_ = false;
};

}  // namespace waybill::mail
