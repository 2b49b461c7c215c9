// The session: greeting, EHLO, STARTTLS, goodbye, and every way to lose a connection. AUTH is in
// dialogue_auth.cc. What happens between
// MAIL and the final dot is in dialogue_transaction.cc.
#include "deliver/dialogue.h"

#include <algorithm>

namespace waybill::deliver {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::banner:
      return "the greeting";
    case Stage::hello:
      return "the reply to EHLO";
    case Stage::starttls:
      return "the reply to STARTTLS";
    case Stage::auth:
      return "the reply to AUTH";
    case Stage::mail:
      return "the reply to MAIL";
    case Stage::rcpt:
      return "the reply to RCPT";
    case Stage::data:
      return "the reply to DATA";
    case Stage::dot:
      return "the reply to the message";
    case Stage::rset:
      return "the reply to RSET";
    case Stage::quit:
      return "the reply to QUIT";
  }
  return "a reply";
}

Dialogue::Dialogue(DialogueSettings settings)
    : settings_(std::move(settings)), rcpt_max_(std::max<uint32_t>(1, settings_.recipients_max)) {
  tls_pending_ = settings_.tls == UseTls::from_start;
  if (tls_pending_) {
    phase_ = Phase::starting_tls;
  } else {
    expect(Stage::banner);
  }
}

Dialogue::Step Dialogue::next() {
  if (send_pending_) {
    send_pending_ = false;
    sending_ = true;
    return {.what = What::send, .text = out_, .body = out_body_};
  }
  if (tls_pending_) return {.what = What::start_tls};
  if (message_done_) {
    message_done_ = false;
    return {.what = What::message_done};
  }
  if (phase_ == Phase::over) return {.what = What::close};
  if (expected_at_ < expected_.size()) return {.what = What::read, .stage = expected_[expected_at_].stage};
  return {.what = What::ready};
}

void Dialogue::sent() {
  sending_ = false;
  out_.clear();
  out_body_ = BodyForm::none;
  if (transaction_.body_offered) transaction_.body_sent = true;
}

void Dialogue::received(std::string_view octets) {
  while (!octets.empty() && phase_ != Phase::over) {
    const auto fed = parser_.feed(octets);
    octets.remove_prefix(fed.consumed);
    if (fed.state == smtp::ReplyParser::State::more) return;
    if (fed.state == smtp::ReplyParser::State::broken) return lose(End::garbage, parser_.error());
    ++replies_;
    on_reply(parser_.reply());
    // RFC 3207 4 and conformance 83: octets that came in the clear must not count as said under TLS. The same
    // octets a moment later would have spoilt the handshake, so this is a failed one.
    if (tls_pending_ && !octets.empty()) return tls_failed("octets in the clear after the reply to STARTTLS");
  }
}

void Dialogue::on_reply(const mail::Reply& reply) {
  if (expected_at_ == expected_.size() || send_pending_) {
    // Nothing that we sent is open: either the server closes down, or its replies can't be matched any more.
    if (reply.code == 421) return finish(End::shutdown, reply, true);
    return lose(End::garbage, "a reply that nothing asked for");
  }
  const Expected expected = expected_[expected_at_++];
  if (expected_at_ == expected_.size()) {
    expected_.clear();
    expected_at_ = 0;
  }
  if (expected.stage == Stage::quit) return finish(End::quit, reply, true);
  // RFC 5321 3.8: 421 to any command means that the connection ends here (conformance 52). An LMTP reply to
  // the message concerns one recipient, whatever its code.
  const bool for_one = expected.stage == Stage::dot && settings_.protocol == Protocol::lmtp;
  if (reply.code == 421 && !for_one) {
    ++transaction_.replies;
    return finish(End::shutdown, reply, true);
  }
  switch (expected.stage) {
    case Stage::banner:
      return on_banner(reply);
    case Stage::hello:
      return on_hello(reply);
    case Stage::starttls:
      return on_starttls(reply);
    case Stage::auth:
      return on_auth(reply);
    default:
      return on_transaction_reply(expected, reply);
  }
}

// RFC 5321 3.1: after a 554 (and 7504: 521) greeting there is nothing to say but QUIT (conformance 53).
void Dialogue::on_banner(const mail::Reply& reply) {
  if (reply.code < 300) return send_hello();
  if (reply.code < 400) return lose(End::garbage, "the greeting has an intermediate code");
  end_ = End::refused;
  end_reply_ = reply;
  end_is_remote_ = true;
  say_goodbye();
}

void Dialogue::send_hello() {
  out_ = settings_.protocol == Protocol::lmtp ? "LHLO " : helo_ ? "HELO " : "EHLO ";
  out_ += settings_.hostname;
  out_ += "\r\n";
  expect(Stage::hello);
  send_now();
}

