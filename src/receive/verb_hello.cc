// EHLO, HELO and LHLO (RFC 5321 4.1.1.1, RFC 2033 4.1).
#include "receive/session.h"

namespace waybill::receive {
namespace {
Protocol::Greeting greeting_of(smtp::Verb verb) {
  if (verb == smtp::Verb::lhlo) return Protocol::Greeting::lhlo;
  return verb == smtp::Verb::ehlo ? Protocol::Greeting::ehlo : Protocol::Greeting::helo;
}
}  // namespace

void Session::hello(const smtp::Command& command) {
  // RFC 2033 4.1: LMTP knows LHLO alone, SMTP knows it not.
  if (is_lmtp() != (command.verb == smtp::Verb::lhlo))
    return refuse(500, {5, 5, 1}, "wrong greeting for this protocol");
  if (refuse_early_talk()) return;
  const auto helo = smtp::parse_helo(command.argument);
  if (!helo) return refuse(helo.error());  // RFC 5321 4.1.4: the state stays as it was
  reset_transaction();                     // RFC 5321 4.1.4: as if RSET
  client_.helo = std::string(*helo);
  greeting_ = greeting_of(command.verb);
  if (*greeting_ == Protocol::Greeting::helo) return say(250, {}, settings_->hostname);
  say(250, {}, offers());
}

std::string Session::offers() const {
  std::string text =
      fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nSMTPUTF8\nCHUNKING\nENHANCEDSTATUSCODES\nDSN",
                  settings_->hostname, settings_->message_octets_max);
  // RFC 3207 4.2: not offered any more within TLS.
  if (settings_->starttls == StartTls::offered && client_.tls == Secured::no) text += "\nSTARTTLS";
  if (offers_etrn()) text += "\nETRN";  // RFC 1985
  return text;
}

}  // namespace waybill::receive
