// dialogue_receive.cc: plays a .smtp script against the server's session (README.md has the format).
// Exit 0: all as written; 1: it differs, with the file and line; 2: the script itself is wrong.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>

#include "support/session_driver.h"

namespace waybill::test {
namespace {
struct Line {
  enum class Kind { client, server, silence, closed, open, message, no_message };
  Kind kind = Kind::client;
  std::string text;
  int number = 0;
};

struct Script {
  std::string file;
  std::shared_ptr<receive::Settings> settings = test_settings();
  std::vector<Line> lines;
  bool every_split = false;
};

[[noreturn]] void broken(const Script& script, int number, std::string_view why) {
  fmt::print(stderr, "{}:{}: {}\n", script.file, number, why);
  std::exit(2);
}

struct Mismatch {
  int number;
  std::string why;
};

std::string unescape(const Script& script, int number, std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) broken(script, number, "lone backslash");
    switch (text[i]) {
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      case '\\':
        out += '\\';
        break;
      case 'x': {
        if (i + 2 >= text.size()) broken(script, number, "\\x needs two digits");
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      }
      case '{': {
        const size_t star = text.find('*', i);
        const size_t end = text.find('}', i);
        if (star == std::string_view::npos || end == std::string_view::npos)
          broken(script, number, "\\{TEXT*N}");
        const std::string part = unescape(script, number, text.substr(i + 1, star - i - 1));
        const int times = std::stoi(std::string(text.substr(star + 1, end - star - 1)));
        for (int n = 0; n < times; ++n) out += part;
        i = end;
        break;
      }
      default:
        broken(script, number, "unknown escape");
    }
  }
  return out;
}

void apply_setting(Script& script, int number, std::string_view name, std::string_view value) {
  receive::Settings& s = *script.settings;
  const auto as_number = [&] { return std::stoull(std::string(value)); };
  const std::map<std::string_view, std::function<void()>> known = {
      {"starttls",
       [&] {
         s.starttls = value == "offered" ? receive::StartTls::offered : receive::StartTls::unavailable;
       }},
      {"bare_newline",
       [&] {
         s.bare_newline = value == "replace" ? receive::BareNewline::replace : receive::BareNewline::reject;
       }},
      {"role",
       [&] {
         s.role = value == "lmtp"         ? receive::Role::lmtp
                  : value == "submission" ? receive::Role::submission
                                          : receive::Role::mx;
       }},
      {"early_talkers",
       [&] {
         s.early_talkers = value == "allow" ? receive::EarlyTalkers::allow : receive::EarlyTalkers::refuse;
       }},
      {"etrn_from",
       [&] {
         auto network = IpNetwork::parse(value);
         if (!network) broken(script, number, network.error().what);
         s.etrn_from.push_back(*network);
       }},
      {"message_octets_max", [&] { s.message_octets_max = as_number(); }},
      {"recipients_max", [&] { s.recipients_max = static_cast<uint32_t>(as_number()); }},
      {"messages_max", [&] { s.messages_max = static_cast<uint32_t>(as_number()); }},
      {"commands_max", [&] { s.commands_max = static_cast<uint32_t>(as_number()); }},
      {"errors_max", [&] { s.errors_max = static_cast<uint32_t>(as_number()); }},
      {"header_octets_max", [&] { s.header_octets_max = as_number(); }},
      {"line_octets_max", [&] { s.line_octets_max = as_number(); }},
  };
  const auto at = known.find(name);
  if (at == known.end()) broken(script, number, "unknown setting");
  at->second();
}

void read_line(Script& script, int number, const std::string& line) {
  using Kind = Line::Kind;
  const auto add = [&](Kind kind, std::string text) {
    script.lines.push_back({kind, std::move(text), number});
  };
  const std::string_view rest = line.size() > 3 ? std::string_view(line).substr(3) : std::string_view();
  if (line.empty() || line[0] == '#') return;
  if (line == "every-split")
    script.every_split = true;
  else if (line.starts_with("set ")) {
    const auto words = split(line, ' ');
    if (words.size() != 3) broken(script, number, "set NAME VALUE");
    apply_setting(script, number, words[1], words[2]);
  } else if (line.starts_with("C:"))
    add(Kind::client, unescape(script, number, rest) + "\r\n");
  else if (line.starts_with("C>"))
    add(Kind::client, unescape(script, number, rest));
  else if (line == "S-")
    add(Kind::silence, {});
  else if (line.starts_with("S:"))
    add(Kind::server, std::string(rest));
  else if (line == "closed")
    add(Kind::closed, {});
  else if (line == "open")
    add(Kind::open, {});
  else if (line == "M-")
    add(Kind::no_message, {});
  else if (line.starts_with("M:"))
    add(Kind::message, std::string(rest));
  else
    broken(script, number, "not a line that I know");
}

