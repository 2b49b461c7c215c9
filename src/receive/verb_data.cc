// DATA, and the end of a message however it came (RFC 5321 4.1.1.4, RFC 2033 4.2).
#include "receive/session.h"

namespace waybill::receive {
namespace {
mail::Reply store_failure(const Error& error) {
  // RFC 5321 4.2.3: out of room is 452; every other trouble of ours is 451. Never 250, never 5yz.
  if (error.code == Errc::no_space) return {452, {4, 3, 1}, "no room to keep the message: try again later"};
  return {451, {4, 3, 0}, "the message could not be kept: try again later"};
}
}  // namespace

std::optional<mail::Reply> Session::data_refusal() const {
  if (transaction_ == Transaction::none) return mail::Reply{503, {5, 5, 1}, "MAIL first"};
  if (transaction_ == Transaction::bdat)
    return mail::Reply{503, {5, 5, 1}, "BDAT and DATA don't mix"};  // RFC 3030 2
  if (envelope_.recipients.empty()) return mail::Reply{554, {5, 5, 1}, "no valid recipients"};
  return std::nullopt;
}

void Session::data(const smtp::Command& command) {
  if (refuse_argument(command)) return;
  if (const auto refusal = data_refusal()) {
    // RFC 2920 3.1 lets a client pipeline DATA behind its RCPTs, but never the text behind DATA: what is
    // here already is text of a message, and would be run as commands.
    if (more_buffered_)
      return close_with(refusal->code, refusal->enhanced, refusal->text + "; no text, please");
    after_refused_data_ = true;
    return refuse(*refusal);
  }
  phase_ = Phase::begin;
  actions_.emplace_back(Begin{});
}

void Session::on_begun(MessageId id, Time now) {
  if (phase_ != Phase::begin) return;
  Protocol protocol{*greeting_, envelope_.smtputf8, client_.tls == Secured::yes, !client_.user.empty()};
  mail::Origin origin{mail::Origin::Via::smtp, client_.remote.ip, client_.remote.port, client_.helo,
                      client_.listener,        protocol.name(),   client_.user};
  const bool counted = transaction_ == Transaction::bdat;
  std::string head;
  for (const std::string& tag : tags_) head += tag;
  head += received_field(origin, envelope_, settings_->hostname, tls_comment_, id, now);
  const auto forged = !settings_->authserv_id.empty() && settings_->role == Role::mx &&
                              client_.user.empty() && !settings_->trusts(client_.remote.ip)
                          ? ForgedFields::taken_out
                          : ForgedFields::kept;
  message_.emplace(Message{id,
                           MessageBuilder(*settings_, counted ? smtp::Framing::counted : smtp::Framing::dot,
                                          std::move(head), client_.declared_octets, forged),
                           0, std::nullopt});
  if (!counted) {
    phase_ = Phase::data;
    return say(354, {}, "end the message with <CRLF>.<CRLF>");
  }
  phase_ = Phase::bdat;
  if (bdat_octets_left_ == 0) bdat_chunk_ended();
}

size_t Session::feed_data(std::string_view octets) {
  const auto progress = message_->builder.take(octets);
  spill_full_chunks();
  if (progress.ended) content_ended();
  return progress.consumed;
}

void Session::spill_full_chunks() {
  for (Chunk& chunk : message_->builder.take_full_chunks()) {
    actions_.emplace_back(Spill{message_->id, message_->chunks_spilled++, std::move(chunk)});
  }
}

void Session::on_spill_failed(const Error& error) {
  if (!message_ || message_->failure) return;
  message_->failure = store_failure(error);
  message_->builder.discard();
  // What was to follow the lost chunk must not: further chunks, and above all the commit.
  const bool was_complete = phase_ == Phase::commit;
  std::erase_if(actions_, [](const Action& action) {
    return std::holds_alternative<Spill>(action) || std::holds_alternative<Commit>(action);
  });
  if (!was_complete) return;
  say_final(*message_->failure, false);
  phase_ = Phase::command;
  reset_transaction();
  if (stopping_) on_shutdown();
}

std::optional<mail::Reply> Session::content_refusal() const {
  if (auto refusal = refusal_of(message_->builder.fault(), *settings_)) return refusal;
  return message_->failure;
}

void Session::content_ended() {
  const Chunk rest = message_->builder.finish();
  spill_full_chunks();
  if (const auto refusal = content_refusal()) {
    say_final(*refusal, /*counts_as_error=*/refusal->permanent());
    if (phase_ != Phase::closed) phase_ = Phase::command;
    reset_transaction();
    if (stopping_) on_shutdown();
    return;
  }
  Accepted accepted;
  accepted.id = message_->id;
  accepted.first_chunk = message_->chunks_spilled;
  accepted.size_octets = message_->builder.size_octets();
  if (!rest.empty()) accepted.chunks.push_back(rest);
  accepted.chunk_count = accepted.first_chunk + static_cast<uint32_t>(accepted.chunks.size());
  const Protocol protocol{*greeting_, envelope_.smtputf8, client_.tls == Secured::yes, !client_.user.empty()};
  accepted.origin = {mail::Origin::Via::smtp, client_.remote.ip, client_.remote.port, client_.helo,
                     client_.listener,        protocol.name(),   client_.user};
  accepted.envelope = envelope_;
  accepted.expanded = expanded_;
  // RFC 6152: what it is, not what it was said to be: the next hop must know.
  if (message_->builder.has_eight_bit() && accepted.envelope.body == mail::BodyType::seven_bit) {
    accepted.envelope.body = mail::BodyType::eight_bit;
  }
  phase_ = Phase::commit;
  actions_.emplace_back(Commit{std::move(accepted)});
}

void Session::on_committed(const Status& status) {
  if (phase_ != Phase::commit) return;
  const MessageId id = message_->id;
  if (status) {
    content_octets_done_ += message_->builder.content_octets();
    ++messages_;
    commands_ = 0;
    rejected_recipients_ = 0;
    // RFC 5321 6.1: from here on the message is ours to answer for.
    say_final({250, {2, 0, 0}, fmt::format("{} queued", id.to_string())}, false);
  } else {
    say_final(store_failure(status.error()), false);
  }
  reset_transaction();  // while the phase is commit: the store has the message, or has dropped it
  if (phase_ == Phase::commit) phase_ = Phase::command;
  if (stopping_) on_shutdown();
}

void Session::say_final(const mail::Reply& reply, bool counts_as_error) {
  const size_t replies = is_lmtp() ? rcpts_accepted_ : 1;
  for (size_t i = 0; i < replies; ++i) say(reply);
  if (counts_as_error && ++errors_ > settings_->errors_max) close_with(421, {4, 7, 0}, "too many errors");
}

}  // namespace waybill::receive
