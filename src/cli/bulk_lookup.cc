#include "cli/bulk_lookup.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cli/bulk_input.h"
#include "cli/bulk_output.h"
#include "cli/progress.h"
#include "net/loop.h"
#include "resolve/stub_resolver.h"

namespace waybill::cli {
namespace {
constexpr int kExitInterrupted = 130;  // as shells tell a program's end by SIGINT
constexpr Millis kTick{100};
constexpr size_t kWriteOctets = 64 * 1024;
/// Answers that are early wait for an earlier name's, which may take until the longest time-out.
constexpr size_t kHeldOctetsMax = size_t{128} << 20;
constexpr size_t kHeldMax = 500'000;
/// Names taken in before the loop has its turn again: bad lines and zone files' names need no waiting.
constexpr size_t kTurnNames = 4'096;

/// Answers on their way from the resolver's thread to ours: one wake-up for all that came meanwhile. Outlives
/// the run where an answer is late.
class Arrivals {
 public:
  using Reply = std::function<void(dns::Answer)>;
  using Batch = std::vector<std::pair<Reply, dns::Answer>>;
  explicit Arrivals(net::Loop& loop) : loop_(loop) {}

  void put(Reply reply, dns::Answer answer, const std::function<void()>& wake) {
    bool first = false;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return;
      first = batch_.empty();
      batch_.emplace_back(std::move(reply), std::move(answer));
    }
    if (first) loop_.post(wake);
  }
  Batch take() {
    Batch taken;
    const std::scoped_lock lock(mutex_);
    taken.swap(batch_);
    return taken;
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }

 private:
  net::Loop& loop_;
  std::mutex mutex_;
  Batch batch_;
  bool closed_ = false;
};

class BulkRun {
 public:
  BulkRun(const BulkOptions& options, net::Loop& loop, BulkInput input, BulkOutput output, Earlier earlier)
      : options_(options),
        loop_(loop),
        input_(std::move(input)),
        output_(std::move(output)),
        earlier_(std::move(earlier)),
        skip_left_(earlier_.lines),
        arrivals_(std::make_shared<Arrivals>(loop)),
        order_(earlier_.lines),
        number_(earlier_.lines) {
    counts_.earlier = earlier_.lines;
  }

  /// `direct`: the same resolver, where it can tell its counts.
  int run(dns::Resolver& resolver, const resolve::DirectStack* direct);
  /// Thread-safe: ends soon, with all that has come so far written.
  void interrupt() {
    loop_.post([this] {
      interrupted_ = true;
      loop_.stop();
    });
  }

 private:
  [[nodiscard]] dns::Ask ask_through(dns::Resolver& resolver);
  void more();
  void skip(const BulkName& name);
  void start(BulkName name);
  void bad_line(uint64_t number, const BulkName& name);
  void landed();
  void finish(uint64_t number, std::string text);
  void write_out(size_t at_least);
  void fail_run(std::string why, int code);
  void tick();
  void end_if_done();
  void report(double seconds) const;
  [[nodiscard]] bool has_room() const {
    return under_way_ < options_.concurrency && order_.held() < kHeldMax &&
           order_.held_octets() < kHeldOctetsMax;
  }

