// rocks_core.h: the parts of an open RocksDB spool, in the order in which they are taken down.
#pragma once

#include "queue/rocks_commit.h"

namespace waybill::queue::rocks {

struct Core {
  RocksStoreOptions options;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<SpaceGuard> space;
  std::unique_ptr<Committer> committer;

  /// A read met a damaged value: names it in the log, has it set aside, and says so to the caller.
  [[nodiscard]] Error damaged(RecipientKey key, Error error) const;
};

}  // namespace waybill::queue::rocks
