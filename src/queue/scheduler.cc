#include "queue/scheduler.h"

#include <algorithm>
#include <atomic>

#include "queue/operate.h"

namespace waybill::queue {

/// Octets of bodies that are kept in memory; given back on whichever thread drops a body last.
struct Scheduler::Budget {
  std::atomic<uint64_t> octets{0};
};

namespace {

class StoreBody final : public mail::Body {
 public:
  StoreBody(const Store& store, const MessageRecord& message)
      : store_(store), id_(message.id), size_(message.size_octets), chunks_(message.chunk_count) {}
  [[nodiscard]] uint64_t size_octets() const override { return size_; }
  [[nodiscard]] uint32_t chunk_count() const override { return chunks_; }
  [[nodiscard]] Result<Chunk> chunk(uint32_t n) const override { return store_.chunk(id_, n); }

 private:
  const Store& store_;
  MessageId id_;
  uint64_t size_;
  uint32_t chunks_;
};

template <class Budget>
class CountedBody final : public mail::Body {
 public:
  CountedBody(mail::BodyPtr inner, std::shared_ptr<Budget> budget)
      : inner_(std::move(inner)), budget_(std::move(budget)) {
    budget_->octets += inner_->size_octets();
  }
  ~CountedBody() override { budget_->octets -= inner_->size_octets(); }
  CountedBody(const CountedBody&) = delete;
  CountedBody& operator=(const CountedBody&) = delete;
  [[nodiscard]] uint64_t size_octets() const override { return inner_->size_octets(); }
  [[nodiscard]] uint32_t chunk_count() const override { return inner_->chunk_count(); }
  [[nodiscard]] Result<Chunk> chunk(uint32_t n) const override { return inner_->chunk(n); }

 private:
  mail::BodyPtr inner_;
  std::shared_ptr<Budget> budget_;
};

constexpr size_t kLaneCapMin = 64;

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::none:
      return "waiting";
    case Phase::ready:
      return "ready";
    case Phase::in_flight:
      return "in flight";
    case Phase::committing:
      return "committing";
  }
  return "unknown";
}

Scheduler::Scheduler(const Store& store, Schedule schedule, SchedulerLimits limits, uint64_t seed)
    : store_(store),
      schedule_(std::move(schedule)),
      limits_(limits),
      seed_(seed),
      bodies_(std::make_shared<Budget>()) {}

Scheduler::~Scheduler() = default;

void Scheduler::reconfigure(Schedule schedule, SchedulerLimits limits) {
  schedule_ = std::move(schedule);
  limits_ = limits;
  for (auto& [domain, lane] : lanes_) make_turn(domain, lane);
}

void Scheduler::recover() {
  slots_.clear();
  lanes_.clear();
  turn_.clear();
  in_flight_.clear();
  ready_recipients_ = 0;
  swept_.reset();
  swept_to_end_ = false;
  upcoming_.reset();
  lagging_.clear();
  released_.clear();
}

// -- lanes --------------------------------------------------------------------------------------------

// The more domains are busy the less each may fill of the window, so that no few of them take it all.
size_t Scheduler::lane_cap() const {
  const size_t fair = limits_.window_recipients_max / (lanes_.size() + 1);
  return std::min(std::max(fair, kLaneCapMin), limits_.window_per_domain_max);
}

size_t Scheduler::lane_room(const std::string& domain) const {
  const auto at = lanes_.find(domain);
  const size_t used = at == lanes_.end() ? 0 : at->second.ready_recipients;
  const size_t cap = lane_cap();
  const size_t own = cap > used ? cap - used : 0;
  const size_t all = limits_.window_recipients_max > ready_recipients_
                         ? limits_.window_recipients_max - ready_recipients_
                         : 0;
  return std::min(own, all);
}

void Scheduler::make_turn(const std::string& domain, Lane& lane) {
  if (lane.in_turn || lane.ready.empty() || lane.outstanding >= limits_.outstanding_per_domain_max) return;
  lane.in_turn = true;
  turn_.push_back(domain);
}

void Scheduler::drop_if_idle(const std::string& domain) {
  const auto at = lanes_.find(domain);
  if (at == lanes_.end() || at->second.in_turn || at->second.outstanding > 0 || !at->second.ready.empty())
    return;
  lanes_.erase(at);
}

void Scheduler::add_work(Work work, const std::string& domain) {
  for (Member& member : work.members) {
    member.generation = ++generation_;
    slots_[{work.message->id, member.index}] = Slot{Phase::ready, member.generation, {}};
  }
  Lane& lane = lanes_[domain];
  lane.ready_recipients += work.members.size();
  ready_recipients_ += work.members.size();
  lane.ready.push_back(std::move(work));
  make_turn(domain, lane);
}

mail::BodyPtr Scheduler::keep_body(mail::BodyPtr body, const MessageRecord& message) {
  if (!body || bodies_->octets + body->size_octets() > limits_.body_octets_max) {
    return std::make_shared<StoreBody>(store_, message);
  }
  return std::make_shared<CountedBody<Budget>>(std::move(body), bodies_);
}

