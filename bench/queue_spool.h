// queue_spool.h: a spool in a folder of its own that ends with it, for benchmarks. A refused commit ends the
// program.
#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "queue/rocks_store.h"

namespace waybill::queue::bench {

struct Spool {
  Spool() {
    std::string pattern = (std::filesystem::temp_directory_path() / "waybill-bench-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    store = std::move(*RocksStore::open({.path = folder + "/spool", .clock = &clock}));
  }
  ~Spool() {
    store.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  /// One with one recipient, due at once (or `due_in` later).
  NewMessage message(size_t octets, const std::string& to_address = "user@example.net", Millis due_in = {}) {
    NewMessage out;
    out.message.id = ids.next();
    out.message.arrived = clock.now();
    out.message.envelope.from = *mail::Address::parse("sender@example.org");
    out.message.size_octets = octets;
    out.message.chunk_count = 1;
    out.message.recipient_count = 1;
    out.chunks.emplace_back(std::string(octets, 'x'));
    RecipientRecord to;
    to.recipient.address = *mail::Address::parse(to_address);
    to.next_attempt = out.message.arrived + due_in;
    out.recipients.push_back(std::move(to));
    return out;
  }
  Change delivered(MessageId id, const RecipientRecord& record) {
    Change out{.key = {id, 0}, .after = record, .event = {}};
    out.after.state = State::delivered;
    out.event.time = clock.now();
    out.event.message = id;
    out.event.recipient = 0;
    out.event.kind = EventKind::delivered;
    return out;
  }
  /// Hands all in at once and waits until all are answered.
  void commit(std::vector<Transaction> all) {
    std::atomic<size_t> left = all.size();
    for (auto& one : all) {
      store->commit(std::move(one), [&left](const Status& status) {
        if (!status) std::abort();
        if (--left == 0) left.notify_one();
      });
    }
    for (size_t now = left; now != 0; now = left) left.wait(now);
  }

  SystemClock clock;
  IdSource ids{clock};
  std::string folder;
  std::unique_ptr<RocksStore> store;
};

}  // namespace waybill::queue::bench