  const BulkOptions& options_;
  net::Loop& loop_;
  BulkInput input_;
  BulkOutput output_;
  Earlier earlier_;
  uint64_t skip_left_;
  std::shared_ptr<Arrivals> arrivals_;
  dns::Ask ask_;
  InOrder order_;
  uint64_t number_;
  size_t under_way_ = 0;
  bool cut_ = false;
  bool at_end_ = false;
  bool interrupted_ = false;
  bool stopped_ = false;
  int code_ = exit_ok;
  std::string out_;
  BulkCounts counts_;
  const resolve::DirectStack* direct_ = nullptr;
  std::unique_ptr<Progress> progress_;
  net::Loop::Timer timer_;
};

int BulkRun::run(dns::Resolver& resolver, const resolve::DirectStack* direct) {
  direct_ = direct;
  ask_ = ask_through(resolver);
  std::optional<uint64_t> total;
  const SystemClock clock;
  progress_ = std::make_unique<Progress>("names", std::nullopt);
  if (progress_->shown()) {
    if ((total = input_.count())) *total -= std::min(*total, earlier_.lines);
    progress_ = std::make_unique<Progress>("names", total);
  }
  const Steady began = clock.steady();
  loop_.post([this] {
    tick();
    more();
  });
  loop_.run();
  arrivals_->close();
  timer_.cancel();
  if (!stopped_) write_out(0);
  progress_.reset();
  report(std::chrono::duration<double>(clock.steady() - began).count());
  return interrupted_ ? kExitInterrupted : code_;
}

dns::Ask BulkRun::ask_through(dns::Resolver& resolver) {
  return [this, &resolver, ours = std::this_thread::get_id()](const dns::Question& question,
                                                              Arrivals::Reply reply) {
    resolver.resolve(question,
                     [this, ours, arrivals = arrivals_, reply = std::move(reply)](dns::Answer answer) {
                       if (std::this_thread::get_id() == ours)
                         return reply(std::move(answer));  // remembered, or of a zone file
                       arrivals->put(reply, std::move(answer), [this] { landed(); });
                     });
  };
}

void BulkRun::landed() {
  for (auto& [reply, answer] : arrivals_->take()) reply(std::move(answer));
  more();
}

void BulkRun::more() {
  size_t turn_left = kTurnNames;
  while (!stopped_ && !at_end_ && has_room()) {
    if (turn_left-- == 0) return loop_.post([this] { more(); });
    auto next = input_.next();
    if (!next) return fail_run(next.error().what, exit_unknown);
    if (const auto* none = std::get_if<BulkInput::Not>(&*next)) {
      if (*none == BulkInput::Not::yet) break;  // tick() looks again
      at_end_ = true;
      break;
    }
    auto& name = std::get<BulkName>(*next);
    if (skip_left_ > 0) {
      skip(name);
    } else {
      start(std::move(name));
    }
  }
  if (at_end_ && skip_left_ > 0 && !stopped_) {
    return fail_run(fmt::format("{} holds {} lines, the input fewer names: it is the output of another input",
                                options_.output, earlier_.lines),
                    exit_unsafe);
  }
  write_out(kWriteOctets);
  end_if_done();
}

/// A name that the output has. The last of them must be the one that the output's last line is about.
void BulkRun::skip(const BulkName& name) {
  if (--skip_left_ > 0) return;
  const auto last = name_of_line(earlier_.last_line);
  if (last && (*last == repaired_utf8(name.text) || (name.domain && *last == name.domain->text()))) return;
  fail_run(
      fmt::format(
          "line {} of {} is about {}, and that name of the input is {}: it is the output of another input",
          earlier_.lines, options_.output, last ? terminal_safe(*last) : "nothing", terminal_safe(name.text)),
      exit_unsafe);
}

void BulkRun::start(BulkName name) {
  const uint64_t number = number_++;
  if (!name.domain) return bad_line(number, name);
  ++under_way_;
  auto decide = [domain = *name.domain, ask_ptr = options_.ask_ptr](const dns::Facts& facts) {
    return route::survey_domain(domain, ask_ptr, facts);
  };
  auto done = [this, number, name = std::move(name)](const route::Survey* known, const dns::Facts&) {
    const route::Survey none{.domain = *name.domain};  // no verdict is a bug of ours, told as a failure
    const route::Survey& survey = known == nullptr ? none : *known;
    --under_way_;
    ++counts_.by_status[static_cast<size_t>(survey.status)];
    code_ = worse_exit(code_, exit_of(survey));
    finish(number, options_.format == LookupFormat::json
                       ? to_json_line(survey, name.text)
                       : to_text(survey, options_.format, options_.length, Paint::off));
  };
  waybill::Decision<route::Survey, dns::Question, dns::Answer>::run(std::move(decide), ask_, std::move(done));
}

void BulkRun::bad_line(uint64_t number, const BulkName& name) {
  ++counts_.bad_lines;
  code_ = worse_exit(code_, exit_usage);
  const std::string& why = name.domain.error().what;
  if (options_.format != LookupFormat::json) {
    complain(fmt::format("line {}: {}", name.line, terminal_safe(why)));
    return finish(number, {});
  }
  finish(number, json_line({{"domain", nullptr},
                            {"status", "invalid"},
                            {"input", repaired_utf8(name.text)},
                            {"line", name.line},
                            {"reason", repaired_utf8(why)}}));
}

void BulkRun::finish(uint64_t number, std::string text) {
  order_.put(number, std::move(text));
  if (number == order_.next()) write_out(kWriteOctets);
}

void BulkRun::write_out(size_t at_least) {
  order_.take(out_);
  if (out_.empty() || out_.size() < at_least || stopped_) return;
  if (!std::exchange(cut_, true)) {
    if (auto cut = output_.cut(earlier_); !cut) return fail_run(cut.error().what, exit_unknown);
  }
  auto written = output_.write(out_);
  out_.clear();
  if (!written) fail_run(written.error().what, exit_unknown);
}

void BulkRun::fail_run(std::string why, int code) {
  if (std::exchange(stopped_, true)) return;
  code_ = code;
  progress_.reset();
  complain(why);
  loop_.stop();
}

/// Ten times a second: what is done goes out, also where little is, and a pipe may have more.
void BulkRun::tick() {
  timer_ = loop_.after(kTick, [this] { tick(); });
  write_out(0);
  more();
  if (progress_ && progress_->shown()) {
    std::string extra;
    if (direct_ != nullptr) extra = loss_text(direct_->counts()) + " lost";
    if (counts_.unknown() != 0)
      extra += fmt::format("{}{} unknown", extra.empty() ? "" : ", ", counts_.unknown());
    progress_->update(counts_.done(), extra);
  }
}

void BulkRun::end_if_done() {
  if (at_end_ && under_way_ == 0) loop_.stop();
}

void BulkRun::report(double seconds) const {
  std::optional<resolve::StubCounts> queries;
  if (direct_ != nullptr) queries = direct_->counts();
  const std::string text = bulk_summary(counts_, seconds, queries ? &*queries : nullptr);
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (!interrupted_ && !stopped_) return;
  if (options_.output.empty()) {
    fmt::print(stderr,
               "Ended after {} names of the input; --output FILE makes a run that --resume can go on with.\n",
               order_.next());
  } else if (code_ != exit_unsafe) {
    fmt::print(stderr,
               "Ended after {} names. To go on, give the same command with --resume: lookup --input {} "
               "--output {} --resume\n",
               order_.next(), options_.input, options_.output);
  }
}

/// SIGINT and SIGTERM on a thread of their own, while it lives.
class Signals {
 public:
  explicit Signals(std::function<void()> interrupted) {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGUSR2}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    thread_ = std::thread([this, interrupted = std::move(interrupted)] {
      for (int signal = 0; sigwait(&set_, &signal) == 0;) {
        if (over_) return;
        if (signal != SIGUSR2) interrupted();
      }
    });
  }
  ~Signals() {
    over_ = true;
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

Result<std::unique_ptr<resolve::DirectStack>> open_direct(const BulkOptions& options) {
  auto how = to_resolve_options(options.dns);
  if (!how) return pass(how.error());
  resolve::StubOptions stub;
  stub.per_second_max = options.per_second_max;
  stub.window.max = std::max<size_t>(options.concurrency, 1);
  static const SystemClock clock;  // the resolver keeps it
  return resolve::make_direct_stack(*how, std::move(stub), clock);
}
}  // namespace

int run_bulk(const BulkOptions& options, const Context&) {
  auto input = BulkInput::open(options.input);
  if (!input) return complain(input.error().what), exit_usage;
  BulkOutput output;
  Earlier earlier;
  if (!options.output.empty()) {
    auto opened =
        options.resume ? BulkOutput::resume(options.output, earlier) : BulkOutput::create(options.output);
    if (!opened) {
      complain(opened.error().what);
      return opened.error().code == Errc::io || opened.error().code == Errc::not_found ? exit_usage
                                                                                       : exit_unsafe;
    }
    output = std::move(*opened);
  }
  net::Loop loop;  // outlives the resolver, whose late answers still come to it
  BulkRun run(options, loop, std::move(*input), std::move(output), std::move(earlier));
  const Signals signals([&run] { run.interrupt(); });
  if (options.direct) {
    auto direct = open_direct(options);
    if (!direct) return complain(direct.error().what), exit_usage;
    return run.run(**direct, direct->get());
  }
  auto resolver = open_resolver(options.dns);
  if (!resolver) return complain(resolver.error().what), exit_usage;
  return run.run(**resolver, nullptr);
}

}  // namespace waybill::cli