void Dialogue::on_hello(const mail::Reply& reply) {
  if (reply.code < 300) {
    offers_ = helo_ ? smtp::PeerOffers{} : smtp::parse_offers(reply);
    const bool wants_tls = (settings_.tls != UseTls::never || needs_tls()) && !tls_;
    if (wants_tls && !offers_.starttls && needs_tls())
      return give_up({451, {4, 7, 0}, "the host offers no STARTTLS, and the route wants TLS"}, false);
    if (!wants_tls || !offers_.starttls) {
      return settings_.credentials != nullptr && auth_ != Auth::done ? authenticate() : on_ready();
    }
    out_ = "STARTTLS\r\n";
    expect(Stage::starttls);
    return send_now();
  }
  if (reply.code < 400) return lose(End::garbage, "EHLO was answered with an intermediate code");
  // RFC 5321 3.2: a server that does not know EHLO gets HELO; one that is only busy does not (conformance
  // 54).
  if (reply.permanent() && !helo_ && settings_.protocol == Protocol::smtp) {
    helo_ = true;
    return send_hello();
  }
  end_ = End::refused;
  end_reply_ = reply;
  end_is_remote_ = true;
  say_goodbye();
}

// RFC 7435: opportunistic. A server that offers STARTTLS and then declines gets the mail as one that never
// offered it; messages that demand TLS are kept back by refusal().
void Dialogue::on_starttls(const mail::Reply& reply) {
  if (reply.code >= 300 && reply.code < 400)
    return lose(End::garbage, "STARTTLS was answered with an intermediate code");
  if (reply.code >= 400) return needs_tls() ? give_up(reply, true) : on_ready();
  phase_ = Phase::starting_tls;
  tls_pending_ = true;
}

void Dialogue::tls_started() {
  tls_pending_ = false;
  phase_ = Phase::opening;
  tls_ = true;
  if (settings_.tls == UseTls::from_start) return expect(Stage::banner);
  offers_ = {};  // RFC 3207 4.2: what was said in the clear is forgotten (conformance 82)
  send_hello();
}

void Dialogue::tls_failed(const std::string& why) {
  lose(End::tls_failed, "the TLS handshake failed: " + why);
}

void Dialogue::on_ready() {
  phase_ = Phase::ready;
  established_ = true;
  if (offers_.rcpt_max != 0) rcpt_max_ = std::min(rcpt_max_, offers_.rcpt_max);  // RFC 9422, conformance 143
}

void Dialogue::quit() {
  end_ = End::quit;
  say_goodbye();
}

void Dialogue::say_goodbye() {
  phase_ = Phase::quitting;
  out_ = "QUIT\r\n";
  expect(Stage::quit);
  send_now();
}

void Dialogue::timed_out() {
  const std::string_view waiting_for =
      expected_at_ < expected_.size() ? to_string(expected_[expected_at_].stage) : "nothing";
  lose(End::lost, fmt::format("timed out waiting for {}", waiting_for));
}

void Dialogue::closed(const std::string& why) {
  if (phase_ == Phase::message && kept() && transaction_.replies == 0 && !sending_) {
    message_end_ = MessageEnd::stale;
  }
  const std::string_view waiting_for =
      expected_at_ < expected_.size() ? to_string(expected_[expected_at_].stage) : "";
  lose(End::lost, waiting_for.empty()
                      ? fmt::format("connection lost: {}", why)
                      : fmt::format("connection lost while waiting for {}: {}", waiting_for, why));
}

void Dialogue::send_failed(const std::string& why) {
  if (phase_ == Phase::message && kept() && transaction_.replies == 0) message_end_ = MessageEnd::stale;
  lose(End::lost, fmt::format("connection lost while sending: {}", why));
}

// RFC 3463 X.4.1: no answer from host.
void Dialogue::not_connected(const std::string& why) { finish(End::lost, {421, {4, 4, 1}, why}, false); }

void Dialogue::lose(End end, const std::string& why) {
  finish(end, mail::Reply{421, {4, 4, static_cast<uint16_t>(end == End::garbage ? 0 : 2)}, why}, false);
}

void Dialogue::finish(End end, mail::Reply reply, bool remote) {
  if (phase_ == Phase::over) return;
  // After our own decision to leave, how the goodbye went changes nothing (conformance 56).
  const bool leaving = phase_ == Phase::quitting;
  phase_ = Phase::over;
  send_pending_ = false;
  tls_pending_ = false;
  expected_.clear();
  expected_at_ = 0;
  if (leaving) return;
  end_ = end;
  end_reply_ = std::move(reply);
  end_is_remote_ = remote;
  if (!delivery_) return;
  // A 421 in answer to the first command on a kept connection is an idle connection's end, not a refusal.
  const bool idle_end = end == End::shutdown && kept() && transaction_.replies == 1;
  if (idle_end && !transaction_.body_sent) message_end_ = MessageEnd::stale;
  const bool stale = message_end_ == MessageEnd::stale;
  // 421 says that the message was not taken; silence says nothing.
  const bool in_doubt = end != End::shutdown || settings_.protocol == Protocol::lmtp;
  if (in_doubt && !stale) leave_in_doubt(end_reply_.text);
  end_message(stale ? MessageEnd::stale : MessageEnd::interrupted);
}

mail::Outcome Dialogue::end_outcome() const {
  mail::Outcome out;
  out.fate = mail::Fate::deferred;
  out.reply = end_reply_;
  out.host = settings_.host;
  out.address = settings_.address;
  out.remote = end_is_remote_;
  out.tls = tls_;
  return out;
}

}  // namespace waybill::deliver