void Scheduler::lag(const std::string& domain) {
  const auto [at, added] = lagging_.try_emplace(domain);
  if (!added) at->second.again = true;
}

void Scheduler::will_be_due(Time at) {
  if (!upcoming_ || at < *upcoming_) upcoming_ = at;
}

void Scheduler::accepted(std::shared_ptr<const MessageRecord> message,
                         std::vector<RecipientRecord> recipients, mail::BodyPtr body, Time now) {
  mail::BodyPtr kept;
  std::vector<std::pair<std::string, Work>> groups;
  for (uint32_t index = 0; index < recipients.size(); ++index) {
    RecipientRecord& record = recipients[index];
    if (record.state != State::queued || slots_.contains({message->id, index})) continue;
    if (record.next_attempt > now) {
      will_be_due(record.next_attempt);
      continue;
    }
    const std::string& domain = record.recipient.address.domain.text();
    auto group = std::ranges::find_if(groups, [&](const auto& one) {
      return one.first == domain && one.second.members.front().record.route_pin == record.route_pin &&
             one.second.members.size() < limits_.recipients_per_delivery_max;
    });
    size_t waiting = 0;
    for (const auto& [name, work] : groups) waiting += name == domain ? work.members.size() : 0;
    if (lane_room(domain) <= waiting) {
      lag(domain);  // it stands in the index, and is read from there when its lane has room
      continue;
    }
    if (!kept) kept = keep_body(std::move(body), *message);
    if (group == groups.end()) group = groups.insert(groups.end(), {domain, Work{message, kept, {}}});
    group->second.members.push_back({index, 0, std::move(record)});
  }
  for (auto& [domain, work] : groups) {
    if (ready_recipients_ + work.members.size() > limits_.window_recipients_max) {
      lag(domain);
    } else {
      add_work(std::move(work), domain);
    }
  }
}

// -- handing out --------------------------------------------------------------------------------------

Result<std::vector<mail::DeliveryPtr>> Scheduler::next(Time now, size_t max) {
  const Status filled = refill(now);
  std::vector<mail::DeliveryPtr> out;
  while (out.size() < max && in_flight_.size() < limits_.outstanding_max && !turn_.empty()) {
    const std::string domain = std::move(turn_.front());
    turn_.pop_front();
    Lane& lane = lanes_[domain];
    lane.in_turn = false;
    if (auto delivery = hand_out(domain, lane)) out.push_back(std::move(delivery));
    make_turn(domain, lane);
    drop_if_idle(domain);
  }
  if (out.empty() && !filled) return pass(filled.error());
  return out;
}

mail::DeliveryPtr Scheduler::hand_out(const std::string& domain, Lane& lane) {
  while (!lane.ready.empty()) {
    Work work = std::move(lane.ready.front());
    lane.ready.pop_front();
    lane.ready_recipients -= work.members.size();
    ready_recipients_ -= work.members.size();
    const MessageId id = work.message->id;
    // An operator's action may have taken some out since.
    std::erase_if(work.members, [this, id](const Member& member) {
      const auto slot = slots_.find({id, member.index});
      return slot == slots_.end() || slot->second.generation != member.generation ||
             slot->second.phase != Phase::ready;
    });
    if (work.members.empty()) continue;
    auto delivery = std::make_shared<mail::Delivery>();
    delivery->id = id;
    delivery->arrived = work.message->arrived;
    delivery->envelope = std::shared_ptr<const mail::Envelope>(work.message, &work.message->envelope);
    delivery->body = work.body;
    delivery->domain = work.members.front().record.recipient.address.domain;
    delivery->route_pin = work.members.front().record.route_pin;
    delivery->recipients.reserve(work.members.size());
    for (const Member& member : work.members) {
      delivery->recipients.push_back({member.index, member.record.recipient, member.record.attempts});
      slots_[{id, member.index}].phase = Phase::in_flight;
    }
    if (outgoing_) delivery->envelope = outgoing_(*delivery);
    ++lane.outstanding;
    const mail::DeliveryPtr handed = std::move(delivery);
    in_flight_.emplace(handed.get(), InFlight{handed, std::move(work), domain});
    return handed;
  }
  return nullptr;
}

