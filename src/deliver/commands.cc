#include "deliver/commands.h"

#include <iterator>

#include "base/bytes.h"
#include "smtp/xtext.h"

namespace waybill::deliver {
namespace {
// RFC 6531 3.4: the sender's declaration alone binds nobody when all of envelope and header is ASCII. A
// header that was not read is taken at the sender's word.
bool message_needs_smtputf8(const mail::Envelope& envelope, const BodyFacts& facts) {
  if (envelope.from && envelope.from->needs_smtputf8()) return true;
  return envelope.smtputf8 && (facts.eight_bit_header || !facts.scanned);
}

bool is_binary(const mail::Envelope& envelope, const BodyFacts& facts) {
  return envelope.body == mail::BodyType::binary && (facts.binary || !facts.scanned);
}

bool is_eight_bit(const mail::Envelope& envelope, const BodyFacts& facts) {
  return facts.scanned ? facts.eight_bit : envelope.body != mail::BodyType::seven_bit;
}

void append_path(std::string& out, const mail::Address& address) {
  // Built in place where the address needs no quoting: to_string() copies.
  out += '<';
  out += address.to_string();
  out += '>';
}

void append_notify(std::string& out, uint8_t notify) {
  if (notify == mail::notify_unset) return;
  out += " NOTIFY=";
  if ((notify & mail::notify_never) != 0) {
    out += "NEVER";  // RFC 3461 4.1: stands alone
    return;
  }
  std::string_view separator;
  const auto add = [&](mail::Notify bit, std::string_view word) {
    if ((notify & bit) == 0) return;
    out += separator;
    out += word;
    separator = ",";
  };
  add(mail::notify_success, "SUCCESS");
  add(mail::notify_failure, "FAILURE");
  add(mail::notify_delay, "DELAY");
}
}  // namespace

std::optional<mail::Reply> refusal(const mail::Envelope& envelope, const BodyFacts& facts,
                                   const smtp::PeerOffers& offers, Channel channel) {
  // RFC 8689 4.2.1: neither plaintext nor a hop that would not carry the demand on.
  if (envelope.requiretls && (channel != Channel::tls || !offers.requiretls)) {
    return mail::Reply{
        550, {5, 7, 30}, "the message requires TLS all the way and the next host lacks REQUIRETLS"};
  }
  // RFC 1870 5: a message beyond the stated limit is not even offered.
  if (offers.size && offers.size_octets_max != 0 && facts.size_octets > offers.size_octets_max) {
    return mail::Reply{552,
                       {5, 3, 4},
                       fmt::format("the message has {} octets and the next host takes {}", facts.size_octets,
                                   offers.size_octets_max)};
  }
  if (message_needs_smtputf8(envelope, facts) && !offers.smtputf8) {
    return mail::Reply{553, {5, 6, 7}, "the message needs SMTPUTF8 and the next host lacks it"};
  }
  if (is_binary(envelope, facts) && !offers.binarymime) {
    return mail::Reply{554, {5, 6, 3}, "the message is binary and the next host lacks BINARYMIME"};
  }
  if (is_eight_bit(envelope, facts) && !offers.eight_bit_mime) {
    return mail::Reply{554, {5, 6, 3}, "the message has 8-bit octets and the next host lacks 8BITMIME"};
  }
  return std::nullopt;
}

std::optional<mail::Reply> refusal(const mail::Recipient& recipient, const smtp::PeerOffers& offers) {
  if (!recipient.address.needs_smtputf8() || offers.smtputf8) return std::nullopt;
  return mail::Reply{553, {5, 6, 7}, "the recipient's address needs SMTPUTF8 and the next host lacks it"};
}

BodyForm body_form(const mail::Envelope& envelope, const BodyFacts& facts, const smtp::PeerOffers& offers) {
  if (!offers.chunking) return BodyForm::stuffed;
  if (is_binary(envelope, facts)) return BodyForm::raw;  // refusal() made sure of BINARYMIME
  if (!facts.scanned) return BodyForm::stuffed;
  return facts.bare ? BodyForm::literal : BodyForm::raw;
}

void append_mail(std::string& out, const mail::Envelope& envelope, const BodyFacts& facts,
                 const smtp::PeerOffers& offers) {
  out += "MAIL FROM:";
  if (envelope.from) {
    append_path(out, *envelope.from);
  } else {
    out += "<>";
  }
  if (offers.size) fmt::format_to(std::back_inserter(out), " SIZE={}", facts.size_octets);
  if (is_binary(envelope, facts)) {
    out += " BODY=BINARYMIME";
  } else if (is_eight_bit(envelope, facts) && offers.eight_bit_mime) {
    out += " BODY=8BITMIME";
  }
  // RFC 6531 3.4: also when only a recipient needs it, because the parameter belongs to the transaction.
  if (offers.smtputf8 && (envelope.smtputf8 || message_needs_smtputf8(envelope, facts))) out += " SMTPUTF8";
  if (offers.dsn) {
    if (envelope.ret == mail::Ret::full) out += " RET=FULL";
    if (envelope.ret == mail::Ret::headers) out += " RET=HDRS";
    if (!envelope.envid.empty()) out += " ENVID=" + smtp::encode_xtext(envelope.envid);
  }
  if (envelope.requiretls) out += " REQUIRETLS";
  out += "\r\n";
}

void append_rcpt(std::string& out, const mail::Recipient& recipient, const smtp::PeerOffers& offers) {
  out += "RCPT TO:";
  append_path(out, recipient.address);
  if (offers.dsn) {
    append_notify(out, recipient.notify);
    // RFC 3461 4.2: the type stands as it is, the address after it in xtext.
    const size_t semicolon = recipient.orcpt.find(';');
    if (semicolon != std::string::npos) {
      out += " ORCPT=";
      out += smtp::encode_xtext(std::string_view(recipient.orcpt).substr(0, semicolon));
      out += ';';
      out += smtp::encode_xtext(std::string_view(recipient.orcpt).substr(semicolon + 1));
    }
  }
  out += "\r\n";
}

}  // namespace waybill::deliver