std::string describe(const Committed& message) {
  std::string out = fmt::format("<{}>", mail::to_string(message.envelope.from));
  for (const auto& recipient : message.envelope.recipients)
    out += fmt::format(" <{}>", recipient.address.to_string());
  return out + " " + message.content;
}

class Player {
 public:
  Player(const Script& script, std::vector<size_t> cuts)
      : script_(script), driver_(script.settings), cuts_(std::move(cuts)) {
    heard_ = driver_.start();
  }

  void play() {
    for (const Line& line : script_.lines) {
      if (line.kind == Line::Kind::client) {
        sending_ += line.text;
        // Cut up, the client goes on without waiting for anybody's eyes: replies are compared where they
        // come.
        continue;
      }
      send();
      check(line);
    }
    send();
    if (!heard_.empty())
      throw Mismatch{script_.lines.back().number, "the server also said: " + printable(heard_, 2000)};
  }

 private:
  void send() {
    if (sending_.empty()) return;
    size_t at = 0;
    while (at < sending_.size()) {
      const size_t next = cuts_.empty() ? sending_.size() : next_cut();
      const size_t size = std::min(next, sending_.size() - at);
      driver_.feed(std::string_view(sending_).substr(at, size));
      at += size;
      sent_ += size;
    }
    sending_.clear();
    heard_ += driver_.take_output();
  }

  /// Cuts are offsets into everything the client sends; one of 1 alone means octet by octet.
  size_t next_cut() {
    if (cuts_.size() == 1 && cuts_[0] == 0) return 1;
    for (const size_t cut : cuts_) {
      if (cut > sent_) return cut - sent_;
    }
    return SIZE_MAX;
  }

  void check(const Line& line) {
    using Kind = Line::Kind;
    const auto expect = [&](bool holds, const std::string& why) {
      if (!holds) throw Mismatch{line.number, why};
    };
    switch (line.kind) {
      case Kind::server:
        return check_server(line);
      case Kind::silence:
        return expect(heard_.empty(), "expected silence, heard: " + printable(heard_, 500));
      case Kind::closed:
        return expect(driver_.closed(), "the session is still open");
      case Kind::open:
        return expect(!driver_.closed(), "the session is closed");
      case Kind::no_message:
        return expect(messages_ == driver_.committed().size(), "a message was committed");
      case Kind::message: {
        expect(messages_ < driver_.committed().size(), "no such message was committed");
        const std::string got = describe(driver_.committed()[messages_++]);
        return expect(got == unescape(script_, line.number, line.text), "committed: " + printable(got, 2000));
      }
      case Kind::client:
        return;
    }
  }

  void check_server(const Line& line) {
    const size_t end = heard_.find("\r\n");
    if (end == std::string::npos) throw Mismatch{line.number, "the server said nothing more"};
    const std::string got = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    const bool open_end = line.text.ends_with("...");
    const std::string want = open_end ? line.text.substr(0, line.text.size() - 3) : line.text;
    if (open_end ? !got.starts_with(want) : got != want)
      throw Mismatch{line.number, "the server said: " + printable(got, 500)};
  }

  const Script& script_;
  SessionDriver driver_;
  std::vector<size_t> cuts_;
  std::string sending_;
  std::string heard_;
  size_t sent_ = 0;
  size_t messages_ = 0;
};

int run(Script& script) {
  size_t total = 0;
  for (const Line& line : script.lines) total += line.kind == Line::Kind::client ? line.text.size() : 0;
  std::vector<std::vector<size_t>> plans = {{}};
  if (script.every_split) {
    plans.push_back({0});
    for (size_t cut = 1; cut < total; ++cut) plans.push_back({cut});
  }
  for (const auto& cuts : plans) {
    try {
      Player(script, cuts).play();
    } catch (const Mismatch& mismatch) {
      fmt::print(stderr, "{}:{}: {}{}\n", script.file, mismatch.number, mismatch.why,
                 cuts.empty() ? "" : fmt::format(" (cut at {})", cuts[0]));
      return 1;
    }
  }
  return 0;
}
}  // namespace
}  // namespace waybill::test

int main(int argc, char** argv) {
  using namespace waybill::test;
  if (argc != 2) {
    fmt::print(stderr, "usage: dialogue_receive FILE\n");
    return 2;
  }
  Script script;
  script.file = argv[1];
  std::ifstream in(argv[1]);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) read_line(script, number, line);
  if (script.lines.empty()) broken(script, 1, "no dialogue here");
  return run(script);
}
