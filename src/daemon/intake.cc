#include "daemon/intake.h"

#include "base/log.h"

namespace waybill::daemon {

SpoolIntake::SpoolIntake(queue::Store& store, IdSource& ids, const Clock& clock, Counters& counters,
                         CommitClock& commits, Announce announce)
    : store_(store),
      ids_(ids),
      clock_(clock),
      counters_(counters),
      commits_(commits),
      announce_(std::move(announce)) {}

void SpoolIntake::configure(Settings settings) {
  settings_.store(std::make_shared<const Settings>(std::move(settings)));
}

MessageId SpoolIntake::begin() { return ids_.next(); }

Status SpoolIntake::spill(MessageId id, uint32_t n, Chunk chunk) { return store_.put_chunk(id, n, chunk); }

void SpoolIntake::abandon(MessageId id, uint32_t chunks) { store_.discard(id, chunks); }

namespace {
Fresh to_fresh(receive::Accepted& accepted, const LocalMail& local, Time now) {
  for (mail::Recipient& recipient : accepted.envelope.recipients) {
    if (recipient.address.domain.empty()) recipient.address = local.postmaster();  // RFC 5321 4.5.1
  }
  Fresh fresh =
      handover::to_fresh(accepted.id, now, std::move(accepted.origin), std::move(accepted.envelope));
  fresh.message.size_octets = accepted.size_octets;
  fresh.message.chunk_count = accepted.chunk_count;
  // Chunks are shared, not copied. A body that was spilled in part is read back from the spool.
  if (accepted.first_chunk == 0) fresh.body = std::make_shared<mail::MemoryBody>(accepted.chunks);
  return fresh;
}
}  // namespace

handover::Reports SpoolIntake::add_expansions(const Fresh& fresh, const std::vector<mail::Expanded>& expanded,
                                              const Settings& settings, Time now,
                                              queue::Transaction& transaction) {
  if (expanded.empty()) return {};
  handover::Reports reports = handover::add_expansions(
      fresh, expanded, settings.bounce,
      [&settings](mail::Recipient one) { return settings.local->expand(std::move(one)); }, ids_, now,
      transaction);
  for (const Error& error : reports.failed)
    log::error("no report", {{"id", fresh.message.id}, {"why", error.what}});
  counters_.reports_sent.fetch_add(reports.messages.size(), std::memory_order_relaxed);
  return reports;
}

void SpoolIntake::commit(receive::Accepted accepted, std::move_only_function<void(Status)> done) {
  const auto settings = settings_.load();
  const Time now = clock_.now();
  queue::Transaction transaction;
  Fresh fresh = to_fresh(accepted, *settings->local, now);
  transaction.messages.push_back(handover::to_store(fresh, std::move(accepted.chunks), accepted.first_chunk));
  handover::Reports reports = add_expansions(fresh, accepted.expanded, *settings, now, transaction);
  commits_.began();
  store_.commit(std::move(transaction),
                [this, fresh = std::move(fresh), reports = std::move(reports.messages), done = std::move(done),
                 began = clock_.steady()](Status status) mutable {
                  commits_.ended(clock_.steady() - began);
                  if (!status) {
                    counters_.commit_failures.fetch_add(1, std::memory_order_relaxed);
                    if (status.error().code == Errc::no_space)
                      counters_.messages_refused_full.fetch_add(1, std::memory_order_relaxed);
                    log::error("not accepted: the spool could not keep it",
                               {{"id", fresh.message.id}, {"why", status.error().what}});
                    return done(std::move(status));
                  }
                  counters_.messages_accepted.fetch_add(1, std::memory_order_relaxed);
                  counters_.recipients_accepted.fetch_add(fresh.recipients.size(), std::memory_order_relaxed);
                  counters_.octets_accepted.fetch_add(fresh.message.size_octets, std::memory_order_relaxed);
                  done({});
                  announce_(std::move(fresh));
                  for (Fresh& report : reports) announce_(std::move(report));
                });
}

}  // namespace waybill::daemon
