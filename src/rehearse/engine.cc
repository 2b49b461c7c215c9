#include "rehearse/engine.h"

#include <algorithm>
#include <deque>
#include <set>

#include "rehearse/boundaries.h"
#include "rehearse/calm.h"
#include "rehearse/conductor.h"
#include "rehearse/router.h"
#include "rehearse/virtual_dns.h"
#include "rehearse/virtual_host.h"

namespace waybill::rehearse {
namespace {
constexpr Millis kRunMax = std::chrono::days(6);
/// After the last recipient's end: connections say goodbye.
constexpr Millis kAfterglow{10'000};
/// What is left out at once, so that what only looked calm shows itself; and what is played before a change,
/// so that it meets connections as they would be.
constexpr Millis kLeaveOutMax = std::chrono::hours(1);
constexpr Millis kBeforeChange{10'000};
constexpr Millis kAfterLeap{5'000};
constexpr Millis kLeaveOutMin{60'000};

/// One run. Members in the order in which they need each other: the world outlives what lives in it.
class Engine {
 public:
  Engine(const Scenario& scenario, Recorder& recorder, const CalmRule& calm)
      : scenario_(scenario),
        watch_(messages_of(scenario) > calm.play_all_up_to ? std::make_unique<CalmWatch>(recorder, calm)
                                                           : nullptr),
        recorder_(watch_ ? *watch_ : recorder),
        boundaries_(scenario),
        settled_after_(scenario.deliver.pacing.connection_age_max + kAfterLeap),
        world_(clock_),
        loop_(world_),
        start_(clock_.steady()),
        dns_(scenario, world_, start_, recorder_),
        router_(scenario, world_, dns_),
        conductor_(scenario, loop_, clock_, router_, recorder_) {
    for (const Host& host : scenario_.hosts) {
      hosts_.emplace_back(host, world_, start_, recorder_);
      for (const IpAddress& ip : host.addresses) by_address_[ip] = &hosts_.back();
    }
    world_.on_dial(
        [this](const Endpoint& to, const std::shared_ptr<net::VirtualPipe>& pipe) { return dial(to, pipe); });
  }

  Result<Ended> run();

 private:
  net::Dialed dial(const Endpoint& to, const std::shared_ptr<net::VirtualPipe>& pipe);
  void plan_injections();
  struct Flow {
    const Injection& injection;
    uint64_t next = 1;  ///< the number of its next message
  };
  void inject(Flow& flow);
  [[nodiscard]] static uint64_t messages_of(const Scenario& scenario);
  void leap_if_calm();
  void note_known_hosts(Millis now);
  [[nodiscard]] bool down_as_they_are(Millis at) const;
  void leave_out(Journal::Calm calm);

  const Scenario& scenario_;
  ManualClock clock_;
  std::unique_ptr<CalmWatch> watch_;  ///< in a run that may leave out calm stretches
  Recorder& recorder_;
  const Boundaries boundaries_;
  /// After a change, those who were connected before it may go on as they were until their connections are
  /// old.
  const Millis settled_after_;
  std::set<std::string> down_;  ///< hosts that delivery takes for dead
  Millis hosts_changed_{0};     ///< since when
  int64_t looked_ = 0;          ///< the second in which we last asked whether it is calm
  std::deque<Flow> flows_;
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
void Engine::inject(Flow& flow) {
  const Injection& injection = flow.injection;
  const Steady now = world_.now();
  // Not yet: its messages until now were left out.
  while (flow.next <= injection.count && start_ + time_of(injection, flow.next) <= now) {
    if (watch_) watch_->message(now - start_);
    if (Status status = conductor_.inject(injection, flow.next); !status && status_)
      status_ = std::move(status);
    --to_come_;
    ++flow.next;
  }
  leap_if_calm();
  if (flow.next > injection.count) return;
  world_.at(start_ + time_of(injection, flow.next), [this, &flow] { inject(flow); });
}

uint64_t Engine::messages_of(const Scenario& scenario) {
  uint64_t messages = 0;
  for (const Injection& one : scenario.injections) messages += one.count;
  return messages;
}

void Engine::leap_if_calm() {
  if (!watch_) return;
  const Millis now = world_.now() - start_;
  if (now / Seconds{1} == looked_) return;
  looked_ = now / Seconds{1};
  note_known_hosts(now);
  const auto change = boundaries_.after(now);
  const Millis until = change ? std::min(*change - kBeforeChange, now + kLeaveOutMax) : now + kLeaveOutMax;
  if (until - now < kLeaveOutMin || !down_as_they_are(now)) return;
  auto calm = watch_->sample(std::max(boundaries_.before(now), hosts_changed_) + settled_after_, now);
  if (!calm) return;
  calm->from = now;
  calm->to = until;
  leave_out(std::move(*calm));
}

void Engine::note_known_hosts(Millis now) {
  std::set<std::string> down;
  for (const deliver::HostStatus& known : conductor_.failing_hosts()) {
    if (known.down) down.insert(known.host);
  }
  if (down == down_) return;
  down_ = std::move(down);
  hosts_changed_ = now;
}

// A host that came back and is still taken for dead would take a part of the mail before long.
bool Engine::down_as_they_are(Millis at) const {
  return std::ranges::all_of(down_, [&](const std::string& name) {
    return std::ranges::any_of(hosts_, [&](const VirtualHost& one) {
      return one.host().name.to_string() == name &&
             std::ranges::any_of(one.host().behaviours,
                                 [&](const Behaviour& trouble) { return trouble.window.holds(at); });
    });
  });
}

void Engine::leave_out(Journal::Calm calm) {
  for (Flow& flow : flows_) {
    while (flow.next <= flow.injection.count && time_of(flow.injection, flow.next) < calm.to) {
      ++flow.next;
      --to_come_;
      ++calm.messages;
      calm.recipients += flow.injection.to.size();
    }
  }
  watch_->restart(calm.to + kAfterLeap);
  recorder_.calm(calm);
}

void Engine::plan_injections() {
  for (const Injection& one : scenario_.injections) {
    to_come_ += one.count;
    Flow& flow = flows_.emplace_back(Flow{one});
    world_.at(start_ + one.at, [this, &flow] { inject(flow); });
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

Result<Ended> run(const Scenario& scenario, Recorder& recorder, const CalmRule& calm) {
  auto engine = std::make_unique<Engine>(scenario, recorder, calm);
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
