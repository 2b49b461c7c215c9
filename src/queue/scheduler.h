// scheduler.h: which recipients are tried next. Memory holds a bounded window of ready work, grouped into
// Deliveries and taken from the destinations in turn; all else stays in the store's due index.
//
// Life of a recipient here: (due index) → ready → in flight → committing → (gone, or due index again).
//   accepted() or a sweep of the index → ready; next() → in flight; finished() → committing;
//   settled(), after the caller has committed the plan's changes → forgotten.
// From ready to settled() no sweep can take it a second time. A commit that fails is the caller's to repeat:
// until settled() the recipient stays where it is, and is not tried again.
//
// Thread rule: single-threaded, owned by one loop; methods read the Store (bounded pages) and may block on a
// disk read. No clock: the time comes in. Never forgets a recipient that the store holds as queued: what the
// window has no room for is remembered by its domain and read again later; after a crash or recover() all is
// read anew.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "mail/delivery.h"
#include "queue/schedule.h"

namespace waybill::queue {

struct SchedulerLimits {
  size_t window_recipients_max = 20'000;     ///< ready ones, all domains
  size_t window_per_domain_max = 2'000;      ///< ready ones of one domain, fewer when many domains are busy
  uint64_t body_octets_max = 64ULL << 20;    ///< bodies kept in memory; others are read back from the store
  size_t recipients_per_delivery_max = 100;  ///< RFC 5321 4.5.3.1.8: what every server must take
  size_t outstanding_max = 1'000;            ///< deliveries handed out and not finished
  size_t outstanding_per_domain_max = 50;
};

/// What finished() decided: commit `changes` (with the reports' messages in the same Transaction), then call
/// settled() with them.
struct Plan {
  std::shared_ptr<const MessageRecord> message;
  mail::BodyPtr body;
  std::vector<Change> changes;
  std::vector<Report> reports;  ///< wanted or not: see Report::decision
};

enum class Phase : uint8_t { none, ready, in_flight, committing };
[[nodiscard]] std::string_view to_string(Phase phase);

/// The explanation of one recipient's present: for `queue why`.
struct Why {
  std::optional<RecipientRecord> record;  ///< none: not in the spool (ended or never was); see the ledger
  Phase phase = Phase::none;
  std::optional<Time> next_attempt;
  std::vector<std::string> reasons;  ///< sentences, most important first
};

struct SchedulerStats {
  size_t ready_recipients = 0;
  size_t tracked_recipients = 0;  ///< ready, in flight or committing
  size_t outstanding = 0;         ///< deliveries
  size_t domains = 0;
  size_t lagging_domains = 0;
  size_t released_domains = 0;
  uint64_t body_octets = 0;
};

class Scheduler {
 public:
  /// `store` outlives the scheduler and every body it handed out. `seed`: for the jitter, so runs can be
  /// replayed.
  Scheduler(const Store& store, Schedule schedule, SchedulerLimits limits, uint64_t seed);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// New policy and limits (reload): for what is decided from now on.
  void reconfigure(Schedule schedule, SchedulerLimits limits);

  /// What a delivery's envelope is on its way out, e.g. its sender rewritten; without it, the message's own.
  using Outgoing = std::function<std::shared_ptr<const mail::Envelope>(const mail::Delivery&)>;
  void set_outgoing(Outgoing outgoing) { outgoing_ = std::move(outgoing); }

  /// At start: forgets everything; the first next() begins to read the due index. Nothing may be in flight.
  void recover();
  /// Right after the commit that accepted it. `body` may be null: it is read from the store then.
  void accepted(std::shared_ptr<const MessageRecord> message, std::vector<RecipientRecord> recipients,
                mail::BodyPtr body, Time now);
  /// Work to hand to delivery now, in turn from every destination; at most `max` deliveries.
  [[nodiscard]] Result<std::vector<mail::DeliveryPtr>> next(Time now, size_t max = SIZE_MAX);
  /// The answer to one Delivery. A result that answers nothing we know (a second answer) gives an empty plan.
  [[nodiscard]] Plan finished(const mail::DeliveryResult& result, Time now);
  /// After changes were committed, from finished() or from an operator's action.
  void settled(const std::vector<Change>& changes);
  /// A Delivery that was never tried (shutdown, no room): back to ready. The plan has the changes that an
  /// operator asked for meanwhile; usually it is empty.
  [[nodiscard]] Plan returned(const mail::DeliveryPtr& delivery, Time now);

  /// A host came back: the queued recipients of these domains become due, oldest next attempt first, as fast
  /// as their lane drains. Ends when all were pulled in, or at the first deferral after the release.
  void release_domains(const std::vector<std::string>& domains, Time now);

