// naive_session.h: a second model of the server's session, written as plainly as can be: it has the whole
// input in hand, looks for the end of data by searching for it, and starts every transaction with fresh
// variables. It shares the grammar of single commands with the real one (which has tests of its own), and
// nothing else. Where both disagree, state is left over somewhere.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "receive/settings.h"
#include "smtp/command.h"
#include "smtp/parameters.h"

namespace waybill::test {

struct NaiveMessage {
  std::string from;
  std::vector<std::string> recipients;
  std::string content;
  bool operator==(const NaiveMessage&) const = default;
};

/// What there is behind a command when it is run: the whole rest, or nothing yet.
enum class Arrival { all_at_once, a_command_at_a_time };

/// How things stand after one command, with the text of a message or a chunk where it has one.
struct NaiveStep {
  size_t at = 0;  ///< octets of the input used until here
  size_t codes = 0;
  size_t messages = 0;
  bool closed = false;
  bool unfinished = false;  ///< the input ended within a text or a chunk
  bool chunks_open = false;
  std::string from;
  std::vector<std::string> recipients;
};

class NaiveSession {
 public:
  NaiveSession(const receive::Settings& settings, std::string input, Arrival arrival = Arrival::all_at_once)
      : settings_(settings), in_(std::move(input)), arrival_(arrival) {
    codes.push_back(220);
    while (!closed && command()) note_step();
    if (closed) note_step();
  }

  std::vector<int> codes;
  std::vector<NaiveStep> steps;
  std::vector<NaiveMessage> messages;
  bool closed = false;

 private:
  struct Transaction {
    bool open = false, bdat = false, smtputf8 = false;
    std::string from;
    std::vector<std::string> recipients;
    std::string raw;  // of BDAT chunks
  };

  void note_step() {
    steps.push_back(
        {at_, codes.size(), messages.size(), closed, unfinished_, tx_.bdat, tx_.from, tx_.recipients});
  }

  bool command() {
    const size_t newline = in_.find('\n', at_);
    if (newline == std::string::npos) return false;
    const std::string line = in_.substr(at_, newline + 1 - at_);
    at_ = newline + 1;
    if (line.size() < 2 || line[line.size() - 2] != '\r') return end(521);
    if (line.size() > settings_.command_octets_max) return error(500);
    run(line.substr(0, line.size() - 2));
    return true;
  }

