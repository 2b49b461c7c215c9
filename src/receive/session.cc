#include "receive/session.h"

#include <algorithm>

namespace waybill::receive {

Session::Session(std::shared_ptr<const Settings> settings, ClientFacts client, std::string tls_comment)
    : settings_(std::move(settings)), client_(std::move(client)), tls_comment_(std::move(tls_comment)) {}

void Session::start() {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::connect;
  actions_.emplace_back(AskConnect{});
}

void Session::on_early_talk() {
  if (phase_ != Phase::idle && phase_ != Phase::connect) return;
  client_.early = true;
  if (settings_->early_talkers == EarlyTalkers::allow) return;
  // RFC 5321 3.1: a client must wait for the greeting; those that don't are rarely mail servers.
  close_with(554, {5, 5, 0}, fmt::format("{} you spoke before the greeting", settings_->hostname));
}

void Session::on_verdict(Verdict verdict) {
  if (verdict.notes) client_.notes = std::move(verdict.notes);
  switch (phase_) {
    case Phase::connect:
      if (verdict.refusal) {
        say(*verdict.refusal);
        close();
        return;
      }
      phase_ = Phase::command;
      say(220, {}, fmt::format("{} {} waybill", settings_->hostname, is_lmtp() ? "LMTP" : "ESMTP"));
      if (stopping_) on_shutdown();
      return;
    case Phase::mail:
      return mail_decided(verdict);
    case Phase::rcpt:
      return rcpt_decided(verdict);
    default:
      return;  // closed meanwhile
  }
}

bool Session::wants_input() const {
  switch (phase_) {
    case Phase::command:
    case Phase::long_line:
    case Phase::data:
    case Phase::bdat:
    case Phase::bdat_skip:
      return true;
    default:
      return false;
  }
}

uint64_t Session::content_octets() const {
  // Content that is thrown away earns its sender nothing.
  const bool counts = message_ && message_->builder.fault() == Fault::none && !message_->failure;
  return content_octets_done_ + (counts ? message_->builder.content_octets() : 0);
}

size_t Session::feed(std::string_view octets) {
  size_t done = 0;
  while (done < octets.size() && wants_input()) {
    const std::string_view rest = octets.substr(done);
    size_t used = 0;
    switch (phase_) {
      case Phase::command:
        used = feed_line(rest);
        break;
      case Phase::long_line:
        used = feed_long_line(rest);
        break;
      case Phase::data:
        used = feed_data(rest);
        break;
      case Phase::bdat:
        used = feed_bdat(rest);
        break;
      case Phase::bdat_skip:
        used = feed_bdat_skip(rest);
        break;
      default:
        break;
    }
    if (used == 0) break;  // an incomplete line
    done += used;
  }
  return done;
}

size_t Session::feed_line(std::string_view octets) {
  const size_t newline = octets.find('\n');
  if (newline == std::string_view::npos) {
    if (octets.size() <= settings_->command_octets_max) return 0;
    phase_ = Phase::long_line;
    long_line_cr_ = octets.back() == '\r';
    return octets.size();
  }
  const size_t length = newline + 1;
  if (newline == 0 || octets[newline - 1] != '\r') {
    // RFC 5321 2.3.8: a bare LF is no line end. Where the next command begins is then anybody's guess, and
    // guesses are what smuggling lives on.
    close_with(521, {5, 5, 2}, "a line ended in a bare LF: lines end in CRLF");
  } else if (length > settings_->command_octets_max) {
    refuse(500, {5, 5, 6}, "line too long");
  } else {
    more_buffered_ = octets.size() > length;
    run_line(octets.substr(0, newline - 1));
  }
  return length;
}

size_t Session::feed_long_line(std::string_view octets) {
  const size_t newline = octets.find('\n');
  if (newline == std::string_view::npos) {
    long_line_cr_ = octets.back() == '\r';
    return octets.size();
  }
  const bool crlf = newline == 0 ? long_line_cr_ : octets[newline - 1] == '\r';
  phase_ = Phase::command;
  if (crlf) {
    refuse(500, {5, 5, 6}, "line too long");
  } else {
    close_with(521, {5, 5, 2}, "a line ended in a bare LF: lines end in CRLF");
  }
  return newline + 1;
}

void Session::run_line(std::string_view line) {
  if (++commands_ > settings_->commands_max) return close_with(421, {4, 7, 0}, "too many commands");
  const bool text_suspected = std::exchange(after_refused_data_, false);
  if (smtp::has_control(line)) return refuse(500, {5, 5, 2}, "control character in a command");
  const smtp::Command command = smtp::parse_command(line);
  if (text_suspected && command.verb == smtp::Verb::unknown) {
    // RFC 2920 3.1: DATA was refused and a message's text comes all the same. None of it is a command.
    return close_with(521, {5, 5, 1}, "DATA was refused: this is not the place for a message's text");
  }
  dispatch(command);
}

void Session::dispatch(const smtp::Command& command) {
  switch (command.verb) {
    case smtp::Verb::ehlo:
    case smtp::Verb::helo:
    case smtp::Verb::lhlo:
      return hello(command);
    case smtp::Verb::mail:
      return mail(command);
    case smtp::Verb::rcpt:
      return rcpt(command);
    case smtp::Verb::data:
      return data(command);
    case smtp::Verb::bdat:
      return bdat(command);
    case smtp::Verb::starttls:
      return starttls(command);
    case smtp::Verb::rset:
      return rset(command);
    case smtp::Verb::noop:
      return say(250, {2, 0, 0}, "ok");
    case smtp::Verb::quit:
      return quit(command);
    case smtp::Verb::vrfy:
      return vrfy(command);
    case smtp::Verb::help:
      return help();
    case smtp::Verb::etrn:
      return etrn(command);
    // RFC 5321 3.5.3 and 7.3: lists are not disclosed. AUTH is known, and not offered (4.2.4).
    case smtp::Verb::expn:
    case smtp::Verb::auth:
      return refuse(502, {5, 5, 1}, "not implemented here");
    case smtp::Verb::unknown:
      return refuse(500, {5, 5, 2}, "unknown command");
  }
}

void Session::say(const mail::Reply& reply) {
  const bool plain = greeting_ == Protocol::Greeting::helo;
  smtp::append_reply(output_, reply, plain ? smtp::EnhancedCodes::omit : smtp::EnhancedCodes::include);
}

void Session::say(uint16_t code, mail::EnhancedStatus enhanced, std::string text) {
  say(mail::Reply{code, enhanced, std::move(text)});
}

void Session::refuse(const mail::Reply& reply) {
  say(reply);
  if (reply.code == 421) return close();  // RFC 5321 3.8: 421 announces the end of the session
  if (++errors_ > settings_->errors_max) close_with(421, {4, 7, 0}, "too many errors");
}

void Session::refuse(uint16_t code, mail::EnhancedStatus enhanced, std::string text) {
  refuse(mail::Reply{code, enhanced, std::move(text)});
}

bool Session::refuse_argument(const smtp::Command& command) {
  if (command.argument.empty()) return false;
  refuse(501, {5, 5, 4}, fmt::format("{} takes no argument", smtp::to_string(command.verb)));
  return true;
}

/// RFC 2920 3.1: EHLO is the last command of a group. A client that does not wait for its reply follows a
/// script, and so do those behind a confused proxy.
bool Session::refuse_early_talk() {
  if (!more_buffered_) return false;
  client_.early = true;
  if (settings_->early_talkers == EarlyTalkers::allow) return false;
  close_with(554, {5, 5, 0}, "you did not wait for the reply");
  return true;
}

void Session::close_with(uint16_t code, mail::EnhancedStatus enhanced, std::string text) {
  say(code, enhanced, std::move(text));
  close();
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  reset_transaction();
  phase_ = Phase::closed;
  actions_.emplace_back(Close{});
}

void Session::abandon_message() {
  if (!message_) return;
  // While the store decides, the message is the store's; what it answers is then for nobody.
  if (phase_ != Phase::commit) actions_.emplace_back(Abandon{message_->id, message_->chunks_spilled});
  message_.reset();
}

/// Everything that one transaction leaves: the next one starts from nothing (RFC 5321 4.1.4, 4.1.1.5).
void Session::reset_transaction() {
  abandon_message();
  transaction_ = Transaction::none;
  envelope_ = {};
  tags_.clear();
  client_.declared_octets = 0;
  candidate_ = {};
  expanded_.clear();
  rcpts_accepted_ = 0;
  bdat_octets_left_ = 0;
  bdat_last_ = smtp::Last::no;
}

void Session::on_timeout() {
  if (phase_ != Phase::closed) close_with(421, {4, 4, 2}, fmt::format("{} timeout", settings_->hostname));
}

void Session::on_shutdown() {
  stopping_ = true;
  // A message under way may finish; so may an answer that is on its way to us. Both come back here.
  if (in_message() || phase_ == Phase::closed || !wants_input()) return;
  close_with(421, {4, 3, 2}, fmt::format("{} is shutting down", settings_->hostname));
}

void Session::on_shed() {
  // Somebody who waits for an answer, or is within a transaction, finishes that; the next MAIL tells it.
  if (phase_ != Phase::command || transaction_ != Transaction::none || in_message()) return;
  close_with(421, {4, 3, 2},
             fmt::format("{} has too much to do at the moment, try again later", settings_->hostname));
}

void Session::on_disconnect() {
  if (phase_ == Phase::closed) return;
  close();
  output_.clear();
}

std::optional<Action> Session::take_action() {
  if (actions_.empty()) return std::nullopt;
  std::optional<Action> action(std::move(actions_.front()));
  actions_.pop_front();
  return action;
}

}  // namespace waybill::receive
