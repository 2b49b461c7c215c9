#include "cli/sendmail_args.h"

#include "base/bytes.h"
#include "smtp/xtext.h"

namespace waybill::cli {
namespace {
/// Letters that take a value, attached or as the next word.
constexpr std::string_view kWithValue = "fFrNRVBbohpXALCDdOMx";
/// Letters without one.
constexpr std::string_view kWithout = "itvUGnms";

Result<uint8_t> parse_notify(std::string_view text) {
  uint8_t bits = 0;
  for (const std::string_view word : split(text, ',')) {
    if (iequals(word, "never")) {
      bits |= mail::notify_never;
    } else if (iequals(word, "success")) {
      bits |= mail::notify_success;
    } else if (iequals(word, "failure")) {
      bits |= mail::notify_failure;
    } else if (iequals(word, "delay")) {
      bits |= mail::notify_delay;
    } else {
      return fail(Errc::invalid, "-N: '{}' is none of never, success, failure, delay", printable(word, 40));
    }
  }
  // RFC 3461 4.1: NEVER stands alone.
  if ((bits & mail::notify_never) != 0 && bits != mail::notify_never)
    return fail(Errc::invalid, "-N: never stands alone");
  return bits;
}

Status set_mode(std::string_view mode) {
  if (mode == "m") return {};
  if (mode == "s")
    return fail(Errc::unsupported,
                "-bs: no SMTP on standard input here; connect to a listener, or send with -bm");
  if (mode == "p") return fail(Errc::unsupported, "-bp: see 'waybill queue list'");
  if (mode == "i" || mode == "I")
    return fail(Errc::unsupported, "-bi: there is no alias database to rebuild");
  if (mode == "d" || mode == "D") return fail(Errc::unsupported, "-b{}: see 'waybill serve'", mode);
  return fail(Errc::unsupported, "-b{}: a mode that waybill does not have", printable(mode, 20));
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& args) : args_(args) {}

  Result<SendmailArgs> run() {
    while (at_ < args_.size()) {
      const std::string& word = args_[at_++];
      Status status;
      if (only_recipients_ || word.size() < 2 || word.front() != '-') {
        out_.recipients.push_back(word);
      } else if (word == "--") {
        only_recipients_ = true;
      } else if (word.starts_with("--")) {
        status = long_option(word.substr(2));
      } else {
        status = cluster(word.substr(1));
      }
      if (!status) return pass(status.error());
    }
    return std::move(out_);
  }

 private:
  Status long_option(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (name == "help") {
      out_.help = true;
      return {};
    }
    std::string* field = name == "socket"   ? &out_.socket
                         : name == "config" ? &out_.config
                         : name == "smtp"   ? &out_.smtp
                                            : nullptr;
    if (field == nullptr) return fail(Errc::invalid, "--{}: unknown option", printable(name, 40));
    if (equals != std::string::npos) {
      *field = word.substr(equals + 1);
    } else if (at_ < args_.size()) {
      *field = args_[at_++];
    }
    if (field->empty()) return fail(Errc::invalid, "--{} needs a value", name);
    return {};
  }

  Status cluster(std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters.front();
      letters.remove_prefix(1);
      if (letter == 'q')
        return fail(Errc::unsupported, "-q: the queue runs by itself; see 'waybill queue retry'");
      if (letter == 'I') return set_mode("i");
      if (kWithout.find(letter) != std::string_view::npos) {
        flag(letter);
        continue;
      }
      if (kWithValue.find(letter) == std::string_view::npos)
        return fail(Errc::invalid, "-{}: unknown option", printable({&letter, 1}));
      std::string value(letters);
      // "-d" and "-o" take their value attached, or none at all: the next word is not theirs.
      const bool attached_only = letter == 'd' || letter == 'b' || letter == 'o';
      if (value.empty() && !attached_only) {
        if (at_ == args_.size()) return fail(Errc::invalid, "-{} needs a value", letter);
        value = args_[at_++];
      }
      return valued(letter, value);
    }
    return {};
  }

  void flag(char letter) {
    if (letter == 'i') out_.dot_ends = DotEnds::no;
    if (letter == 't') out_.from_header = FromHeader::yes;
    if (letter == 'v') out_.verbose = true;
  }

  Status valued(char letter, const std::string& value) {
    switch (letter) {
      case 'f':
      case 'r':
        out_.sender = value;
        return {};
      case 'F':
        out_.full_name = value;
        return {};
      case 'N':
        return take(parse_notify(value), out_.notify);
      case 'R':
        return ret(value);
      case 'V':
        return envid(value);
      case 'B':
        return body(value);
      case 'b':
        return set_mode(value);
      case 'o':
        return option(value);
      case 'O':
        return long_o(value);
      default:
        return {};  // known to some sendmail, without meaning here
    }
  }

  template <class T>
  static Status take(Result<T> from, T& to) {
    if (!from) return pass(from.error());
    to = std::move(*from);
    return {};
  }

  Status ret(std::string_view value) {
    if (!iequals(value, "full") && !iequals(value, "hdrs"))
      return fail(Errc::invalid, "-R: full or hdrs, not '{}'", printable(value, 40));
    out_.ret = iequals(value, "full") ? mail::Ret::full : mail::Ret::headers;
    return {};
  }

  Status envid(std::string_view value) {
    // RFC 3461 4.4: at most 100 characters, of xtext.
    if (value.size() > 100) return fail(Errc::invalid, "-V: longer than 100 characters (RFC 3461 4.4)");
    auto decoded = smtp::decode_xtext(value);
    if (!decoded) return pass(decoded.error(), "-V");
    for (const char c : *decoded) {
      if (c < 0x20 || c == 0x7f) return fail(Errc::invalid, "-V: a control character");
    }
    out_.envid = std::move(*decoded);
    return {};
  }

  Status body(std::string_view value) {
    if (iequals(value, "7bit")) {
      out_.body = mail::BodyType::seven_bit;
    } else if (iequals(value, "8bitmime")) {
      out_.body = mail::BodyType::eight_bit;
    } else {
      return fail(Errc::invalid, "-B: 7BIT or 8BITMIME, not '{}'", printable(value, 40));
    }
    return {};
  }

  /// -oi and its kin: "-o" with a letter; only "i" (dots are text) and "t" (as -t) mean something here.
  Status option(std::string_view value) {
    if (value.empty()) return fail(Errc::invalid, "-o needs an option's letter");
    if (value.starts_with('i')) out_.dot_ends = DotEnds::no;
    return {};
  }

  Status long_o(std::string_view value) {
    const size_t equals = value.find('=');
    if (iequals(value.substr(0, equals), "IgnoreDots")) {
      const std::string_view flag = equals == std::string_view::npos ? "true" : value.substr(equals + 1);
      out_.dot_ends = iequals(flag, "false") || iequals(flag, "no") ? DotEnds::yes : DotEnds::no;
    }
    return {};
  }

  const std::vector<std::string>& args_;
  size_t at_ = 0;
  bool only_recipients_ = false;
  SendmailArgs out_;
};
}  // namespace

Result<SendmailArgs> parse_sendmail_args(const std::vector<std::string>& args) { return Parser(args).run(); }

}  // namespace waybill::cli
