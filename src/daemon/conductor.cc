#include "daemon/conductor.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "handover/reports.h"

namespace waybill::daemon {
namespace {
constexpr Millis kCommitRetry{1000};
/// Another change of the same recipient is being written; that takes as long as a sync.
constexpr Millis kBusyRetry{10};
/// Recipients that an operator's action takes on at a time.
constexpr size_t kActRows = 1000;
/// Nothing was ready although something is due: look again soon, never in a circle.
constexpr Millis kWakeMin{20};
/// Deliveries handed out in one turn of the loop, so that sessions on it get theirs.
constexpr size_t kHandOutMax = 256;

/// Whether a commit that was refused so may succeed later, unchanged.
bool may_pass(Errc code) {
  return code != Errc::not_found && code != Errc::corrupt && code != Errc::exists && code != Errc::invalid;
}

std::string via_of(const mail::Origin& origin) {
  switch (origin.via) {
    case mail::Origin::Via::smtp:
      return Endpoint{origin.client_ip, origin.client_port}.to_string();
    case mail::Origin::Via::control:
      return "control socket, user " + origin.user;
    case mail::Origin::Via::bounce:
      return "ourselves";
  }
  return {};
}

void log_accepted(const Fresh& fresh) {
  if (!log::enabled(log::Level::info)) return;
  const mail::Origin& origin = fresh.message.origin;
  const bool report = origin.via == mail::Origin::Via::bounce;
  log::info(report ? "report queued" : "accepted",
            {{"id", fresh.message.id},
             {"from", "<" + mail::to_string(fresh.message.envelope.from) + ">"},
             {"to", fresh.recipients.empty() ? "" : fresh.recipients.front().recipient.address.to_string()},
             {"recipients", fresh.recipients.size()},
             {"octets", fresh.message.size_octets},
             {"via", via_of(origin)},
             {"helo", origin.helo},
             {"protocol", origin.protocol}});
}

void log_outcome(const queue::Change& change, const mail::Outcome& outcome,
                 const queue::MessageRecord& message, Time now) {
  const bool final = queue::is_final(change.after.state);
  log::info(final ? queue::to_string(change.after.state) : "deferred",
            {{"id", change.key.message},
             {"to", change.after.recipient.address.to_string()},
             {"host", outcome.host},
             {"address", outcome.address},
             {"tls", outcome.tls ? "yes" : "no"},
             {"reply", outcome.reply.to_string()},
             {"age", format_duration(now - message.arrived)},
             {"attempts", change.after.attempts},
             {"next", final ? "" : format_rfc3339(change.after.next_attempt)}});
}
}  // namespace

/// A transaction under way, kept until the store has it: a refusal is answered by trying again.
struct Conductor::Pending {
  /// Shared with the store while it is there: whoever changes it then makes another.
  std::shared_ptr<queue::Transaction> transaction = std::make_shared<queue::Transaction>();
  std::vector<Fresh> reports;
  [[nodiscard]] const std::vector<queue::Change>& changes() const { return transaction->changes; }
  Status status;
  std::shared_ptr<Acting> acting;  ///< an operator's page, which is not repeated but reported
  bool failing = false;            ///< counted in failing_
};

struct Conductor::Acting {
  queue::Action action;
  queue::Selector selector;
  std::function<void(Acted)> done;
  std::optional<queue::RecipientKey> after;
  bool last_page = false;
  std::vector<queue::RecipientKey> busy;
  net::Loop::Timer timer;
  Acted acted;
};

Conductor::Conductor(net::Loop& loop, queue::Store& store, IdSource& ids, const Clock& clock,
                     Counters& counters, Settings settings)
    : loop_(loop),
      store_(store),
      ids_(ids),
      clock_(clock),
      counters_(counters),
      settings_(std::move(settings)),
      scheduler_(store, settings_.schedule, settings_.limits, ids.next().value),
      fresh_(loop, [this](std::vector<Fresh> fresh) { take_fresh(std::move(fresh)); }),
      answered_(loop,
                [this](std::vector<std::shared_ptr<Pending>> pending) { committed(std::move(pending)); }) {
  scheduler_.set_outgoing(
      [this](const mail::Delivery& delivery) { return settings_.local->outgoing(delivery); });
}

Conductor::~Conductor() = default;

void Conductor::start() {
  scheduler_.recover();
  pump();
}

void Conductor::reconfigure(Settings settings) {
  settings_ = std::move(settings);
  scheduler_.reconfigure(settings_.schedule, settings_.limits);
  pump_soon();
}

void Conductor::take_fresh(std::vector<Fresh> fresh) {
  const Time now = clock_.now();
  const log::Together together;
  for (Fresh& one : fresh) {
    log_accepted(one);
    scheduler_.accepted(std::make_shared<const queue::MessageRecord>(std::move(one.message)),
                        std::move(one.recipients), std::move(one.body), now);
  }
  pump();
}

void Conductor::pump_soon() {
  if (std::exchange(pump_posted_, true)) return;
  loop_.post([this] {
    pump_posted_ = false;
    pump();
  });
}

void Conductor::pump() {
  // While outcomes can't be written down nothing more goes out: after a crash all of it would go out twice.
  if (stopping_ || failing_ > 0) return;
  const Time now = clock_.now();
  auto deliveries = scheduler_.next(now, kHandOutMax);
  if (!deliveries) {
    log::error("cannot read the queue", {{"why", deliveries.error().what}});
  } else {
    for (mail::DeliveryPtr& delivery : *deliveries) {
      manager_->start(std::move(delivery),
                      [this](mail::DeliveryResult result) { finished(std::move(result)); });
    }
    if (deliveries->size() == kHandOutMax) return pump_soon();
  }
  const std::optional<Time> next = deliveries ? scheduler_.next_wake(now) : now + Seconds{1};
  if (!next) return;
  if (deliveries && !deliveries->empty() && *next <= now) return pump_soon();
  if (wake_at_ && *wake_at_ == *next) return;
  wake_at_ = next;
  const Millis wait = std::clamp<Millis>(*next - now, kWakeMin, Millis{std::chrono::hours{1}});
  wake_ = loop_.after(wait, [this] {
    wake_at_.reset();
    pump();
  });
}

void Conductor::count(const queue::Plan& plan, const mail::DeliveryResult& result) {
  const Time now = clock_.now();
  for (const queue::Change& change : plan.changes) {
    const auto bump = [](std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); };
    switch (change.after.state) {
      case queue::State::delivered:
        bump(counters_.delivered);
        break;
      case queue::State::bounced:
        bump(counters_.bounced);
        break;
      case queue::State::expired:
        bump(counters_.expired);
        break;
      case queue::State::deleted:
        bump(counters_.deleted);
        break;
      case queue::State::queued:
      case queue::State::held:
        bump(counters_.deferred);
        break;
    }
    if (!log::enabled(log::Level::info)) continue;
    const auto& recipients = result.delivery->recipients;
    const auto at = std::ranges::find(recipients, change.key.index, &mail::DeliveryRecipient::index);
    if (at != recipients.end()) {
      log_outcome(change, result.outcomes[static_cast<size_t>(at - recipients.begin())], *plan.message, now);
    }
  }
}

