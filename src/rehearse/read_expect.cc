// What must come of it.
#include <charconv>

#include "base/bytes.h"
#include "rehearse/read.h"
#include "rehearse/words.h"

#define TAKE(name, expression) \
  auto name = (expression);    \
  if (!name) return pass(name.error())

namespace waybill::rehearse {
namespace {
using What = Expectation::What;

std::optional<queue::State> state_of(std::string_view word) {
  if (word == "delivered") return queue::State::delivered;
  if (word == "bounced") return queue::State::bounced;
  if (word == "expired") return queue::State::expired;
  if (word == "discarded") return queue::State::discarded;
  return std::nullopt;
}

bool is_status(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789.") == std::string_view::npos;
}

void take_status(Words& words, Expectation& out) {
  if (!is_status(words.peek())) return;
  out.status = words.peek();
  (void)words.word("");
}

Status take_host(Words& words, const Scenario& scenario, Expectation& out) {
  TAKE(label, words.word("a host"));
  if (scenario.find_host(*label) == nullptr)
    return words.error(fmt::format("there is no host '{}'", printable(*label, 40)));
  out.host = scenario.find_host(*label)->label;
  return {};
}

// "before 2h", "after 30m", "between 10m 2h", in any order.
Result<bool> take_time(Words& words, Expectation& out) {
  if (words.take("before")) {
    TAKE(to, words.time("before"));
    out.window.to = *to;
  } else if (words.take("after")) {
    TAKE(from, words.time("after"));
    out.window.from = *from;
  } else if (words.take("between")) {
    TAKE(from, words.time("between"));
    TAKE(to, words.time("between"));
    if (*to <= *from) return words.error("that is no time at all");
    out.window = {*from, *to};
  } else {
    return false;
  }
  return true;
}

Status take_times(Words& words, Expectation& out) {
  while (true) {
    TAKE(more, take_time(words, out));
    if (!*more) return {};
  }
}

// "[by HOST] [STATUS] [before|after|between]"
Status take_circumstances(Words& words, const Scenario& scenario, Expectation& out) {
  take_status(words, out);
  while (!words.empty()) {
    if (words.take("by")) {
      if (Status status = take_host(words, scenario, out); !status) return status;
      continue;
    }
    TAKE(more, take_time(words, out));
    if (!*more) break;
  }
  return words.end();
}

// "WHO delivered ...", "WHO never bounced", "WHO waiting at 3h", "WHO deferred 4.4.3", "WHO attempt 2 ...".
Status read_who(Words& words, const Scenario& scenario, Expectation& out) {
  TAKE(verb, words.word("a fate"));
  if (const auto state = state_of(*verb)) {
    out.what = What::fate;
    out.state = *state;
    return take_circumstances(words, scenario, out);
  }
  if (*verb == "never") {
    TAKE(fate, words.word("a fate"));
    const auto state = state_of(*fate);
    if (!state) return words.error(fmt::format("'{}' is no fate", printable(*fate, 40)));
    out.what = What::never_fate;
    out.state = *state;
    return words.end();
  }
  if (*verb == "waiting") {
    out.what = What::waiting;
    if (!words.take("at")) return words.error("'at' is missing");
    TAKE(at, words.time("at"));
    out.window.from = *at;
    return words.end();
  }
  if (*verb == "deferred") {
    out.what = What::deferred;
    return take_circumstances(words, scenario, out);
  }
  if (*verb == "attempt") {
    out.what = What::attempt;
    TAKE(nth, words.number("which attempt"));
    out.nth = *nth;
    return take_circumstances(words, scenario, out);
  }
  if (*verb == "attempts") {
    out.what = What::attempts_for;
    if (Status status = take_times(words, out); !status) return status;
    TAKE(count, words.count());
    out.count = *count;
    return words.end();
  }
  return words.error(
      fmt::format("'{}' is nothing that can be expected of a recipient", printable(*verb, 40)));
}

Status read_took(Words& words, Expectation& out) {
  out.what = What::took;
  const size_t percent = words.peek().find('%');
  if (percent == std::string::npos) {
    TAKE(count, words.count());
    out.count = *count;
  } else {
    // "20%..30%"
    TAKE(share, words.word("a share"));
    unsigned low = 0, high = 0;
    char end = 0;
    if (std::sscanf(share->c_str(), "%u%%..%u%%%c", &low, &high, &end) != 2 || low > high || high > 100)
      return words.error("a share looks like 20%..30%");
    out.what = What::took_share;
    out.share_min = low / 100.0;
    out.share_max = high / 100.0;
  }
  if (Status status = take_times(words, out); !status) return status;
  return words.end();
}

// "HOST most <= 10 [between ...]"
Status read_most(Words& words, Expectation& out) {
  out.what = What::most;
  TAKE(count, words.count());
  out.count = *count;
  if (Status status = take_times(words, out); !status) return status;
  return words.end();
}

Status read_reports(Words& words, const Scenario& scenario, Expectation& out) {
  out.what = What::reports;
  if (words.take("to")) {
    TAKE(who, words.word("a sender"));
    out.who = *who;
  }
  if (const auto state = state_of(words.peek())) {
    (void)words.word("");
    out.what = What::report_fate;
    out.state = *state;
    return take_circumstances(words, scenario, out);
  }
  if (words.take("failure")) out.kind = queue::ReportKind::failure;
  if (words.take("delay")) out.kind = queue::ReportKind::delay;
  if (words.take("success")) out.kind = queue::ReportKind::relayed;
  if (words.peek().find('.') != std::string::npos) take_status(words, out);
  if (Status status = take_times(words, out); !status) return status;
  if (!words.empty()) {
    TAKE(count, words.count());
    out.count = *count;
  }
  return words.end();
}

Status read_lookups(Words& words, Expectation& out) {
  out.what = What::lookups;
  TAKE(name, words.name("a name"));
  out.question_name = *name;
  if (auto type = dns::parse_type(words.peek())) {
    out.question_type = *type;
    (void)words.word("");
  }
  if (Status status = take_times(words, out); !status) return status;
  TAKE(count, words.count());
  out.count = *count;
  return words.end();
}

// "attempts at HOST [between ...] <= 3", "never attempted HOST [before ...]"
Status read_attempts_at(Words& words, const Scenario& scenario, Expectation& out) {
  out.what = What::attempts_at;
  if (Status status = take_host(words, scenario, out); !status) return status;
  if (Status status = take_times(words, out); !status) return status;
  if (out.count.is == Count::Is::equal && out.count.number == 0) return words.end();
  TAKE(count, words.count());
  out.count = *count;
  return words.end();
}

Status read_queue(Words& words, Expectation& out) {
  out.what = What::queue;
  TAKE(count, words.count());
  out.count = *count;
  if (!words.take("at")) return words.error("'at' is missing");
  TAKE(at, words.time("at"));
  out.window.from = *at;
  return words.end();
}

Status read_one(Words& words, const Scenario& scenario, Expectation& out) {
  if (words.take("queue")) return read_queue(words, out);
  if (words.take("dsn")) return read_reports(words, scenario, out);
  if (words.take("lookups")) return read_lookups(words, out);
  if (words.take("no")) {
    if (!words.take("dsn")) return words.error("'no' is followed by 'dsn'");
    out.count = {Count::Is::equal, 0};
    return read_reports(words, scenario, out);
  }
  if (words.take("never")) {
    if (!words.take("attempted")) return words.error("'never' is followed by 'attempted'");
    out.count = {Count::Is::equal, 0};
    return read_attempts_at(words, scenario, out);
  }
  if (words.take("attempts")) {
    if (!words.take("at")) return words.error("'attempts' is followed by 'at HOST'");
    return read_attempts_at(words, scenario, out);
  }
  TAKE(who, words.word("a recipient or a host"));
  if (scenario.find_host(*who) != nullptr && words.take("took")) {
    out.host = scenario.find_host(*who)->label;
    return read_took(words, out);
  }
  if (scenario.find_host(*who) != nullptr && words.take("most")) {
    out.host = scenario.find_host(*who)->label;
    return read_most(words, out);
  }
  if (who->find('@') == std::string::npos && *who != "*")
    return words.error(fmt::format("'{}' is neither a recipient nor a host", printable(*who, 40)));
  out.who = *who;
  return read_who(words, scenario, out);
}
}  // namespace

Status read_expectation(Words& words, std::string_view text, Scenario& scenario) {
  Expectation out;
  out.line = words.line();
  out.text = std::string(text);
  if (Status status = read_one(words, scenario, out); !status) return status;
  scenario.expectations.push_back(std::move(out));
  return {};
}

}  // namespace waybill::rehearse
