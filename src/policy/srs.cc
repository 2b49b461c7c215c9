#include "policy/srs.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
// Upper and lower case must mean the same: hosts on the way fold local parts.
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr size_t kHashLetters = 6;  // 30 bits: one guess in a thousand million
constexpr size_t kLocalOctetsMax = 64;
constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kDaysRound = 1024;  // two letters of base 32

std::string hash_of(const std::string& secret, std::string_view content) {
  const std::string folded = to_lower(content);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(folded.data()), folded.size(), digest.data(), &size);
  std::string out;
  for (size_t bit = 0; out.size() < kHashLetters; bit += 5) {
    const unsigned pair = static_cast<unsigned>(digest[bit / 8]) << 8 | digest[bit / 8 + 1];
    out += kBase32[pair >> (11 - bit % 8) & 31];
  }
  return out;
}

int64_t day_of(Time now) {
  const int64_t ms = now.time_since_epoch().count();
  return (ms / kDayMs % kDaysRound + kDaysRound) % kDaysRound;
}

std::string day_text(int64_t day) {
  return {kBase32[static_cast<size_t>(day / 32)], kBase32[static_cast<size_t>(day % 32)]};
}

std::optional<int64_t> parse_day(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  const std::string folded = to_lower(text);
  const size_t high = kBase32.find(folded[0]);
  const size_t low = kBase32.find(folded[1]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<int64_t>(high * 32 + low);
}

bool has_tag(std::string_view local, std::string_view tag) {
  // The first separator may be '+' or '-' where a host on the way meant '=' by it.
  return local.size() > 5 && iequals(local.substr(0, 4), tag) &&
         std::string_view("=+-").find(local[4]) != std::string_view::npos;
}

/// The text up to the next '=', which goes too.
std::optional<std::string_view> take_part(std::string_view& text) {
  const size_t end = text.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

std::unexpected<Error> malformed() { return fail(Errc::refused, "it is not one of our rewritten senders"); }

Result<mail::Address> address_of(std::string_view local, std::string_view domain) {
  auto parsed = mail::Domain::parse(domain);
  if (!parsed || local.empty()) return malformed();
  return mail::Address{std::string(local), std::move(*parsed)};
}

bool is_plain(const mail::Address& address) {
  return address.to_string().front() != '"' && !address.needs_smtputf8();
}
}  // namespace

std::optional<mail::Address> Srs::rewrite(const mail::Address& sender, Time now) const {
  if (!on() || sender.domain == domain_ || sender.domain.empty() || !is_plain(sender)) return std::nullopt;
  const std::string& secret = secrets_.front();
  std::string local;
  if (has_tag(sender.local, "SRS1")) {
    // Only the first host's address and its own words are kept: the chain does not grow.
    std::string_view rest = std::string_view(sender.local).substr(5);
    if (!take_part(rest)) return std::nullopt;
    local = fmt::format("SRS1={}={}", hash_of(secret, rest), rest);
  } else if (has_tag(sender.local, "SRS0")) {
    const std::string rest = fmt::format("{}={}", sender.domain.text(), sender.local.substr(4));
    local = fmt::format("SRS1={}={}", hash_of(secret, rest), rest);
  } else {
    const std::string rest =
        fmt::format("{}={}={}", day_text(day_of(now)), sender.domain.text(), sender.local);
    local = fmt::format("SRS0={}={}", hash_of(secret, rest), rest);
  }
  if (local.size() > kLocalOctetsMax) return std::nullopt;
  return mail::Address{std::move(local), domain_};
}

bool Srs::is_ours(const mail::Address& address) const {
  return on() && address.domain == domain_ &&
         (has_tag(address.local, "SRS0") || has_tag(address.local, "SRS1"));
}

Status Srs::verify(std::string_view hash, std::string_view content) const {
  const std::string given = to_lower(hash);
  if (given.size() != kHashLetters) return malformed();
  for (const std::string& secret : secrets_) {
    // In the same time for every guess.
    if (CRYPTO_memcmp(given.data(), hash_of(secret, content).data(), kHashLetters) == 0) return {};
  }
  return malformed();
}

Result<mail::Address> Srs::reverse(const mail::Address& address, Time now) const {
  if (!is_ours(address)) return malformed();
  std::string_view rest = std::string_view(address.local).substr(5);
  const auto hash = take_part(rest);
  if (!hash) return malformed();
  if (auto fine = verify(*hash, rest); !fine) return pass(fine.error());
  if (has_tag(address.local, "SRS1")) {
    const auto first = take_part(rest);
    if (!first) return malformed();
    return address_of(fmt::format("SRS0{}", rest), *first);
  }
  const auto day = take_part(rest);
  const auto made = day ? parse_day(*day) : std::nullopt;
  const auto domain = take_part(rest);
  if (!made || !domain) return malformed();
  const int64_t age = (day_of(now) - *made + kDaysRound) % kDaysRound;
  if (age > kDaysValid) return fail(Errc::timeout, "the rewritten sender is older than {} days", kDaysValid);
  return address_of(rest, *domain);
}

}  // namespace waybill::policy
