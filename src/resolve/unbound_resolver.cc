#include "resolve/unbound_resolver.h"

#include <event2/event.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "base/thread.h"
#include "resolve/packet_answer.h"
#include "resolve/resolv_conf.h"
#include "resolve/unbound_context.h"

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Kind;
using dns::Question;
using Done = dns::Resolver::Done;
using SteadyClock = std::chrono::steady_clock;

struct EventDeleter {
  void operator()(event* e) const { event_free(e); }
};
struct BaseDeleter {
  void operator()(event_base* base) const { event_base_free(base); }
};
using EventPtr = std::unique_ptr<event, EventDeleter>;
using BasePtr = std::unique_ptr<event_base, BaseDeleter>;

struct Deadline {
  SteadyClock::time_point at;
  Question question;
  uint64_t waiter = 0;
};
using Deadlines = std::list<Deadline>;

struct Waiter {
  uint64_t number = 0;
  Done done;
  Deadlines::iterator deadline;
};

/// One life of libunbound: from one forget() to the next.
struct Generation {
  UnboundContext context;
  size_t asked = 0;  ///< questions that it has not answered yet; until then it must live
};

/// Old ones linger for a dead server's time-out; more questions to forget must wait for them.
constexpr size_t kGenerationsMax = 4;

/// One question that libunbound works on, and all who wait for it.
struct Flight {
  UnboundResolver::Impl* owner = nullptr;
  Generation* generation = nullptr;
  Question question;
  std::vector<Waiter> waiters;
};

std::string servers_text(const Options& options) {
  if (options.mode == Mode::recursive) return "the authoritative servers";
  std::string text;
  for (const Endpoint& server : options.servers) text += (text.empty() ? "" : ", ") + server.to_string();
  return text;
}

}  // namespace

/// Following a chain link by link, where libunbound gave up on it as a whole.
struct Walk {
  Question question;
  Answer so_far;  ///< chain, canonical and the lowest TTL
  bool secure = true;
};

struct UnboundResolver::Impl {
  explicit Impl(Options o) : options(std::move(o)), servers(servers_text(options)) {}
  ~Impl();

  Options options;
  const std::string servers;

  std::mutex mutex;
  std::vector<std::pair<Question, Done>> queue;  ///< guarded by mutex
  bool stopping = false;                         ///< guarded by mutex
  bool forgetting = false;                       ///< guarded by mutex
  int wake_fd = -1;

  // The rest belongs to the resolver's thread.
  BasePtr base;
  std::list<Generation> generations;  ///< the last is asked
  EventPtr wake_event;
  EventPtr deadline_event;
  std::map<Question, std::unique_ptr<Flight>> flights;
  Deadlines deadlines;  ///< in order, because every question has the same span; one for each waiter
  uint64_t next_waiter = 1;
  bool closing = false;
  std::thread thread;

  Status open();
  void run();
  void wake() const;
  void take_queue();
  void renew();
  void ask(const Question& question, Done done);
  void start(Flight& flight);
  void finish(const Question& question, const Answer& answer);
  void landed(Flight& flight, int rcode, std::string_view packet, int security, const char* why_bogus,
              int limited);
  void walk(std::shared_ptr<Walk> walk);
  void step(const std::shared_ptr<Walk>& walk, Answer link);
  void expire();
  void arm();
  void fail_all();
};

namespace {

void on_wake(evutil_socket_t fd, short, void* impl) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd, &count, sizeof count);
  static_cast<UnboundResolver::Impl*>(impl)->take_queue();
}

void on_deadline(evutil_socket_t, short, void* impl) { static_cast<UnboundResolver::Impl*>(impl)->expire(); }

void on_answer(void* flight, int rcode, void* packet, int octets, int security, char* why_bogus,
               int limited) {
  auto* landed = static_cast<Flight*>(flight);
  --landed->generation->asked;
  const std::string_view view =
      packet != nullptr && octets > 0
          ? std::string_view(static_cast<const char*>(packet), static_cast<size_t>(octets))
          : std::string_view();
  landed->owner->landed(*landed, rcode, view, security, why_bogus, limited);
}

}  // namespace

UnboundResolver::Impl::~Impl() {
  if (thread.joinable()) {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
    }
    wake();
    thread.join();
  }
  wake_event.reset();
  deadline_event.reset();
  generations.clear();
  base.reset();
  if (wake_fd >= 0) close(wake_fd);
}

