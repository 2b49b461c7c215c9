// MAIL (RFC 5321 4.1.1.2; parameters of RFC 1870, 3461, 6152, 6531).
#include "receive/session.h"

namespace waybill::receive {

void Session::mail(const smtp::Command& command) {
  if (!greeting_) return refuse(503, {5, 5, 1}, fmt::format("say {} first", is_lmtp() ? "LHLO" : "EHLO"));
  if (transaction_ != Transaction::none) return refuse(503, {5, 5, 1}, "a transaction is open already");
  if (messages_ >= settings_->messages_max)
    return close_with(421, {4, 7, 0}, "too many messages in one session");
  const auto extensions =
      *greeting_ == Protocol::Greeting::helo ? smtp::Extensions::none : smtp::Extensions::offered;
  auto parsed = smtp::parse_mail(command.argument, extensions);
  if (!parsed) return refuse(parsed.error());
  if (parsed->size_octets.value_or(0) > settings_->message_octets_max) {
    // RFC 1870 6.1: refused before a single octet of it is sent.
    return refuse(552, {5, 3, 4},
                  fmt::format("messages are limited to {} octets", settings_->message_octets_max));
  }
  envelope_.from = std::move(parsed->from);
  envelope_.body = parsed->body;
  envelope_.smtputf8 = parsed->smtputf8;
  envelope_.ret = parsed->ret;
  envelope_.envid = std::move(parsed->envid);
  client_.declared_octets = parsed->size_octets.value_or(0);
  phase_ = Phase::mail;
  actions_.emplace_back(AskMail{});
}

void Session::mail_decided(const Verdict& verdict) {
  phase_ = Phase::command;
  if (verdict.refusal) {
    reset_transaction();
    refuse(*verdict.refusal);
  } else {
    transaction_ = Transaction::open;
    say(250, {2, 1, 0}, "sender ok");
  }
  if (stopping_) on_shutdown();
}

}  // namespace waybill::receive