  /// Before an operator's change is committed. `yes`: the recipient was taken out of the window and is
  /// `committing`: commit the change, then settled() (or abandon()). `later`: an attempt is under way, and
  /// the intent applies to its result. `busy`: another change is being written; ask again after its
  /// settled().
  enum class Reserved : uint8_t { yes, later, busy };
  [[nodiscard]] Reserved reserve(RecipientKey key, Intent intent);
  /// The reserved change was not committed: the recipient may be taken again.
  void abandon(RecipientKey key, const std::string& domain);

  /// When next() may have something to hand out; `now` if at once; none: only after another call here.
  [[nodiscard]] std::optional<Time> next_wake(Time now) const;
  [[nodiscard]] Result<Why> why(RecipientKey key, Time now) const;
  [[nodiscard]] Phase phase(RecipientKey key) const;
  [[nodiscard]] SchedulerStats stats() const;
  /// For backup MXs and graphs: how many are ready and in flight for one domain.
  struct LaneStats {
    size_t ready = 0;
    size_t outstanding = 0;
    bool lagging = false;
    bool released = false;
  };
  [[nodiscard]] LaneStats lane(const std::string& domain) const;

 private:
  struct KeyHash {
    size_t operator()(const RecipientKey& key) const noexcept {
      return std::hash<uint64_t>{}(key.message.value * 0x9e3779b97f4a7c15ULL + key.index);
    }
  };
  struct Member {
    uint32_t index = 0;
    uint64_t generation = 0;
    RecipientRecord record;
  };
  /// Recipients of one message, one domain and one pin: what becomes a Delivery.
  struct Work {
    std::shared_ptr<const MessageRecord> message;
    mail::BodyPtr body;
    std::vector<Member> members;
  };
  struct Lane {
    std::deque<Work> ready;
    size_t ready_recipients = 0;
    size_t outstanding = 0;
    bool in_turn = false;  ///< stands in turn_
  };
  /// A recipient from ready to settled. The generation tells a Work's member from an older one of the same
  /// key.
  struct Slot {
    Phase phase = Phase::ready;
    uint64_t generation = 0;
    Intent intent;
  };
  /// More of this domain is due on the disk than the window holds.
  struct Lag {
    std::optional<Due> cursor;
    bool again = false;  ///< something was put behind the cursor
  };
  struct Release {
    std::optional<Due> cursor;
    Time since{};
  };

  void add_work(Work work, const std::string& domain);
  void make_turn(const std::string& domain, Lane& lane);
  [[nodiscard]] size_t lane_room(const std::string& domain) const;
  [[nodiscard]] Status refill(Time now);
  [[nodiscard]] Status sweep(Time now);
  [[nodiscard]] Status refill_lagging(Time now);
  [[nodiscard]] Status refill_released(Time now);
  [[nodiscard]] Status take(const std::vector<Due>& entries, Time until, std::optional<Time> not_tried_since);
  void lag(const std::string& domain);
  [[nodiscard]] size_t refill_mark() const {
    return limits_.window_recipients_max - limits_.window_recipients_max / 5;
  }
  [[nodiscard]] size_t lane_cap() const;
  [[nodiscard]] bool wants_refill(const std::string& domain) const;
  [[nodiscard]] size_t release_room(const std::string& domain) const;
  [[nodiscard]] mail::DeliveryPtr hand_out(const std::string& domain, Lane& lane);
  void drop_if_idle(const std::string& domain);
  [[nodiscard]] mail::BodyPtr keep_body(mail::BodyPtr body, const MessageRecord& message);
  void will_be_due(Time at);

  const Store& store_;
  Schedule schedule_;
  SchedulerLimits limits_;
  uint64_t seed_;
  uint64_t generation_ = 0;

  std::unordered_map<RecipientKey, Slot, KeyHash> slots_;
  std::unordered_map<std::string, Lane> lanes_;
  std::deque<std::string> turn_;  ///< domains with ready work and room for another delivery, in turn
  struct InFlight {
    mail::DeliveryPtr delivery;  ///< held, so that no other one can have its address
    Work work;
    std::string domain;
  };
  Outgoing outgoing_;
  std::unordered_map<const mail::Delivery*, InFlight> in_flight_;
  size_t ready_recipients_ = 0;

  std::optional<Due> swept_;  ///< every due entry up to here is in the window or its domain lags
  bool swept_to_end_ = false;
  std::optional<Time> upcoming_;  ///< the first due time after swept_, when swept to the end
  std::map<std::string, Lag> lagging_;
  std::map<std::string, Release> released_;
  std::string refilled_last_;  ///< the lagging domain that was served last: they take turns

  struct Budget;
  std::shared_ptr<Budget> bodies_;
};

}  // namespace waybill::queue