Plan Scheduler::finished(const mail::DeliveryResult& result, Time now) {
  Plan plan;
  const auto at = in_flight_.find(result.delivery.get());
  if (at == in_flight_.end()) return plan;
  const InFlight done = std::move(at->second);
  in_flight_.erase(at);
  plan.message = done.work.message;
  plan.body = done.work.body;
  bool deferred = false;
  for (size_t i = 0; i < done.work.members.size(); ++i) {
    const Member& member = done.work.members[i];
    const RecipientKey key{plan.message->id, member.index};
    Slot& slot = slots_[key];
    // An answer that is missing is unknown, and what is unknown is tried again.
    const mail::Outcome unknown =
        mail::Outcome::deferred(451, {4, 3, 0}, "the attempt ended without an answer");
    const mail::Outcome& outcome = i < result.outcomes.size() ? result.outcomes[i] : unknown;
    deferred = deferred || outcome.fate == mail::Fate::deferred;
    Verdict verdict = judge(schedule_, *plan.message, key, member.record, outcome, slot.intent, now, seed_);
    plan.changes.push_back(std::move(verdict.change));
    std::ranges::move(verdict.reports, std::back_inserter(plan.reports));
    slot.phase = Phase::committing;
    slot.intent = {};
  }
  if (deferred) released_.erase(done.domain);  // not back after all: its siblings keep their times
  Lane& lane = lanes_[done.domain];
  --lane.outstanding;
  make_turn(done.domain, lane);
  drop_if_idle(done.domain);
  return plan;
}

Plan Scheduler::returned(const mail::DeliveryPtr& delivery, Time now) {
  Plan plan;
  const auto at = in_flight_.find(delivery.get());
  if (at == in_flight_.end()) return plan;
  InFlight back = std::move(at->second);
  in_flight_.erase(at);
  plan.message = back.work.message;
  plan.body = back.work.body;
  const MessageId id = plan.message->id;
  std::erase_if(back.work.members, [&](const Member& member) {
    Slot& slot = slots_[{id, member.index}];
    slot.phase = Phase::ready;
    if (slot.intent.kind == Intent::Kind::none) return false;
    Action action{.kind = Action::Kind::retry, .who = slot.intent.who, .route_pin = slot.intent.route_pin};
    if (slot.intent.kind == Intent::Kind::remove) action.kind = Action::Kind::remove;
    if (slot.intent.kind == Intent::Kind::hold) action.kind = Action::Kind::hold;
    if (slot.intent.kind == Intent::Kind::reroute) action.kind = Action::Kind::reroute;
    slot.intent = {};
    auto change = change_for(action, {id, member.index}, member.record, now);
    if (!change) return false;
    slot.phase = Phase::committing;
    plan.changes.push_back(std::move(*change));
    return true;
  });
  Lane& lane = lanes_[back.domain];
  --lane.outstanding;
  if (ready_recipients_ + back.work.members.size() > limits_.window_recipients_max) {
    // The window filled up meanwhile: read them from the index again when there is room.
    for (const Member& member : back.work.members) slots_.erase({id, member.index});
    lag(back.domain);
  } else if (!back.work.members.empty()) {
    lane.ready_recipients += back.work.members.size();
    ready_recipients_ += back.work.members.size();
    lane.ready.push_front(std::move(back.work));
  }
  make_turn(back.domain, lane);
  drop_if_idle(back.domain);
  return plan;
}

void Scheduler::settled(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    slots_.erase(change.key);
    if (change.after.state != State::queued) continue;
    const std::string& domain = change.after.recipient.address.domain.text();
    // The sweep goes forward only: what was put behind it is found through its domain.
    if (swept_ && Due{change.after.next_attempt, change.key, domain} <= *swept_) {
      lag(domain);
    } else {
      will_be_due(change.after.next_attempt);
    }
  }
}

// -- operators ----------------------------------------------------------------------------------------

Scheduler::Reserved Scheduler::reserve(RecipientKey key, Intent intent) {
  const auto at = slots_.find(key);
  if (at != slots_.end() && at->second.phase == Phase::committing) return Reserved::busy;
  if (at != slots_.end() && at->second.phase == Phase::in_flight) {
    at->second.intent = std::move(intent);
    return Reserved::later;
  }
  slots_[key] = Slot{Phase::committing, ++generation_, {}};
  return Reserved::yes;
}

void Scheduler::abandon(RecipientKey key, const std::string& domain) {
  const auto at = slots_.find(key);
  if (at == slots_.end() || at->second.phase != Phase::committing) return;
  slots_.erase(at);
  lag(domain);
}

Phase Scheduler::phase(RecipientKey key) const {
  const auto at = slots_.find(key);
  return at == slots_.end() ? Phase::none : at->second.phase;
}

SchedulerStats Scheduler::stats() const {
  return {.ready_recipients = ready_recipients_,
          .tracked_recipients = slots_.size(),
          .outstanding = in_flight_.size(),
          .domains = lanes_.size(),
          .lagging_domains = lagging_.size(),
          .released_domains = released_.size(),
          .body_octets = bodies_->octets};
}

Scheduler::LaneStats Scheduler::lane(const std::string& domain) const {
  LaneStats out;
  if (const auto at = lanes_.find(domain); at != lanes_.end()) {
    out.ready = at->second.ready_recipients;
    out.outstanding = at->second.outstanding;
  }
  out.lagging = lagging_.contains(domain);
  out.released = released_.contains(domain);
  return out;
}

}  // namespace waybill::queue
