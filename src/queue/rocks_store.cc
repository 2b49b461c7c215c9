#include "queue/rocks_store.h"

#include <rocksdb/transaction_log.h>

#include "base/log.h"
#include "queue/rocks_core.h"

namespace waybill::queue {
namespace rocks {
namespace {

// Chunks of bodies that were coming in when we stopped: no message names them. The markers say which they
// are, so that nothing else is read.
Result<size_t> gather_orphans(const Engine& engine, rocksdb::WriteBatch& batch) {
  size_t orphans = 0;
  const auto markers = engine.range(Family::spill, "", "");
  for (; markers->at->Valid(); markers->at->Next()) {
    const auto id = parse_message_key(view(markers->at->key()));
    if (!id) continue;
    std::string value;
    const auto found = engine.get(Family::message, view(markers->at->key()), value);
    if (!found) return pass(found.error());
    if (!*found) {
      (void)batch.DeleteRange(markers->inside.family(Family::body), slice(message_key(*id).view()),
                              slice(message_key({id->value + 1}).view()));
      ++orphans;
    }
    (void)batch.Delete(markers->inside.family(Family::spill), markers->at->key());
  }
  if (!markers->at->status().ok())
    return std::unexpected(error_of(markers->at->status(), "cannot read the spill markers"));
  return orphans;
}

Status remove_orphans(Engine& engine) {
  rocksdb::WriteBatch batch;
  const auto orphans = gather_orphans(engine, batch);
  if (!orphans) return pass(orphans.error());
  if (batch.Count() == 0) return {};
  const auto status = engine.write(batch, Engine::Sync::no);
  if (!status.ok()) return std::unexpected(error_of(status, "cannot remove unfinished bodies"));
  log::info("removed unfinished bodies", {{"messages", *orphans}});
  return {};
}

Result<Counters> prepare(Engine& engine) {
  if (auto clean = remove_orphans(engine); !clean) return pass(clean.error());
  return read_counters(engine);
}

uint64_t octets_on_disk(const Engine::Inside& inside) {
  uint64_t total = 0;
  for (size_t i = 0; i < kFamilies; ++i) {
    for (const auto& property :
         {rocksdb::DB::Properties::kTotalSstFilesSize, rocksdb::DB::Properties::kTotalBlobFileSize}) {
      uint64_t octets = 0;
      if (inside.db().GetIntProperty(inside.family(static_cast<Family>(i)), property, &octets))
        total += octets;
    }
  }
  rocksdb::VectorLogPtr logs;
  if (inside.db().GetSortedWalFiles(logs).ok()) {
    for (const auto& log : logs) total += log->SizeFileBytes();
  }
  return total;
}

}  // namespace

// The counters are written with every batch. When they are missing or damaged, or know of batches that a
// damaged log has lost, count.
Result<Counters> read_counters(Engine& engine) {
  std::string value;
  const auto found = engine.get(Family::meta, "counters", value);
  if (!found) return pass(found.error());
  Counters out;
  if (*found) {
    const auto counters = decode_counters("counters", value);
    if (counters && engine.files_set_aside().empty()) return *counters;
    if (counters) {
      // These two only grow, and what is lost used them too.
      out.ledger_sequence = counters->ledger_sequence;
      out.highest_id = counters->highest_id;
    } else {
      log::error("the spool's counters are damaged; counting anew");
    }
  }
  const auto messages = engine.range(Family::message, "", "", true);
  for (; messages->at->Valid(); messages->at->Next()) ++out.messages;
  const auto due = engine.range(Family::due, "", "", true);
  for (; due->at->Valid(); due->at->Next()) ++out.recipients_queued;
  const auto all = engine.range(Family::due_domain, "", "", true);
  for (; all->at->Valid(); all->at->Next()) ++out.recipients_held;
  out.recipients_held -= std::min(out.recipients_held, out.recipients_queued);
  const auto ledger = engine.range(Family::ledger, "", "", true);
  for (; ledger->at->Valid(); ledger->at->Next()) {
    if (const auto line = parse_ledger_key(view(ledger->at->key()))) {
      out.ledger_sequence = std::max(out.ledger_sequence, line->sequence);
      out.highest_id = std::max(out.highest_id, line->message.value);
    }
  }
  return out;
}

Error Core::damaged(RecipientKey key, Error error) const {
  if (error.code == Errc::corrupt) {
    error.what = fmt::format("{}/{}: {}", key.message.to_string(), key.index, error.what);
    log::error("damaged record", {{"id", key.message}, {"recipient", key.index}, {"what", error.what}});
    committer->inspect(key);
  }
  return error;
}

}  // namespace rocks

using rocks::Family;
using rocks::slice;

RocksStore::RocksStore(std::unique_ptr<rocks::Core> core) : core_(std::move(core)) {}
RocksStore::~RocksStore() = default;

void RocksStore::end_scans() { core_->engine->end_scans(); }

Result<std::unique_ptr<RocksStore>> RocksStore::open(Options options) {
  if (options.clock == nullptr || options.path.empty())
    return fail(Errc::invalid, "a spool needs a path and a clock");
  auto core = std::make_unique<rocks::Core>();
  core->options = std::move(options);
  auto engine = rocks::Engine::open(core->options);
  if (!engine) return pass(engine.error());
  core->engine = std::move(*engine);
  auto counters = rocks::prepare(*core->engine);
  if (!counters && counters.error().code == Errc::corrupt) {
    // Now that damage has been met, entering has the spool made anew.
    if (auto mended = core->engine->enter_to_write(); !mended) return pass(mended.error());
    counters = rocks::prepare(*core->engine);
  }
  if (!counters) return pass(counters.error());
  core->space = std::make_unique<rocks::SpaceGuard>(core->options);
  core->committer = std::make_unique<rocks::Committer>(*core->engine, *core->space, core->options, *counters);
  // A commit of nothing: its thread is the one that may open the spool again.
  core->engine->on_damage = [committer = core->committer.get()] {
    committer->commit(std::make_shared<const Transaction>(), {});
  };
  if (auto started = core->committer->start(); !started) return pass(started.error());
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(core)));
}

