// How long a restart takes: from opening the spool to the first Delivery, with so many recipients queued,
// after a clean shutdown and after kill -9, and what the process weighs then. Fills and measures in processes
// of their own: `queue_restart_bench [RECIPIENTS [BODY_OCTETS [MEMORY_MIB [LOG_MIB]]]]`.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "queue/rocks_store.h"
#include "queue/scheduler.h"

namespace {
using namespace waybill;
using namespace waybill::queue;

struct Setup {
  std::string path;
  size_t recipients = 100'000;
  size_t body_octets = 4096;
  size_t memory_octets = 128ULL << 20;
  uint64_t log_octets = RocksStoreOptions{}.log_octets_max;
};

RocksStoreOptions options(const Setup& plan, const Clock& clock) {
  RocksStoreOptions out;
  out.path = plan.path;
  out.clock = &clock;
  out.memory_octets = plan.memory_octets;
  out.log_octets_max = plan.log_octets;
  return out;
}

std::unique_ptr<RocksStore> open(const Setup& plan, const Clock& clock) {
  auto opened = RocksStore::open(options(plan, clock));
  if (opened) return std::move(*opened);
  fmt::print(stderr, "{}\n", opened.error().what);
  std::abort();
}

NewMessage message(size_t n, MessageId id, Time now, size_t octets) {
  NewMessage out;
  out.message.id = id;
  out.message.arrived = now;
  out.message.envelope.from = *mail::Address::parse("sender@example.org");
  out.message.size_octets = octets;
  out.message.chunk_count = 1;
  out.message.recipient_count = 1;
  std::string body(octets, 'x');
  for (size_t i = 0; i < octets; ++i) body[i] = static_cast<char>('!' + (i * 31 + n * 17 + i * i * n) % 90);
  out.chunks.emplace_back(std::move(body));
  RecipientRecord to;
  to.recipient.address = *mail::Address::parse(fmt::format("user{}@d{}.example.net", n, n % 5000));
  to.next_attempt = now;
  out.recipients.push_back(std::move(to));
  return out;
}

void fill(const Setup& plan) {
  const auto start = std::chrono::steady_clock::now();
  SystemClock clock;
  IdSource ids{clock};
  auto store = open(plan, clock);
  std::atomic<size_t> left = 0;
  for (size_t n = 0; n < plan.recipients;) {
    const size_t batch = std::min<size_t>(500, plan.recipients - n);
    left = batch;
    for (size_t i = 0; i < batch; ++i, ++n) {
      Transaction one;
      one.messages.push_back(message(n, ids.next(), clock.now(), plan.body_octets));
      store->commit(std::move(one), [&left](const Status& status) {
        if (!status) std::abort();
        if (--left == 0) left.notify_one();
      });
    }
    for (size_t now = left; now != 0; now = left) left.wait(now);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("  filled in {:.1f} s\n", took.count());
  (void)std::fflush(stdout);
  if (::getenv("WAYBILL_BENCH_KILL") != nullptr) (void)::kill(::getpid(), SIGKILL);
}

void measure(const Setup& plan) {
  SystemClock clock;
  const auto start = std::chrono::steady_clock::now();
  const auto since = [start] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  };
  const auto store = open(plan, clock);
  const double opened_ms = since();
  Scheduler scheduler(*store, Schedule{}, SchedulerLimits{}, 1);
  scheduler.recover();
  const auto first = scheduler.next(clock.now());
  const double first_ms = since();
  if (!first || first->empty() || store->stats().recipients_queued != plan.recipients) std::abort();
  while (scheduler.stats().ready_recipients < 15'000 &&
         scheduler.stats().ready_recipients < plan.recipients / 2) {
    if (!scheduler.next(clock.now())) std::abort();
  }
  const double window_ms = since();
  struct rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  fmt::print("  open {:.0f} ms, first delivery {:.0f} ms, window of {} {:.0f} ms, resident at most {} MiB\n",
             opened_ms, first_ms, scheduler.stats().ready_recipients, window_ms, used.ru_maxrss / 1024);
}

template <class Work>
void in_child(Work work) {
  (void)std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    (void)std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  (void)::waitpid(child, &status, 0);
  if (status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) std::abort();
}
}  // namespace

int main(int argc, char** argv) {
  Setup plan;
  if (argc > 1) plan.recipients = std::strtoull(argv[1], nullptr, 10);
  if (argc > 2) plan.body_octets = std::strtoull(argv[2], nullptr, 10);
  if (argc > 3) plan.memory_octets = std::strtoull(argv[3], nullptr, 10) << 20;
  if (argc > 4) plan.log_octets = std::strtoull(argv[4], nullptr, 10) << 20;
  for (const bool killed : {false, true}) {
    std::string pattern = (std::filesystem::temp_directory_path() / "waybill-bench-XXXXXX").string();
    const std::string folder = ::mkdtemp(pattern.data());
    plan.path = folder + "/spool";
    fmt::print("{} recipients, {} octets each, {}:\n", plan.recipients, plan.body_octets,
               killed ? "kill -9" : "clean shutdown");
    if (killed) ::setenv("WAYBILL_BENCH_KILL", "1", 1);
    in_child([&plan] { fill(plan); });
    for (int run = 0; run < 3; ++run) in_child([&plan] { measure(plan); });
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  return 0;
}
