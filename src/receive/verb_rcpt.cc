// RCPT (RFC 5321 4.1.1.3, RFC 3461 4.1 and 4.2).
#include <algorithm>

#include "receive/session.h"

namespace waybill::receive {

void Session::rcpt(const smtp::Command& command) {
  if (transaction_ == Transaction::none) return refuse(503, {5, 5, 1}, "MAIL first");
  if (transaction_ == Transaction::bdat) return refuse(503, {5, 5, 1}, "the message has begun already");
  const auto extensions =
      *greeting_ == Protocol::Greeting::helo ? smtp::Extensions::none : smtp::Extensions::offered;
  auto parsed = smtp::parse_rcpt(command.argument, extensions);
  if (!parsed) return refuse(parsed.error());
  if (parsed->needs_smtputf8 && !envelope_.smtputf8) {
    // RFC 6531 3.1 item 8 and 3.5.
    return refuse(553, {5, 6, 7}, "a non-ASCII address needs the SMTPUTF8 parameter of MAIL");
  }
  if (envelope_.recipients.size() >= settings_->recipients_max) {
    // RFC 5321 4.5.3.1.10: 452, and the client sends the rest another time. Not an error of the client's.
    return say(452, {4, 5, 3}, "too many recipients");
  }
  candidate_ = std::move(parsed->recipient);
  phase_ = Phase::rcpt;
  actions_.emplace_back(AskRcpt{});
}

void Session::rcpt_decided(const Verdict& verdict) {
  phase_ = Phase::command;
  if (verdict.refusal) {
    say(*verdict.refusal);
    if (verdict.refusal->code == 421) return close();
    // Counted apart from errors: a big mailing list has bad addresses, but nobody has only those.
    if (++rejected_recipients_ > settings_->rejected_recipients_max) {
      return close_with(421, {4, 7, 0}, "too many rejected recipients");
    }
  } else {
    take_recipients(verdict);
  }
  candidate_ = {};
  if (stopping_) on_shutdown();
}

void Session::take_recipients(const Verdict& verdict) {
  const std::vector<mail::Address>& instead = verdict.rewritten;
  if (!envelope_.recipients.empty() &&
      envelope_.recipients.size() + instead.size() > settings_->recipients_max) {
    // An alias of many: whoever comes first gets it, the client sends the rest another time.
    return say(452, {4, 5, 3}, "too many recipients");
  }
  mail::Expanded expanded{std::move(candidate_), instead, verdict.rewrite_sender};
  if (instead.empty()) expanded.to.push_back(expanded.given.address);
  for (mail::Recipient& recipient : mail::recipients_of(expanded)) {
    // The same recipient twice gets one copy, though LMTP owes a reply for each (RFC 2033 4.2).
    const bool known = std::ranges::any_of(envelope_.recipients, [&recipient](const mail::Recipient& r) {
      return r.address == recipient.address;
    });
    if (!known) envelope_.recipients.push_back(std::move(recipient));
  }
  if (!instead.empty()) expanded_.push_back(std::move(expanded));
  ++rcpts_accepted_;
  say(250, {2, 1, 5}, "recipient ok");
}

}  // namespace waybill::receive
