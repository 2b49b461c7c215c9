#include "dns/rdata_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"

namespace waybill::dns {
namespace {
constexpr auto kLoc = Type{29};
constexpr auto kSshfp = Type{44};
constexpr auto kCds = Type{59};
constexpr auto kSvcb = Type{64};
constexpr auto kHttps = Type{65};

uint8_t octet(std::string_view rdata, size_t at) { return static_cast<uint8_t>(rdata[at]); }

uint32_t u32(std::string_view rdata, size_t at) {
  return uint32_t{octet(rdata, at)} << 24 | uint32_t{octet(rdata, at + 1)} << 16 |
         uint32_t{octet(rdata, at + 2)} << 8 | uint32_t{octet(rdata, at + 3)};
}

/// In octets; nothing for a digest that is not known here.
std::optional<size_t> ds_digest(uint8_t type) {
  switch (type) {
    case 1:
      return 20;  // SHA-1: RFC 4034 5.1.4
    case 2:
    case 3:
      return 32;  // SHA-256: RFC 4509; GOST R 34.11-94: RFC 5933
    case 4:
      return 48;  // SHA-384: RFC 6605
    default:
      return std::nullopt;
  }
}

std::optional<size_t> sshfp_digest(uint8_t type) {
  if (type == 1) return 20;  // SHA-1: RFC 4255 3.1.2
  if (type == 2) return 32;  // SHA-256: RFC 6594
  return std::nullopt;
}

Status check_digest(std::string_view name, uint8_t type, std::optional<size_t> want, size_t got) {
  if (!want || *want == got) return {};
  return fail(Errc::invalid, "{} data: a digest of type {} has {} octets, this one {}", name, type, *want,
              got);
}

/// RFC 1876 2: thousandths of a second of arc, 2^31 at the equator and the prime meridian.
Status check_loc(std::string_view rdata) {
  if (rdata.size() < 12) return fail(Errc::invalid, "LOC data is too short");
  const auto off_centre = [&](size_t at) {
    const int64_t value = int64_t{u32(rdata, at)} - (int64_t{1} << 31);
    return value < 0 ? -value : value;
  };
  constexpr int64_t kDegree = int64_t{3600} * 1000;
  if (off_centre(4) > 90 * kDegree) return fail(Errc::invalid, "LOC data: a latitude beyond 90 degrees");
  if (off_centre(8) > 180 * kDegree) return fail(Errc::invalid, "LOC data: a longitude beyond 180 degrees");
  return {};
}

/// RFC 8659 4.1: flags, the tag's length, the tag, the value.
Status check_caa(std::string_view rdata) {
  const size_t length = rdata.size() < 2 ? 0 : octet(rdata, 1);
  if (length == 0 || rdata.size() < 2 + length) return fail(Errc::invalid, "CAA data without a tag");
  const std::string_view tag = rdata.substr(2, length);
  const bool good = std::ranges::all_of(
      tag, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
  if (!good) return fail(Errc::invalid, "the tag '{}' is not letters and digits", printable(tag, 40));
  return {};
}

/// ldns keeps the low 16 bits of a port.
Status check_service(std::span<const Token> tokens) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].text.starts_with("port=")) continue;
    std::string_view digits = tokens[i].text.substr(5);
    if (digits.empty() && i + 1 < tokens.size()) digits = tokens[i + 1].text;
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size())
      return fail(Errc::invalid, "the port '{}' is not a number from 0 to 65535", printable(digits, 40));
  }
  return {};
}
}  // namespace

Status check_rdata(Type type, std::string_view rdata, std::span<const Token> tokens) {
  if (type == Type::ds || type == kCds) {
    if (rdata.size() < 4) return fail(Errc::invalid, "{} data is too short", to_string(type));
    return check_digest(to_string(type), octet(rdata, 3), ds_digest(octet(rdata, 3)), rdata.size() - 4);
  }
  if (type == kSshfp) {
    if (rdata.size() < 2) return fail(Errc::invalid, "SSHFP data is too short");
    return check_digest("SSHFP", octet(rdata, 1), sshfp_digest(octet(rdata, 1)), rdata.size() - 2);
  }
  if (type == Type::caa) return check_caa(rdata);
  if (type == kLoc) return check_loc(rdata);
  if (type == kSvcb || type == kHttps) return check_service(tokens);
  return {};
}

}  // namespace waybill::dns