Status UnboundResolver::Impl::open() {
  wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) return std::unexpected(errno_error("cannot make an eventfd"));
  base.reset(event_base_new());
  if (!base) return fail(Errc::internal, "libevent cannot start");
  auto made = make_unbound_context(base.get(), options);
  if (!made) return std::unexpected(made.error());
  generations.push_back({std::move(*made)});
  wake_event.reset(event_new(base.get(), wake_fd, EV_READ | EV_PERSIST, on_wake, this));
  deadline_event.reset(event_new(base.get(), -1, 0, on_deadline, this));
  if (!wake_event || !deadline_event || event_add(wake_event.get(), nullptr) != 0) {
    return fail(Errc::internal, "libevent cannot make an event");
  }
  // Signals are for the main thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto started = start_thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return pass(started.error());
  thread = std::move(*started);
  return {};
}

void UnboundResolver::Impl::run() {
  pthread_setname_np(pthread_self(), "resolver");
  event_base_loop(base.get(), EVLOOP_NO_EXIT_ON_EMPTY);
  closing = true;  // callbacks from within ub_ctx_delete, if any, find nobody waiting
  fail_all();
  generations.clear();
}

void UnboundResolver::Impl::wake() const {
  const uint64_t one = 1;
  // A full counter (EAGAIN) wakes just as well.
  [[maybe_unused]] const ssize_t put = write(wake_fd, &one, sizeof one);
}

void UnboundResolver::Impl::take_queue() {
  std::vector<std::pair<Question, Done>> taken;
  bool stop = false;
  {
    const std::scoped_lock lock(mutex);
    taken.swap(queue);
    stop = stopping;
  }
  if (stop) {
    for (auto& [question, done] : taken) done(Answer::failure("shutting down"));
    event_base_loopbreak(base.get());
    return;
  }
  renew();
  for (auto& [question, done] : taken) ask(question, std::move(done));
}

/// Never from within a callback of libunbound's: it ends contexts.
void UnboundResolver::Impl::renew() {
  const auto* current = &generations.back();
  std::erase_if(generations, [current](const Generation& g) { return &g != current && g.asked == 0; });
  if (generations.size() >= kGenerationsMax) return;
  {
    const std::scoped_lock lock(mutex);
    if (!std::exchange(forgetting, false)) return;
  }
  auto made = make_unbound_context(base.get(), options);
  if (!made) {
    // It could be made before: for want of descriptors or memory now. The old one answers on.
    log::warning("dns-not-forgotten", {{"why", made.error().what}});
    return;
  }
  generations.push_back({std::move(*made)});
}

void UnboundResolver::Impl::ask(const Question& question, Done done) {
  const uint64_t number = next_waiter++;
  const auto deadline =
      deadlines.insert(deadlines.end(), {SteadyClock::now() + options.timeout, question, number});
  if (deadlines.size() == 1) arm();
  auto& flight = flights[question];
  if (flight) {
    flight->waiters.push_back({number, std::move(done), deadline});
    return;
  }
  flight = std::make_unique<Flight>(Flight{this, nullptr, question, {}});
  flight->waiters.push_back({number, std::move(done), deadline});
  start(*flight);
}

void UnboundResolver::Impl::start(Flight& flight) {
  (void)take_unbound_complaint();
  const std::string name = flight.question.name.to_string();
  const Question question = flight.question;  // the flight may land at once
  Generation& generation = generations.back();
  flight.generation = &generation;
  ++generation.asked;
  const int error = ub_resolve_event(generation.context.get(), name.c_str(), static_cast<int>(question.type),
                                     dns::kClassIn, &flight, on_answer, nullptr);
  if (error == 0) return;
  --generation.asked;
  finish(question, Answer::failure(fmt::format("the resolver failed: {}", ub_strerror(error))));
}

void UnboundResolver::Impl::finish(const Question& question, const Answer& answer) {
  const auto at = flights.find(question);
  if (at == flights.end()) return;
  const auto flight = std::move(at->second);
  flights.erase(at);  // first: a waiter may ask the same again
  for (const Waiter& waiter : flight->waiters) deadlines.erase(waiter.deadline);
  for (Waiter& waiter : flight->waiters) waiter.done(answer);
}

void UnboundResolver::Impl::landed(Flight& flight, int rcode, std::string_view packet, int security,
                                   const char* why_bogus, int limited) {
  std::string complaint = take_unbound_complaint();
  if (closing) return;
  const Question question = flight.question;
  if (rcode == 0) {
    const Security how = security == 2   ? Security::secure
                         : security == 1 ? Security::bogus
                                         : Security::insecure;
    Answer answer = answer_from_packet(question, packet, how, why_bogus != nullptr ? why_bogus : "");
    if (answer.kind == Kind::failed && !answer.loop) answer.why += " (asked " + servers + ")";
    return finish(question, answer);
  }
  // libunbound gives up on a chain of over 11 links, and on a loop: followed here, link by link, up to our
  // bound.
  const bool chained = complaint.empty() || complaint.find("number restarts") != std::string::npos;
  if (chained && limited == 0 && question.type != dns::Type::cname) {
    auto fresh = std::make_shared<Walk>();
    fresh->question = question;
    fresh->so_far.canonical = question.name;
    fresh->so_far.ttl_s = UINT32_MAX;
    fresh->so_far.why = dns::to_string(static_cast<dns::Rcode>(rcode));
    return walk(std::move(fresh));
  }
  std::string why = dns::to_string(static_cast<dns::Rcode>(rcode));
  if (limited != 0) why += ", too many questions";
  if (!complaint.empty()) why += ": " + complaint;
  finish(question, Answer::failure(fmt::format("{} (asked {})", why, servers)));
}