Status RocksStore::put_chunk(MessageId id, uint32_t n, const Chunk& chunk) {
  if (chunk.size() > kChunkOctetsMax)
    return fail(Errc::invalid, "a chunk of {} octets is too long", chunk.size());
  if (core_->space->low()) return fail(Errc::no_space, "the spool's disk is down to its reserve");
  const auto key = body_key(id, n);
  const std::string header = encode_body_header(key.view(), chunk.view());
  const rocksdb::Slice key_part = slice(key.view());
  const std::array<rocksdb::Slice, 2> value_parts{slice(header), slice(chunk.view())};
  rocksdb::WriteBatch batch;
  {
    const auto inside = core_->engine->enter_to_write();
    if (!inside) return pass(inside.error());
    (void)batch.Put(inside->family(Family::spill), slice(message_key(id).view()), "");
    (void)batch.Put(inside->family(Family::body), rocksdb::SliceParts(&key_part, 1),
                    rocksdb::SliceParts(value_parts.data(), 2));
  }
  // Not synced: the commit that names it syncs the log up to itself, and this stands before it.
  const auto status = core_->engine->write(batch, rocks::Engine::Sync::no);
  if (!status.ok()) return std::unexpected(rocks::error_of(status, "cannot write a chunk"));
  return {};
}

void RocksStore::discard(MessageId id, uint32_t chunk_count) {
  rocksdb::WriteBatch batch;
  // If any of this fails the marker stands, and the next start removes them.
  if (const auto inside = core_->engine->enter(); inside) {
    for (uint32_t n = 0; n < chunk_count; ++n)
      (void)batch.Delete(inside.family(Family::body), slice(body_key(id, n).view()));
    (void)batch.Delete(inside.family(Family::spill), slice(message_key(id).view()));
  }
  if (batch.Count() == 0) return;
  (void)core_->engine->write(batch, rocks::Engine::Sync::no);
}

void RocksStore::commit(std::shared_ptr<const Transaction> transaction, Committed done) {
  core_->committer->commit(std::move(transaction), std::move(done));
}

MessageId RocksStore::highest_id() const { return {core_->committer->published().counters.highest_id}; }

uint64_t RocksStore::recipients_queued() const {
  return core_->committer->published().counters.recipients_queued;
}

StoreStats RocksStore::stats() const {
  const rocks::Published now = core_->committer->published();
  StoreStats out;
  out.messages = now.counters.messages;
  out.recipients_queued = now.counters.recipients_queued;
  out.recipients_held = now.counters.recipients_held;
  out.commits = now.commits;
  out.transactions = now.transactions;
  out.files_set_aside = core_->engine->files_set_aside();
  out.reopened = core_->engine->reopened();
  const auto first = core_->engine->range(Family::message, "", "");
  for (; out.messages > 0 && first->at->Valid() && !out.oldest_arrival; first->at->Next()) {
    const auto record = decode_message(rocks::view(first->at->key()), rocks::view(first->at->value()));
    if (record) out.oldest_arrival = record->arrived;
  }
  if (first->inside) out.bytes_on_disk = rocks::octets_on_disk(first->inside);
  return out;
}

}  // namespace waybill::queue
