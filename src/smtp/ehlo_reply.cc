#include "smtp/ehlo_reply.h"

#include <charconv>
#include <vector>

#include "base/bytes.h"

namespace waybill::smtp {
namespace {
template <class Number>
bool read_number(std::string_view text, Number& out) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

// RFC 9422 4: NAME=NUMBER, one to six digits, not zero.
void take_limit(std::string_view parameter, PeerOffers& offers) {
  const size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return;
  uint32_t value = 0;
  if (!read_number(parameter.substr(equals + 1), value) || value == 0 || value > 999'999) return;
  const std::string_view name = parameter.substr(0, equals);
  if (iequals(name, "MAILMAX")) offers.mail_max = value;
  if (iequals(name, "RCPTMAX")) offers.rcpt_max = value;
}

void take_keyword(std::string_view line, PeerOffers& offers) {
  const std::string_view keyword = line.substr(0, line.find(' '));
  const std::string_view rest =
      keyword.size() < line.size() ? trim(line.substr(keyword.size())) : std::string_view();
  struct Flag {
    std::string_view keyword;
    bool PeerOffers::* flag;
  };
  static constexpr Flag kFlags[] = {
      {"PIPELINING", &PeerOffers::pipelining},
      {"CHUNKING", &PeerOffers::chunking},
      {"BINARYMIME", &PeerOffers::binarymime},
      {"8BITMIME", &PeerOffers::eight_bit_mime},
      {"SMTPUTF8", &PeerOffers::smtputf8},
      {"STARTTLS", &PeerOffers::starttls},
      {"DSN", &PeerOffers::dsn},
      {"ENHANCEDSTATUSCODES", &PeerOffers::enhanced_status},
      {"REQUIRETLS", &PeerOffers::requiretls},
      {"SIZE", &PeerOffers::size},
  };
  for (const Flag& flag : kFlags) {
    if (iequals(keyword, flag.keyword)) offers.*flag.flag = true;
  }
  if (iequals(keyword, "SIZE")) read_number(rest, offers.size_octets_max);
  if (iequals(keyword, "AUTH")) {
    for (const std::string_view mechanism : split(rest, ' ')) {
      offers.auth_plain = offers.auth_plain || iequals(mechanism, "PLAIN");
      offers.auth_login = offers.auth_login || iequals(mechanism, "LOGIN");
    }
  }
  if (iequals(keyword, "LIMITS")) {
    for (const std::string_view parameter : split(rest, ' ')) take_limit(parameter, offers);
  }
}
}  // namespace

PeerOffers parse_offers(const mail::Reply& reply) {
  PeerOffers offers;
  bool first = true;
  for (const std::string_view line : split(reply.text, '\n')) {
    if (first) {
      offers.name = std::string(line.substr(0, std::min<size_t>(line.find(' '), 255)));
      first = false;
    } else {
      take_keyword(trim(line), offers);
    }
  }
  // RFC 3030 3: BINARYMIME is of no use without BDAT.
  offers.binarymime = offers.binarymime && offers.chunking;
  return offers;
}

}  // namespace waybill::smtp
