#include "rehearse/engine.h"

#include <algorithm>
#include <deque>

#include "rehearse/conductor.h"
#include "rehearse/router.h"
#include "rehearse/virtual_dns.h"
#include "rehearse/virtual_host.h"

namespace waybill::rehearse {
namespace {
constexpr Millis kRunMax = std::chrono::days(6);
/// After the last recipient's end: connections say goodbye.
constexpr Millis kAfterglow{10'000};

/// One run. Members in the order in which they need each other: the world outlives what lives in it.
class Engine {
 public:
  Engine(const Scenario& scenario, Recorder& recorder)
      : scenario_(scenario),
        recorder_(recorder),
        world_(clock_),
        loop_(world_),
        start_(clock_.steady()),
        dns_(scenario, world_, start_, recorder),
        router_(scenario, world_, dns_),
        conductor_(scenario, loop_, clock_, router_, recorder) {
    for (const Host& host : scenario_.hosts) {
      hosts_.emplace_back(host, world_, start_, recorder);
      for (const IpAddress& ip : host.addresses) by_address_[ip] = &hosts_.back();
    }
    world_.on_dial(
        [this](const Endpoint& to, const std::shared_ptr<net::VirtualPipe>& pipe) { return dial(to, pipe); });
  }

  Result<Ended> run();

 private:
  net::Dialed dial(const Endpoint& to, const std::shared_ptr<net::VirtualPipe>& pipe);
  void plan_injections();
  void inject(const Injection& injection, uint64_t number);

  const Scenario& scenario_;
  ManualClock clock_;
  Recorder& recorder_;
  std::deque<VirtualHost> hosts_;  ///< outlive the connections to them, which the world and the loop hold
  std::map<IpAddress, VirtualHost*> by_address_;
  net::VirtualWorld world_;
  net::Loop loop_;
  Steady start_;
  VirtualDns dns_;
  Router router_;
  Conductor conductor_;
  uint64_t to_come_ = 0;  ///< messages and clock jumps
  Status status_;
};

net::Dialed Engine::dial(const Endpoint& to, const std::shared_ptr<net::VirtualPipe>& pipe) {
  const auto at = by_address_.find(to.ip);
  const std::string label = at == by_address_.end() ? "" : at->second->host().label;
  recorder_.connect({world_.now() - start_, label, to.ip});
  if (at == by_address_.end()) return {{}, {Errc::timeout, "nobody there"}, {}};
  return at->second->dial(to.ip, pipe);
}

// One appointment a millisecond at most, not one a message: the next is made when the last is kept.
void Engine::inject(const Injection& injection, uint64_t number) {
  const Steady now = world_.now();
  Steady next = now;
  do {
    if (Status status = conductor_.inject(injection, number); !status && status_) status_ = std::move(status);
    --to_come_;
    ++number;
    next = start_ + injection.at + std::chrono::floor<Millis>(injection.every * (number - 1));
  } while (number <= injection.count && next <= now);
  if (number > injection.count) return;
  world_.at(next, [this, &injection, number] { inject(injection, number); });
}

void Engine::plan_injections() {
  for (const Injection& one : scenario_.injections) {
    to_come_ += one.count;
    world_.at(start_ + one.at, [this, &one] { inject(one, 1); });
  }
  for (const Demand& one : scenario_.demands) {
    ++to_come_;
    world_.at(start_ + one.at, [this, &one] {
      --to_come_;
      conductor_.demand(one);
    });
  }
  for (const ClockJump& one : scenario_.jumps) {
    ++to_come_;
    world_.at(start_ + one.at, [this, &one] {
      --to_come_;
      clock_.jump(one.by);
    });
  }
}

Result<Ended> Engine::run() {
  plan_injections();
  const Steady end = start_ + scenario_.run.value_or(kRunMax);
  while (status_ && world_.step(end)) {
    if (!scenario_.run && to_come_ == 0 && conductor_.idle()) break;
  }
  if (!scenario_.run) {
    const Steady later = world_.now() + kAfterglow;
    while (status_ && world_.step(later)) {
    }
  }
  if (!status_) return pass(status_.error());
  if (!conductor_.fault()) return pass(conductor_.fault().error());
  conductor_.audit();
  return Ended{world_.now() - start_, conductor_.custody_faults()};
}
}  // namespace

Result<Ended> run(const Scenario& scenario, Recorder& recorder) {
  auto engine = std::make_unique<Engine>(scenario, recorder);
  return engine->run();
}

Result<Journal> run(const Scenario& scenario) {
  Journal journal;
  JournalRecorder recorder(journal);
  auto ended = run(scenario, recorder);
  if (!ended) return pass(ended.error());
  journal.end = ended->at;
  journal.custody_faults = std::move(ended->custody_faults);
  return journal;
}

}  // namespace waybill::rehearse