void Conductor::finished(mail::DeliveryResult result) {
  const Time now = clock_.now();
  // What was never tried is not an attempt: it stays as it was, for the next start.
  const bool untried = std::ranges::none_of(result.outcomes, &mail::Outcome::tried);
  queue::Plan plan = untried ? scheduler_.returned(result.delivery, now) : scheduler_.finished(result, now);
  if (plan.changes.empty()) return pump_soon();
  if (!untried) count(plan, result);
  if (const size_t withheld = handover::withhold_backscatter(plan, settings_.quiet); withheld > 0) {
    counters_.refused_unreported.fetch_add(withheld, std::memory_order_relaxed);
    log::info("refused, and a stranger's sender is not told",
              {{"id", plan.message->id}, {"recipients", withheld}});
  }
  auto pending = std::make_shared<Pending>();
  handover::Reports reports =
      handover::add_reports(plan, settings_.bounce, settings_.schedule, ids_, now, *pending->transaction,
                            [this](mail::Recipient one) { return settings_.local->expand(std::move(one)); });
  for (const Error& error : reports.failed)
    log::error("no report", {{"id", plan.message->id}, {"why", error.what}});
  pending->reports = std::move(reports.messages);
  counters_.reports_sent.fetch_add(pending->reports.size(), std::memory_order_relaxed);
  pending->transaction->changes = std::move(plan.changes);
  // Nobody waits for an outcome; who reads a report does not want it twice.
  if (pending->reports.empty()) pending->transaction->urgency = queue::Urgency::soon;
  commit(std::move(pending));
  pump_soon();
}

