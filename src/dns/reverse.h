// reverse.h: whether an address's name in the reverse DNS agrees with it (RFC 8601 2.7.3), as `lookup` and
// `check` tell it and sessions are judged by it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/decide.h"
#include "dns/answer.h"

namespace waybill::dns {

/// Reverse DNS of one address, confirmed forward (RFC 8601 2.7.3 "iprev").
enum class PtrStatus : uint8_t {
  agrees,     ///< pass: a name of it resolves back to it
  disagrees,  ///< fail: it has names, none resolves back
  none,       ///< permerror: it has no name
  unknown,    ///< temperror: the DNS could not say
  not_asked,
};
[[nodiscard]] std::string_view to_string(PtrStatus status);

struct Ptr {
  PtrStatus status = PtrStatus::not_asked;
  std::string name;  ///< the one that agrees, else the first; empty: none known
  bool operator==(const Ptr&) const = default;
};

/// What is not known yet is put into `open`, and the result then means nothing.
[[nodiscard]] Ptr assess_reverse(const IpAddress& ip, const Facts& facts, Questions<Question>& open);

}  // namespace waybill::dns
