// answer.h: what the DNS said, never misread. Present, absent, failed and bogus are different answers, and
// only absent may ever lead to a bounce (docs/dns-discipline.md).
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/decide.h"
#include "dns/record.h"

namespace waybill::dns {

struct Question {
  Name name;
  Type type = Type::mx;
  auto operator<=>(const Question&) const = default;
  bool operator==(const Question&) const = default;
};

enum class Kind : uint8_t {
  present,   ///< records of the asked type exist
  nxdomain,  ///< absent: the name does not exist (nor anything below it)
  nodata,    ///< absent: the name exists, but not with this type
  failed,    ///< nobody could say: SERVFAIL, REFUSED, timeout, a malformed or over-long answer
  bogus,     ///< DNSSEC validation failed: forged or broken; must never count as absent
};
[[nodiscard]] std::string_view to_string(Kind kind);

enum class Source : uint8_t { network, cache, overlay };
[[nodiscard]] std::string_view to_string(Source source);

struct Answer {
  Kind kind = Kind::failed;
  std::vector<Record> records;  ///< of the asked type, at the end of the CNAME chain
  std::vector<Name> chain;      ///< the names passed through by CNAME, first the asked one; empty: no alias
  Name canonical;               ///< where the records stand; the asked name if there was no alias
  bool loop = false;    ///< failed for good: a CNAME loop, or a chain of over 16 links (RFC 1034 3.6.2)
  bool secure = false;  ///< DNSSEC proved this answer, present or absent
  uint32_t ttl_s = 0;   ///< time left: of records, or of the absence (RFC 2308 5)
  Source source = Source::network;
  std::string why;  ///< failed and bogus: who was asked and what they said, one line

  [[nodiscard]] bool present() const { return kind == Kind::present; }
  [[nodiscard]] bool absent() const { return kind == Kind::nxdomain || kind == Kind::nodata; }
  [[nodiscard]] bool unknown() const { return kind == Kind::failed || kind == Kind::bogus; }

  static Answer failure(std::string why) { return {.kind = Kind::failed, .why = std::move(why)}; }
};

using Facts = waybill::Facts<Question, Answer>;
using Ask = waybill::Ask<Question, Answer>;

}  // namespace waybill::dns