void Conductor::commit(std::shared_ptr<Pending> pending) {
  ++uncommitted_;
  store_.commit(pending->transaction, [this, pending](Status status) {
    pending->status = std::move(status);
    answered_.put(pending);
  });
}

void Conductor::committed(std::vector<std::shared_ptr<Pending>> answered) {
  for (std::shared_ptr<Pending>& pending : answered) {
    --uncommitted_;
    if (pending->acting) {
      Acting& acting = *pending->acting;
      if (pending->status) {
        scheduler_.settled(pending->changes());
        acting.acted.acted += pending->changes().size();
        act_on_page(pending->acting);
      } else {
        queue::abandon_all(scheduler_, pending->changes());
        acting.acted.status = pending->status;
        acting.done(std::move(acting.acted));
      }
      continue;
    }
    if (!pending->status) {
      refused(pending);
      continue;
    }
    set_failing(*pending, false);
    scheduler_.settled(pending->changes());
    if (!pending->reports.empty()) take_fresh(std::move(pending->reports));
  }
  end_if_idle();
  pump_soon();
}

void Conductor::set_failing(Pending& pending, bool failing) {
  if (pending.failing == failing) return;
  pending.failing = failing;
  failing ? ++failing_ : --failing_;
  counters_.outcomes_waiting.store(failing_, std::memory_order_relaxed);
}

// A disk in trouble may recover: then the same again, and nothing new goes out until it has. A record that is
// gone or damaged never comes back, and must not keep the others' outcomes from the disk.
void Conductor::refused(const std::shared_ptr<Pending>& pending) {
  counters_.commit_failures.fetch_add(1, std::memory_order_relaxed);
  const Error error = pending->status.error();
  const bool lasting = !may_pass(error.code);
  set_failing(*pending, !lasting && !pending->changes().empty());
  if (lasting && leave_out_lost(*pending)) {
    if (!pending->changes().empty() || !pending->transaction->messages.empty()) commit(pending);
    return;
  }
  log::error("outcomes are not on disk yet; trying again",
             {{"transactions", uncommitted_ + 1}, {"why", error.what}});
  ++uncommitted_;
  std::erase_if(retries_, [](const net::Loop::Timer& timer) { return !timer.pending(); });
  retries_.push_back(loop_.after(kCommitRetry, [this, pending] {
    --uncommitted_;
    commit(pending);
  }));
}

// Takes out of a transaction the recipients that the store can't change any more; false: there is none.
bool Conductor::leave_out_lost(Pending& pending) {
  auto rest = std::make_shared<queue::Transaction>(*pending.transaction);
  const auto lost = std::ranges::stable_partition(rest->changes, [this](const queue::Change& change) {
    const auto record = store_.recipient(change.key);
    return record ? record->has_value() : record.error().code != Errc::corrupt;
  });
  if (lost.empty()) return false;
  for (const queue::Change& change : lost) {
    log::error("an outcome is not recorded: its recipient's record is gone or damaged",
               {{"id", change.key.message},
                {"to", change.after.recipient.address.to_string()},
                {"outcome", queue::to_string(change.after.state)},
                {"why", pending.status.error().what}});
  }
  scheduler_.settled({lost.begin(), lost.end()});
  rest->changes.erase(lost.begin(), lost.end());
  pending.transaction = std::move(rest);
  return true;
}

