#include "deliver/callout_dialogue.h"

#include "deliver/commands.h"

namespace waybill::deliver {
namespace {
// RFC 3463 3.2 and 3.3: what lies in the recipient's address. X.1.7 and X.1.8 are the sender's; X.2.2 is a
// full mailbox, X.2.3 a message too long, X.2.4 a list's trouble: the recipient exists. No status, or X.0.0:
// the code alone decides.
bool concerns_recipient(const mail::EnhancedStatus& status) {
  if (!status.present() || status.subject == 0) return true;
  if (status.subject == 1) return status.detail != 7 && status.detail != 8;
  return status.subject == 2 && status.detail <= 1;
}
}  // namespace

std::string_view to_string(RecipientWord word) {
  switch (word) {
    case RecipientWord::unknown:
      return "unknown";
    case RecipientWord::exists:
      return "exists";
    case RecipientWord::refused:
      return "refused";
  }
  return "unknown";
}

RecipientWord read_rcpt_reply(const mail::Reply& reply) {
  if (reply.code == 250 || reply.code == 251) return RecipientWord::exists;
  const bool names_the_address = reply.code == 550 || reply.code == 551 || reply.code == 553;
  return names_the_address && concerns_recipient(reply.enhanced) ? RecipientWord::refused
                                                                 : RecipientWord::unknown;
}

CalloutDialogue::Step CalloutDialogue::next() const {
  if (state_ == State::answered) return {.what = What::answered};
  if (over_) return {.what = What::over};
  if (send_pending_) return {.what = What::send, .text = out_};
  switch (state_) {
    case State::rset:
      return {.what = What::read, .stage = Stage::rset};
    case State::mail:
      return {.what = What::read, .stage = Stage::mail};
    case State::rcpt:
      return {.what = What::read, .stage = Stage::rcpt};
    case State::idle:
    case State::answered:
      break;
  }
  return {.what = What::idle};
}

void CalloutDialogue::ask(const mail::Address& recipient) {
  recipient_ = recipient;
  if (recipient_.needs_smtputf8() && !offers_.smtputf8) {
    return answer(RecipientWord::unknown,
                  {450, {4, 6, 7}, "the recipient's address needs SMTPUTF8 and the host lacks it"});
  }
  if (!needs_rset_) return send_mail();
  state_ = State::rset;
  out_ = "RSET\r\n";
  send_pending_ = true;
}

// RFC 5321 4.5.5: what must not be answered comes from <>; so this can make no loop, and no host may refuse
// it for its sender. A transaction has one recipient: some hosts take no second one from <>.
void CalloutDialogue::send_mail() {
  state_ = State::mail;
  needs_rset_ = true;
  out_ = recipient_.needs_smtputf8() ? "MAIL FROM:<> SMTPUTF8\r\n" : "MAIL FROM:<>\r\n";
  send_pending_ = true;
}

void CalloutDialogue::sent() {
  send_pending_ = false;
  out_.clear();
}

void CalloutDialogue::received(std::string_view octets) {
  while (!octets.empty() && !gone_) {
    const auto fed = parser_.feed(octets);
    octets.remove_prefix(fed.consumed);
    if (fed.state == smtp::ReplyParser::State::more) return;
    if (fed.state == smtp::ReplyParser::State::broken) return give_up(parser_.error());
    on_reply(parser_.reply());
  }
}

void CalloutDialogue::on_reply(const mail::Reply& reply) {
  const bool asked = state_ != State::idle && state_ != State::answered && !send_pending_;
  // RFC 5321 3.8: the server leaves.
  if (reply.code == 421) {
    over_ = gone_ = true;
    if (asked) answer(RecipientWord::unknown, reply);
    return;
  }
  if (!asked) return give_up("a reply that nothing asked for");
  switch (state_) {
    case State::rset:
      if (!reply.positive()) {
        over_ = true;
        return answer(RecipientWord::unknown, reply);
      }
      return send_mail();
    case State::mail:
      // What is wrong with the null sender, or with us, says nothing of the recipient, and stays so.
      if (!reply.positive()) {
        over_ = true;
        return answer(RecipientWord::unknown, reply);
      }
      state_ = State::rcpt;
      out_.clear();
      append_rcpt(out_, {.address = recipient_, .notify = mail::notify_unset, .orcpt = {}}, offers_);
      send_pending_ = true;
      return;
    default:
      return answer(read_rcpt_reply(reply), reply);
  }
}

void CalloutDialogue::lost(const std::string& why) { give_up(why); }

void CalloutDialogue::give_up(const std::string& why) {
  const bool asked = state_ != State::idle && state_ != State::answered;
  over_ = gone_ = true;
  if (asked) answer(RecipientWord::unknown, {451, {4, 4, 2}, why});
}

void CalloutDialogue::answer(RecipientWord word, mail::Reply reply) {
  state_ = State::answered;
  send_pending_ = false;
  answer_ = {word, std::move(reply)};
}

CalloutAnswer CalloutDialogue::take_answer() {
  state_ = State::idle;
  return std::move(answer_);
}

}  // namespace waybill::deliver