  void run(const std::string& line) {
    if (++commands_ > settings_.commands_max) return (void)end(421);
    const bool suspect = after_data_;
    after_data_ = false;
    for (const char c : line) {
      if ((static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127) return (void)error(500);
    }
    const auto cmd = smtp::parse_command(line);
    const std::string arg(cmd.argument);
    switch (cmd.verb) {
      case smtp::Verb::ehlo:
        return hello(arg, 2);
      case smtp::Verb::helo:
        return hello(arg, 1);
      case smtp::Verb::mail:
        return mail(arg);
      case smtp::Verb::rcpt:
        return rcpt(arg);
      case smtp::Verb::data:
        return data(arg);
      case smtp::Verb::bdat:
        return bdat(arg);
      case smtp::Verb::noop:
        return ok(250);
      case smtp::Verb::help:
        return ok(214);
      case smtp::Verb::rset:
        if (!arg.empty()) return (void)error(501);
        tx_ = {};
        return ok(250);
      case smtp::Verb::quit:
        if (!arg.empty()) return (void)error(501);
        return (void)end(221);
      case smtp::Verb::vrfy:
        if (arg.empty()) return (void)error(501);
        return ok(252);
      case smtp::Verb::starttls:
        return (void)error(arg.empty() ? 454 : 501);
      case smtp::Verb::lhlo:
        return (void)error(500);
      case smtp::Verb::unknown:
        if (suspect) return (void)end(521);
        return (void)error(500);
      default:
        return (void)error(502);
    }
  }

  void hello(const std::string& arg, int kind) {
    if (const auto bad = smtp::parse_helo(arg); !bad) return (void)error(bad.error().code);
    tx_ = {};
    hello_ = kind;
    ok(250);
  }

  void mail(const std::string& arg) {
    if (hello_ == 0 || tx_.open) return (void)error(503);
    if (done_ >= settings_.messages_max) return (void)end(421);
    const auto cmd = smtp::parse_mail(arg, extensions());
    if (!cmd) return (void)error(cmd.error().code);
    if (cmd->size_octets.value_or(0) > settings_.message_octets_max) return (void)error(552);
    tx_ = {};
    tx_.open = true;
    tx_.from = mail::to_string(cmd->from);
    tx_.smtputf8 = cmd->smtputf8;
    ok(250);
  }

  void rcpt(const std::string& arg) {
    if (!tx_.open || tx_.bdat) return (void)error(503);
    const auto cmd = smtp::parse_rcpt(arg, extensions());
    if (!cmd) return (void)error(cmd.error().code);
    if (cmd->needs_smtputf8 && !tx_.smtputf8) return (void)error(553);
    if (tx_.recipients.size() >= settings_.recipients_max) return ok(452);
    auto to = cmd->recipient.address;
    if (to.local.starts_with("no")) {
      ok(550);
      if (++rejected_ > settings_.rejected_recipients_max) (void)end(421);
      return;
    }
    if (to.domain.empty()) to.domain = *mail::Domain::parse("mx.example");
    const std::string text = to.to_string();
    if (std::ranges::find(tx_.recipients, text) == tx_.recipients.end()) tx_.recipients.push_back(text);
    ok(250);
  }

  void data(const std::string& arg) {
    if (!arg.empty()) return (void)error(501);
    const int no = !tx_.open || tx_.bdat ? 503 : tx_.recipients.empty() ? 554 : 0;
    if (no != 0) {
      if (arrival_ == Arrival::all_at_once && at_ < in_.size()) return (void)end(no);
      after_data_ = true;
      return (void)error(no);
    }
    ok(354);
    const std::string rest = "\r\n" + in_.substr(at_);
    const size_t dot = rest.find("\r\n.\r\n");
    if (dot == std::string::npos) {
      at_ = in_.size();
      tx_ = {};
      unfinished_ = true;
      return;
    }
    std::string raw = rest.substr(0, dot + 2);  // with the CRLF put before it
    at_ += dot + 3;
    std::string content;
    for (size_t i = 2; i < raw.size(); ++i) {
      if (raw[i] == '.' && raw[i - 1] == '\n' && raw[i - 2] == '\r') continue;
      content += raw[i];
    }
    finish(content);
  }

  void bdat(const std::string& arg) {
    const auto cmd = smtp::parse_bdat(arg);
    if (!cmd) {
      ok(cmd.error().code);
      return (void)end(421);
    }
    if (cmd->size_octets >= 1024) --commands_;
    int no = !tx_.open ? 503 : tx_.recipients.empty() ? 554 : 0;
    if (no == 0 && content_size(tx_.raw) + cmd->size_octets > settings_.message_octets_max) no = 552;
    if (no != 0 && cmd->size_octets > settings_.message_octets_max + 64ULL * 1024 * 1024) {
      ok(no);
      return (void)end(421);
    }
    if (in_.size() - at_ < cmd->size_octets) {
      at_ = in_.size();
      unfinished_ = true;
      return;
    }
    const std::string chunk = in_.substr(at_, cmd->size_octets);
    at_ += cmd->size_octets;
    if (no != 0) {
      if (tx_.bdat) tx_ = {};
      return (void)error(no);
    }
    tx_.bdat = true;
    tx_.raw += chunk;
    if (cmd->last == smtp::Last::yes) {
      std::string content = tx_.raw;
      if (!content.empty() && !content.ends_with("\r\n")) content += "\r\n";
      return finish(content);
    }
    // A CR at the very end may still find its LF.
    std::string so_far = tx_.raw;
    if (so_far.ends_with('\r')) so_far.pop_back();
    if (const int fault = fault_of(so_far); fault != 0) {
      tx_ = {};
      return (void)error(fault);
    }
    ok(250);
  }

  void finish(std::string content) {
    const int fault = fault_of(content);
    const Transaction done = std::exchange(tx_, {});
    if (fault != 0) return (void)error(fault);
    // What is bare by now was let through on purpose.
    content = clean(content);
    messages.push_back({done.from, done.recipients, content});
    ++done_;
    commands_ = 0;
    rejected_ = 0;
    ok(250);
  }

  static uint64_t content_size(const std::string& raw) {
    // A CR that is held back is not counted yet.
    return raw.ends_with('\r') ? raw.size() - 1 : raw.size();
  }

  static std::string clean(const std::string& content) {
    std::string out = content;
    for (size_t i = 0; i < content.size(); ++i) {
      const bool cr = content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n');
      const bool lf = content[i] == '\n' && (i == 0 || content[i - 1] != '\r');
      if (cr || lf) out[i] = ' ';
    }
    return out;
  }

  /// Behind the first line that is empty, or neither a field nor a continuation; else the whole text.
  static size_t end_of_header(const std::string& text) {
    size_t start = 0;
    while (true) {
      const size_t end = text.find("\r\n", start);
      if (end == std::string::npos) return text.size();
      const std::string line = text.substr(start, end - start);
      start = end + 2;
      const bool folded = line.starts_with(' ') || line.starts_with('\t');
      if (line.empty() || (!folded && line.find(':') == std::string::npos)) return start;
    }
  }

  [[nodiscard]] int fault_of(const std::string& content) const {
    if (content.size() > settings_.message_octets_max) return 552;
    const size_t header_end = end_of_header(clean(content));
    if (header_end > settings_.header_octets_max) return 552;
    for (size_t i = 0; i < content.size(); ++i) {
      const bool cr = content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n');
      const bool lf = content[i] == '\n' && (i == 0 || content[i - 1] != '\r');
      if ((cr || lf) && settings_.bare_newline == receive::BareNewline::reject) return 550;
      if (content[i] == '\0') return 550;
    }
    size_t start = 0;
    uint32_t received = 0;
    while (start < content.size()) {
      size_t next = content.find("\r\n", start);
      next = next == std::string::npos ? content.size() : next + 2;
      if (next - start > settings_.line_octets_max) return 550;
      if (start < header_end && iequals(std::string_view(content).substr(start, 9), "received:")) ++received;
      start = next;
    }
    return received > settings_.received_fields_max ? 550 : 0;
  }

  [[nodiscard]] smtp::Extensions extensions() const {
    return hello_ == 2 ? smtp::Extensions::offered : smtp::Extensions::none;
  }
  void ok(int code) { codes.push_back(code); }
  bool error(int code) {
    codes.push_back(code);
    if (++errors_ > settings_.errors_max) return end(421);
    return true;
  }
  bool end(int code) {
    codes.push_back(code);
    closed = true;
    return false;
  }

  const receive::Settings& settings_;
  std::string in_;
  Arrival arrival_;
  size_t at_ = 0;
  int hello_ = 0;
  Transaction tx_;
  bool after_data_ = false;
  bool unfinished_ = false;
  uint32_t errors_ = 0, commands_ = 0, rejected_ = 0, done_ = 0;
};

}  // namespace waybill::test
