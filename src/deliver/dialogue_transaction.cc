// From MAIL to the final dot: one delivery as one or more transactions, each recipient's fate on its own.
#include <algorithm>

#include "deliver/dialogue.h"

namespace waybill::deliver {
namespace {
// RFC 5321 4.5.3.1.10: 452, or from old servers 552, for too many recipients. An enhanced status that speaks
// of a full mailbox or system (x.2.2, x.3.1) concerns this recipient instead.
bool says_too_many(const mail::Reply& reply) {
  if (reply.code != 452 && reply.code != 552) return false;
  return !reply.enhanced.present() || (reply.enhanced.subject == 5 && reply.enhanced.detail == 3);
}
}  // namespace

void Dialogue::begin(const mail::Delivery& delivery, const BodyFacts& facts, Outcomes& outcomes) {
  delivery_ = &delivery;
  outcomes_ = &outcomes;
  facts_ = facts;
  phase_ = Phase::message;
  message_end_ = MessageEnd::settled;
  // Asked anew for every message: a connection that suited the last one may not suit this one.
  if (const auto no = refusal(*delivery.envelope, facts_, offers_, tls_ ? Channel::tls : Channel::plain)) {
    for (uint32_t n = 0; n < outcomes.size(); ++n) settle(n, mail::Fate::rejected, *no, false);
    return end_message(MessageEnd::settled);
  }
  start_transaction();
}

void Dialogue::start_transaction() {
  Transaction& t = transaction_;
  t.recipients.clear();
  t.answers.clear();
  t.rcpts_sent = 0;
  t.accepted = 0;
  t.replies = 0;
  t.rset_sent = t.mail_sent = t.mail_accepted = t.mail_refused = false;
  t.body_command_sent = t.body_offered = t.body_sent = t.taken = false;
  for (uint32_t n = 0; n < delivery_->recipients.size() && t.recipients.size() < rcpt_max_; ++n) {
    if ((*outcomes_)[n]) continue;
    if (const auto no = refusal(delivery_->recipients[n].recipient, offers_)) {
      settle(n, mail::Fate::rejected, *no, false);
    } else {
      t.recipients.push_back(n);
    }
  }
  if (t.recipients.empty()) return end_message(MessageEnd::settled);
  t.answers.resize(t.recipients.size(), Transaction::Answer::none);
  t.form = body_form(*delivery_->envelope, facts_, offers_);
  pump();
}

// Sends what may go now: everything up to the body with PIPELINING (RFC 2920), else one command.
void Dialogue::pump() {
  Transaction& t = transaction_;
  const auto may_send = [this] { return offers_.pipelining || expected_at_ == expected_.size(); };
  if (needs_rset_ && !t.rset_sent && may_send()) {
    out_ += "RSET\r\n";
    expect(Stage::rset);
    t.rset_sent = true;
    send_now();
  }
  if (!t.mail_sent && may_send()) {
    append_mail(out_, *delivery_->envelope, facts_, offers_);
    expect(Stage::mail);
    t.mail_sent = true;
    ++mails_;
    send_now();
  }
  while (t.mail_sent && !t.mail_refused && t.rcpts_sent < t.recipients.size() && may_send()) {
    append_rcpt(out_, delivery_->recipients[t.recipients[t.rcpts_sent]].recipient, offers_);
    expect(Stage::rcpt, static_cast<uint32_t>(t.rcpts_sent));
    ++t.rcpts_sent;
    send_now();
  }
  pump_body_command();
}

// A server that falls silent with the body on its way may have taken it: the mail waits and comes back to
// that server, lest it arrive twice. The second time the body waits for a yes, so that one which hangs before
// that is passed by.
bool Dialogue::tried_before() const {
  return std::ranges::any_of(delivery_->recipients,
                             [](const mail::DeliveryRecipient& recipient) { return recipient.attempts > 0; });
}

void Dialogue::pump_body_command() {
  Transaction& t = transaction_;
  if (t.body_command_sent || t.mail_refused || t.rcpts_sent < t.recipients.size()) return;
  const bool chunked = t.form != BodyForm::stuffed;
  // A large body waits for the first yes; a small one saves a round trip by going along. LMTP answers once a
  // recipient, so their number must be known first.
  const bool along =
      offers_.pipelining && (!chunked || (settings_.protocol == Protocol::smtp && !tried_before() &&
                                          facts_.size_octets <= settings_.pipelined_body_octets_max));
  const bool answered = expected_at_ == expected_.size();
  if (!along && !(answered && t.accepted > 0)) return;  // all rejected: no DATA (conformance 48)
  t.body_command_sent = true;
  send_now();
  if (!chunked) {
    out_ += "DATA\r\n";
    return expect(Stage::data);
  }
  out_ +=
      fmt::format("BDAT {} LAST\r\n", t.form == BodyForm::raw ? facts_.size_octets : facts_.literal_octets);
  out_body_ = t.form;
  t.body_offered = true;
  if (settings_.protocol == Protocol::smtp) return expect(Stage::dot);
  for (uint32_t slot = 0; slot < t.answers.size(); ++slot) {
    if (t.answers[slot] == Transaction::Answer::accepted) expect(Stage::dot, slot);
  }
}

void Dialogue::on_transaction_reply(Expected expected, const mail::Reply& reply) {
  ++transaction_.replies;
  switch (expected.stage) {
    case Stage::mail:
      on_mail(reply);
      break;
    case Stage::rcpt:
      on_rcpt(expected.recipient, reply);
      break;
    case Stage::data:
      on_data(reply);
      break;
    case Stage::dot:
      on_dot(expected.recipient, reply);
      break;
    case Stage::rset:
      // RFC 5321 4.1.1.5: RSET is answered with 250. A server that can't even do that is of no use.
      if (reply.code >= 300) lose(End::garbage, fmt::format("RSET was answered with {}", reply.code));
      break;
    default:
      break;
  }
  if (phase_ != Phase::message || send_pending_ || expected_at_ < expected_.size()) return;
  pump();
  if (!send_pending_ && expected_at_ == expected_.size()) end_transaction();
}

void Dialogue::on_mail(const mail::Reply& reply) {
  if (reply.code < 300) {
    transaction_.mail_accepted = true;
  } else if (reply.code < 400) {
    lose(End::garbage, "MAIL was answered with an intermediate code");
  } else {
    transaction_.mail_refused = true;
    settle_open(reply);
  }
}

void Dialogue::on_rcpt(uint32_t slot, const mail::Reply& reply) {
  Transaction& t = transaction_;
  if (t.mail_refused) return;
  if (reply.code < 300) {
    t.answers[slot] = Transaction::Answer::accepted;
    ++t.accepted;
  } else if (reply.code < 400) {
    lose(End::garbage, "RCPT was answered with an intermediate code");
  } else if (says_too_many(reply) && t.accepted > 0) {
    t.answers[slot] = Transaction::Answer::postponed;  // conformance 47
    t.postponed = reply;
  } else {
    settle_slot(slot, reply);
  }
}

void Dialogue::on_data(const mail::Reply& reply) {
  Transaction& t = transaction_;
  if (reply.code < 300) return lose(End::garbage, "DATA was answered with a final code");
  if (reply.code >= 400) {
    for (size_t slot = 0; slot < t.answers.size(); ++slot) {
      if (t.answers[slot] == Transaction::Answer::accepted) settle_slot(slot, reply);
    }
    t.accepted = 0;
    return;
  }
  send_now();
  if (t.accepted == 0) {
    // RFC 2920 3.1: the server waits for text that no recipient is to get (conformance 69). LMTP would give
    // no reply at all to it.
    if (settings_.protocol == Protocol::lmtp) return lose(End::garbage, "DATA accepted without a recipient");
    out_ += ".\r\n";
    return expect(Stage::dot);
  }
  out_body_ = BodyForm::stuffed;
  t.body_offered = true;
  if (settings_.protocol == Protocol::smtp) return expect(Stage::dot);
  for (uint32_t slot = 0; slot < t.answers.size(); ++slot) {
    if (t.answers[slot] == Transaction::Answer::accepted) expect(Stage::dot, slot);
  }
}

void Dialogue::on_dot(uint32_t slot, const mail::Reply& reply) {
  Transaction& t = transaction_;
  if (reply.code >= 300 && reply.code < 400) {
    return lose(End::garbage, "the message was answered with an intermediate code");
  }
  if (t.accepted == 0) return;  // a lone dot, or a BDAT that went along with rejected recipients
  // A yes to a body that was not sent whole is a yes to something else.
  if (reply.code < 300 && !t.body_sent) return lose(End::garbage, "the message was accepted before its end");
  if (reply.code < 300) t.taken = true;
  if (settings_.protocol == Protocol::lmtp) return settle_slot(slot, reply);
  for (size_t n = 0; n < t.answers.size(); ++n) {
    if (t.answers[n] == Transaction::Answer::accepted) settle_slot(n, reply);
  }
}

void Dialogue::end_transaction() {
  Transaction& t = transaction_;
  // A transaction that did not end in a yes may have left something behind on the server (RFC 5321 4.1.1.5,
  // RFC 3030 2); the RSET travels with the next MAIL.
  needs_rset_ = !t.taken;
  for (size_t slot = 0; slot < t.answers.size(); ++slot) {
    if (t.answers[slot] != Transaction::Answer::postponed) continue;
    // Where some got through, the rest follow at once in a transaction of the size that the server likes.
    if (t.taken) {
      rcpt_max_ = std::clamp<uint32_t>(t.accepted, 1, rcpt_max_);
      break;
    }
    mail::Reply later = t.postponed;
    later.code = 452;  // RFC 5321 4.5.3.1.10: a client takes 552 here as 452
    if (later.enhanced.present()) later.enhanced.klass = 4;
    settle(t.recipients[slot], mail::Fate::deferred, later, true);
  }
  if (transaction_has_more()) return start_transaction();
  end_message(MessageEnd::settled);
}

bool Dialogue::transaction_has_more() const {
  return std::ranges::any_of(*outcomes_, [](const auto& outcome) { return !outcome; });
}

void Dialogue::end_message(MessageEnd end) {
  const bool all = !transaction_has_more();
  message_end_ = all ? MessageEnd::settled : end;
  message_done_ = true;
  if (all) ++messages_;
  delivery_ = nullptr;
  outcomes_ = nullptr;
  if (phase_ == Phase::message) phase_ = Phase::ready;
}

// RFC 1047: after the body went out and before an answer came, the server may or may not have taken it. It
// is kept and tried again: better twice than never (conformance 45).
void Dialogue::leave_in_doubt(const std::string& why) {
  const Transaction& t = transaction_;
  if (!t.body_sent) return;
  const mail::Reply reply{451, {4, 4, 2}, why + "; the message may have arrived"};
  for (size_t slot = 0; slot < t.answers.size(); ++slot) {
    const bool open =
        t.answers[slot] == Transaction::Answer::accepted || t.answers[slot] == Transaction::Answer::none;
    if (open && !t.mail_refused) settle(t.recipients[slot], mail::Fate::deferred, reply, false);
  }
}

void Dialogue::local_failure(const std::string& why) {
  const mail::Reply reply{451, {4, 3, 0}, why};
  if (delivery_) {
    for (uint32_t n = 0; n < outcomes_->size(); ++n) settle(n, mail::Fate::deferred, reply, false);
  }
  finish(End::local, reply, false);
}

void Dialogue::settle(uint32_t recipient, mail::Fate fate, const mail::Reply& reply, bool remote) {
  auto& place = (*outcomes_)[recipient];
  if (place) return;
  auto& outcome = place.emplace();
  outcome.fate = fate;
  outcome.reply = reply;
  outcome.host = settings_.host;
  outcome.address = settings_.address;
  outcome.remote = remote;
  outcome.tls = tls_;
  if (fate != mail::Fate::delivered) return;
  // RFC 2033 is the last hop: what it accepts is in the mailbox.
  outcome.final_delivery = settings_.protocol == Protocol::lmtp;
  outcome.dsn_passed = offers_.dsn && !outcome.final_delivery;
}

void Dialogue::settle_slot(size_t slot, const mail::Reply& reply) {
  const mail::Fate fate = reply.code < 300   ? mail::Fate::delivered
                          : reply.code < 500 ? mail::Fate::deferred
                                             : mail::Fate::rejected;
  settle(transaction_.recipients[slot], fate, reply, true);
  transaction_.answers[slot] = Transaction::Answer::refused;
}

void Dialogue::settle_open(const mail::Reply& reply) {
  const mail::Fate fate = reply.permanent() ? mail::Fate::rejected : mail::Fate::deferred;
  for (uint32_t n = 0; n < outcomes_->size(); ++n) settle(n, fate, reply, true);
}

}  // namespace waybill::deliver
