#include "rehearse/virtual_session.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "rehearse/virtual_host.h"
#include "smtp/parameters.h"

namespace waybill::rehearse {
namespace {
constexpr size_t kBodyStep = 64 * 1024;

std::string reply_text(const mail::Reply& reply) {
  std::string out = fmt::format("{}", reply.code);
  if (reply.enhanced.present()) out += " " + reply.enhanced.to_string();
  return out + " " + reply.text + "\r\n";
}
}  // namespace

VirtualSession::VirtualSession(VirtualHost& host, std::shared_ptr<net::VirtualPipe> pipe)
    : host_(host), pipe_(std::move(pipe)) {}

VirtualSession::~VirtualSession() { leave_host(); }

void VirtualSession::leave_host() {
  if (std::exchange(counted_, false)) host_.closed();
}

void VirtualSession::greet() {
  host_.opened();
  counted_ = true;
  const Behaviour* limit = host_.active(Behaviour::What::connections_max);
  if (limit != nullptr && host_.open() > limit->count) {
    return say({421, {4, 7, 0}, "too many connections"});
  }
  if (!staged(Moment::banner)) say(220, host_.host().name.to_string() + " ESMTP");
}

void VirtualSession::left() {
  state_ = State::over;
  leave_host();
  pipe_.reset();
}

Status VirtualSession::start_tls() {
  if (host_.active(Behaviour::What::tls_fails) != nullptr) {
    hang_up();
    return fail(Errc::io, "the peer's handshake is broken");
  }
  tls_ = true;
  reset();
  return {};
}

void VirtualSession::reset() {
  has_sender_ = false;
  rcpts_ = 0;
  recipients_.clear();
}

void VirtualSession::put(std::string octets) {
  host_.world().at(host_.world().now() + host_.latency(), [self = shared_from_this(), octets] {
    if (self->pipe_) self->pipe_->say(octets);
  });
}

void VirtualSession::hang_up() {
  state_ = State::over;
  leave_host();
  host_.world().at(host_.world().now() + host_.latency(), [self = shared_from_this()] {
    if (self->pipe_) self->pipe_->hang_up();
  });
}

void VirtualSession::say(uint16_t code, std::string_view text) { put(fmt::format("{} {}\r\n", code, text)); }

// RFC 5321 3.8: who says 421 closes.
void VirtualSession::say(const mail::Reply& reply) {
  put(reply_text(reply));
  if (reply.code == 421) hang_up();
}

bool VirtualSession::staged(Moment moment, std::string_view whom) {
  if (host_.active(Behaviour::What::drop, moment, whom) != nullptr) {
    hang_up();
    return true;
  }
  if (host_.active(Behaviour::What::hang, moment, whom) != nullptr) {
    state_ = State::over;  // the connection stays open, and nobody reads
    return true;
  }
  const Behaviour* said = host_.active(Behaviour::What::reply, moment, whom);
  if (said == nullptr) return false;
  say(said->reply);
  return true;
}

void VirtualSession::received(std::string_view octets) {
  while (!octets.empty() && state_ != State::over) {
    if (state_ != State::commands) {
      octets.remove_prefix(take_body(octets));
      continue;
    }
    const size_t end = octets.find('\n');
    if (end == std::string_view::npos) {
      buffer_ += octets;
      return;
    }
    buffer_ += octets.substr(0, end + 1);
    octets.remove_prefix(end + 1);
    const std::string line = std::exchange(buffer_, {});
    on_line(std::string_view(line).substr(0, line.find_last_not_of("\r\n") + 1));
  }
}

size_t VirtualSession::take_body(std::string_view octets) {
  if (state_ == State::counted) {
    const size_t taken = static_cast<size_t>(std::min<uint64_t>(chunk_left_, octets.size()));
    chunk_left_ -= taken;
    if (chunk_left_ == 0) {
      state_ = State::commands;
      if (chunk_last_) {
        on_message();
      } else {
        say(250, "2.0.0 chunk taken");
      }
    }
    return taken;
  }
  std::string body;  // nobody reads it: only its end matters
  const auto progress = decoder_.decode(octets, body, kBodyStep);
  if (progress.ended) {
    state_ = State::commands;
    on_message();
  }
  return progress.consumed;
}

void VirtualSession::on_line(std::string_view line) {
  const smtp::Command command = smtp::parse_command(line);
  switch (command.verb) {
    case smtp::Verb::ehlo:
    case smtp::Verb::helo:
      return on_ehlo(command);
    case smtp::Verb::mail:
      return on_mail(command.argument);
    case smtp::Verb::rcpt:
      return on_rcpt(command.argument);
    case smtp::Verb::data:
      return on_data();
    case smtp::Verb::bdat:
      return on_bdat(command.argument);
    case smtp::Verb::starttls:
      if (!staged(Moment::starttls)) say(220, "2.0.0 go ahead");
      return;
    case smtp::Verb::rset:
      reset();
      return say(250, "2.0.0 forgotten");
    case smtp::Verb::noop:
      return say(250, "2.0.0 still here");
    case smtp::Verb::quit:
      say(221, "2.0.0 bye");
      return hang_up();
    default:
      return say(500, "5.5.1 unknown command");
  }
}

void VirtualSession::on_ehlo(const smtp::Command& command) {
  reset();
  if (staged(Moment::ehlo)) return;
  std::vector<std::string> lines{host_.host().name.to_string()};
  if (command.verb == smtp::Verb::ehlo) {
    for (const std::string& offer : host_.host().offers) {
      if (!(tls_ && iequals(offer, "STARTTLS"))) lines.push_back(offer);
    }
  }
  std::string out;
  for (size_t n = 0; n < lines.size(); ++n)
    out += fmt::format("250{}{}\r\n", n + 1 == lines.size() ? ' ' : '-', lines[n]);
  put(std::move(out));
}

void VirtualSession::on_mail(std::string_view argument) {
  const Behaviour* limit = host_.active(Behaviour::What::messages_max);
  if (limit != nullptr && messages_ >= limit->count)
    return say({421, {4, 7, 0}, "enough for one connection"});
  if (host_.too_fast()) return say({452, {4, 3, 1}, "not so fast"});
  const auto mail = smtp::parse_mail(argument, smtp::Extensions::offered);
  if (!mail) return say(mail.error());
  if (staged(Moment::mail)) return;
  reset();
  has_sender_ = true;
  from_ = mail::to_string(mail->from);
  say(250, "2.1.0 sender fine");
}

void VirtualSession::on_rcpt(std::string_view argument) {
  if (!has_sender_) return say(503, "5.5.1 MAIL first");
  const auto rcpt = smtp::parse_rcpt(argument, smtp::Extensions::offered);
  if (!rcpt) return say(rcpt.error());
  const std::string to = rcpt->recipient.address.to_string();
  if (staged(Moment::rcpt, to)) return;
  const Behaviour* known = host_.active(Behaviour::What::recipients);
  if (known != nullptr &&
      std::ranges::none_of(known->addresses, [&](const auto& one) { return like(to, one); }))
    return say(550, "5.1.1 no such user");
  const Behaviour* limit = host_.active(Behaviour::What::rcpt_max);
  if (limit != nullptr && rcpts_ >= limit->count) return say(452, "4.5.3 too many recipients");
  ++rcpts_;
  if (host_.greylisted(from_, to)) return say(451, "4.7.1 greylisted, come back later");
  recipients_.push_back(to);
  say(250, "2.1.5 recipient fine");
}

void VirtualSession::on_data() {
  if (recipients_.empty()) return say(554, "5.5.1 no valid recipients");
  if (staged(Moment::data)) return;
  decoder_ = smtp::BodyDecoder(smtp::Framing::dot);
  state_ = State::dot;
  say(354, "go on");
}

void VirtualSession::on_bdat(std::string_view argument) {
  const auto chunk = smtp::parse_bdat(argument);
  if (!chunk) return say(chunk.error());
  chunk_left_ = chunk->size_octets;
  chunk_last_ = chunk->last == smtp::Last::yes;
  state_ = State::counted;
  if (chunk_left_ == 0) (void)take_body({});
}

void VirtualSession::on_message() {
  if (recipients_.empty()) return say(554, "5.5.1 no valid recipients");
  ++messages_;
  if (staged(Moment::dot)) return reset();
  host_.took(std::exchange(recipients_, {}));
  reset();
  say(250, "2.0.0 taken");
}

}  // namespace waybill::rehearse