void UnboundResolver::Impl::walk(std::shared_ptr<Walk> walk) {
  const Question next{walk->so_far.canonical, dns::Type::cname};
  ask(next, [this, walk = std::move(walk)](Answer link) { step(walk, std::move(link)); });
}

void UnboundResolver::Impl::step(const std::shared_ptr<Walk>& walk, Answer link) {
  Answer& so_far = walk->so_far;
  walk->secure = walk->secure && link.secure;
  if (link.present()) {
    so_far.chain.push_back(so_far.canonical);
    so_far.canonical = std::get<dns::Name>(link.records[0].data);
    so_far.ttl_s = std::min(so_far.ttl_s, link.ttl_s);
    const bool again = std::ranges::find(so_far.chain, so_far.canonical) != so_far.chain.end();
    if (!again && so_far.chain.size() <= kChainLinksMax) return this->walk(walk);
    so_far.kind = Kind::failed;
    so_far.loop = true;
    so_far.why = again ? "a CNAME loop" : fmt::format("a CNAME chain of over {} links", kChainLinksMax);
    return finish(walk->question, so_far);
  }
  if (link.unknown() || so_far.chain.empty()) {
    // Not the chain was at fault, or it can't be known.
    Answer answer =
        link.unknown() ? link : Answer::failure(fmt::format("{} (asked {})", so_far.why, servers));
    answer.loop = false;
    return finish(walk->question, answer);
  }
  ask({so_far.canonical, walk->question.type}, [this, walk](Answer last) {
    last.chain.insert(last.chain.begin(), walk->so_far.chain.begin(), walk->so_far.chain.end());
    last.ttl_s = std::min(last.ttl_s, walk->so_far.ttl_s);
    last.secure = last.secure && walk->secure;
    finish(walk->question, last);
  });
}

void UnboundResolver::Impl::expire() {
  const auto now = SteadyClock::now();
  while (!deadlines.empty() && deadlines.front().at <= now) {
    const Deadline due = std::move(deadlines.front());
    deadlines.pop_front();
    auto& waiters = flights.at(due.question)->waiters;
    const auto waiter = std::ranges::find(waiters, due.waiter, &Waiter::number);
    Done done = std::move(waiter->done);
    waiters.erase(waiter);  // the flight goes on: its answer still fills the cache
    done(Answer::failure(
        fmt::format("timed out after {} (asked {})", format_duration(options.timeout), servers)));
  }
  arm();
}

void UnboundResolver::Impl::arm() {
  if (deadlines.empty()) return;
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(deadlines.front().at - SteadyClock::now());
  const auto micros = std::max<int64_t>(left.count(), 0) + 1000;
  const timeval span{micros / 1'000'000, micros % 1'000'000};
  event_add(deadline_event.get(), &span);
}

void UnboundResolver::Impl::fail_all() {
  while (!flights.empty()) {
    // The Flight itself stays until libunbound is gone: it still points there.
    std::vector<Waiter> waiters;
    for (auto& [question, flight] : flights) {
      std::ranges::move(flight->waiters, std::back_inserter(waiters));
      flight->waiters.clear();
    }
    deadlines.clear();
    if (waiters.empty()) break;
    for (Waiter& waiter : waiters) waiter.done(Answer::failure("shutting down"));
  }
  std::vector<std::pair<Question, Done>> late;
  {
    const std::scoped_lock lock(mutex);
    late.swap(queue);
  }
  for (auto& [question, done] : late) done(Answer::failure("shutting down"));
}

UnboundResolver::UnboundResolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UnboundResolver::~UnboundResolver() = default;

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::open(Options options) {
  if (options.mode == Mode::forward && options.servers.empty()) {
    auto servers = read_resolv_conf();
    if (!servers) return std::unexpected(servers.error());
    options.servers = std::move(*servers);
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto status = impl->open(); !status) return std::unexpected(status.error());
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(impl)));
}

void UnboundResolver::forget() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->forgetting = true;
  }
  impl_->wake();
}

void UnboundResolver::resolve(const Question& question, Done done) {
  bool first = false;
  {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->stopping) {
      first = impl_->queue.empty();
      impl_->queue.emplace_back(question, std::move(done));
      done = nullptr;
    }
  }
  if (done) return done(Answer::failure("shutting down"));
  if (first) impl_->wake();
}

}  // namespace waybill::resolve