void Conductor::release(const std::vector<mail::Domain>& domains) {
  std::vector<std::string> names;
  names.reserve(domains.size());
  for (const mail::Domain& domain : domains) names.push_back(domain.text());
  scheduler_.release_domains(names, clock_.now());
  pump_soon();
}

void Conductor::act(queue::Action action, queue::Selector selector, std::function<void(Acted)> done) {
  auto acting = std::make_shared<Acting>();
  acting->action = std::move(action);
  acting->selector = std::move(selector);
  acting->done = std::move(done);
  act_on_page(std::move(acting));
}

// What waits for a connection is not under way yet: an operator's word comes first.
void Conductor::take_back(const std::vector<queue::RecipientKey>& keys, Time now) {
  const std::set<queue::RecipientKey> wanted(keys.begin(), keys.end());
  const auto back = manager_->take_back([&wanted](const mail::Delivery& delivery) {
    return std::ranges::any_of(delivery.recipients, [&](const mail::DeliveryRecipient& recipient) {
      return wanted.contains({delivery.id, recipient.index});
    });
  });
  for (const mail::DeliveryPtr& delivery : back) {
    const queue::Plan plan = scheduler_.returned(delivery, now);
    if (plan.changes.empty()) continue;  // else an earlier word of an operator's, for this attempt's end
    auto pending = std::make_shared<Pending>();
    pending->transaction->changes = plan.changes;
    commit(std::move(pending));
  }
}

// One page at a time: those that were busy with another change first, then the listing's next.
void Conductor::act_on_page(std::shared_ptr<Acting> acting) {
  while (!acting->last_page || !acting->busy.empty()) {
    const Time now = clock_.now();
    std::vector<queue::RecipientKey> keys = std::exchange(acting->busy, {});
    const bool again = !keys.empty();
    if (!again) {
      auto page = store_.list(acting->selector, now, acting->after, kActRows);
      if (!page) {
        acting->acted.status = pass(page.error());
        break;
      }
      acting->after = page->next;
      acting->last_page = !page->next;
      acting->acted.matched += page->rows.size();
      keys = queue::keys_of(*page);
    }
    // A retry wants what waits for a connection where it is: in its place in the line.
    if (acting->action.kind != queue::Action::Kind::retry) take_back(keys, now);
    queue::Acted acted = queue::act(scheduler_, store_, acting->action, keys, now);
    acting->acted.later += acted.later.size();
    acting->acted.unchanged += acted.unchanged;
    acting->busy = std::move(acted.busy);
    if (!acted.changes.empty()) {
      auto pending = std::make_shared<Pending>();
      pending->acting = acting;
      pending->transaction->changes = std::move(acted.changes);
      return commit(std::move(pending));
    }
    if (again && !acting->busy.empty()) {
      acting->timer = loop_.after(kBusyRetry, [this, acting] { act_on_page(acting); });
      return;
    }
  }
  // An operator who says "retry" knows that the host is back: what we remember of its failures is void.
  if (acting->action.kind == queue::Action::Kind::retry) manager_->forget_failures();
  acting->done(std::move(acting->acted));
  pump_soon();
}

std::string Conductor::why_waiting(queue::RecipientKey key) const {
  return manager_->why_waiting([key](const mail::Delivery& delivery) {
    return delivery.id == key.message &&
           std::ranges::find(delivery.recipients, key.index, &mail::DeliveryRecipient::index) !=
               delivery.recipients.end();
  });
}

void Conductor::stop(Steady deadline, std::function<void()> done) {
  stopping_ = true;
  wake_.cancel();
  stopped_ = std::move(done);
  stop_timer_ = loop_.after(std::max<Millis>(deadline - net::steady_now() + Seconds{2}, Millis{100}), [this] {
    if (stopped_) std::exchange(stopped_, nullptr)();
  });
  manager_->stop(deadline, [this] {
    deliveries_ended_ = true;
    end_if_idle();
  });
}

void Conductor::end_if_idle() {
  if (!stopping_ || !deliveries_ended_ || uncommitted_ > 0 || !stopped_) return;
  stop_timer_.cancel();
  std::exchange(stopped_, nullptr)();
}

}  // namespace waybill::daemon
