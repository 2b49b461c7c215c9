// record.h: the records that mail needs, as values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "dns/name.h"

namespace waybill::dns {

/// Values are those of the wire (IANA). Others travel as Type{number} with Opaque data.
enum class Type : uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  ds = 43,
  rrsig = 46,
  dnskey = 48,
  tlsa = 52,
  caa = 257,
};
[[nodiscard]] std::string to_string(Type type);  ///< "MX", "TYPE731"
[[nodiscard]] Result<Type> parse_type(std::string_view text);

struct Mx {
  uint16_t preference = 0;
  Name exchange;
  bool operator==(const Mx&) const = default;
};
struct Soa {
  Name mname;
  Name rname;
  uint32_t serial = 0, refresh_s = 0, retry_s = 0, expire_s = 0, minimum_s = 0;
  bool operator==(const Soa&) const = default;
};
/// The strings of one TXT record; readers join them without a space (RFC 7208 3.3).
struct Txt {
  std::vector<std::string> strings;
  [[nodiscard]] std::string joined() const;
  bool operator==(const Txt&) const = default;
};
struct Tlsa {
  uint8_t usage = 0, selector = 0, matching = 0;
  std::string data;
  bool operator==(const Tlsa&) const = default;
};
/// NS, CNAME and PTR hold a Name. Opaque: any other type's rdata, in wire form.
using Opaque = std::string;
using Data = std::variant<IpAddress, Name, Mx, Soa, Txt, Tlsa, Opaque>;

struct Record {
  Name owner;
  Type type = Type::a;
  uint32_t ttl_s = 0;
  Data data;
  bool operator==(const Record&) const = default;
};

/// Uncompressed rdata → typed data. Every octet is hostile: wrong lengths and pointer tricks are errors.
[[nodiscard]] Result<Data> decode_rdata(Type type, std::string_view rdata);
/// And back; names are not compressed.
[[nodiscard]] std::string encode_rdata(const Data& data);
/// The same for data of a known type: only so does an AAAA of an IPv4-mapped address get its sixteen octets.
[[nodiscard]] std::string encode_rdata(Type type, const Data& data);
/// As a zone file would have it: "10 mx1.example.org.".
[[nodiscard]] std::string to_string(const Record& record);
[[nodiscard]] std::string data_to_string(const Record& record);

}  // namespace waybill::dns
