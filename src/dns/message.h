// message.h: a whole DNS message (RFC 1035 4), to and from the wire: for the authoritative server, for tests,
// and for the packet that libunbound hands out. Values only, no I/O, safe on any thread.
// parse() refuses what is cut short, points forward, or lies about its counts; it never returns half a
// message. Records of classes other than IN are left out. Limits: 65,535 octets, so at most as many records
// as fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/record.h"

namespace waybill::dns {

/// RFC 1035 4.1.1, and RFC 6891 for what does not fit into four bits.
enum class Rcode : uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  badvers = 16,
};
[[nodiscard]] std::string to_string(Rcode rcode);  ///< "SERVFAIL", "RCODE23"

inline constexpr uint16_t kClassIn = 1;

struct QuestionEntry {
  Name name;
  Type type = Type::mx;
  uint16_t class_ = kClassIn;
  std::string spelled;  ///< the name's wire form with its letters as sent; empty: as in `name`
  bool operator==(const QuestionEntry&) const = default;
};

/// The OPT pseudo-record (RFC 6891 6.1).
struct Edns {
  uint16_t udp_octets_max = 1232;
  uint8_t version = 0;
  bool dnssec_ok = false;
  bool operator==(const Edns&) const = default;
};

struct Message {
  uint16_t id = 0;
  bool response = false;
  uint8_t opcode = 0;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authentic_data = false;
  bool checking_disabled = false;
  Rcode rcode = Rcode::noerror;
  std::vector<QuestionEntry> questions;
  std::vector<Record> answers;
  std::vector<Record> authority;
  std::vector<Record> additional;  ///< without OPT
  std::optional<Edns> edns;
  bool operator==(const Message&) const = default;
};

[[nodiscard]] Result<Message> parse_message(std::string_view wire);
/// Compresses names where RFC 1035 and 3597 4 allow. If it does not fit into `octets_max`: additional records
/// are dropped first, then answers and authority are dropped and TC is set (RFC 2181 9).
[[nodiscard]] std::string encode_message(const Message& message, size_t octets_max = 65535);

/// How long an absence may be remembered: min(SOA's TTL, its MINIMUM), RFC 2308 5; nothing without a SOA.
[[nodiscard]] std::optional<uint32_t> negative_ttl_s(const Message& message);

}  // namespace waybill::dns
