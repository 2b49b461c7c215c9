// table.h: things learnt from the world that would be learnt again if they were lost: which recipients a
// primary knows, which clients have come back. A bounded map from keys to small values, each with an end.
//
// Thread rule: thread-safe; every call holds one mutex for a few instructions and never touches the disk.
// Failure: none. What does not fit pushes out what would have ended first.
// Never: keeps anything whose loss could lose mail. That belongs into the spool.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace waybill::learn {

inline constexpr size_t kKeyOctetsMax = 1024;
inline constexpr size_t kValueOctetsMax = 8192;

struct Entry {
  std::string value;
  Time expires;
};

class Table {
 public:
  Table(std::string name, size_t entries_max) : name_(std::move(name)), entries_max_(entries_max) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// What is known of `key` at `now`; none: nothing, or its time is over.
  [[nodiscard]] std::optional<std::string> find(std::string_view key, Time now) const;
  /// As find(), with the end.
  [[nodiscard]] std::optional<Entry> look(std::string_view key, Time now) const;
  /// Learns, or learns anew. False: the key or the value is longer than the limits above, and nothing is
  /// kept.
  bool put(std::string_view key, std::string_view value, Time expires);
  /// Reads, decides and writes in one step, so that two threads that learn of one key lose nothing of each
  /// other: `change` gets what is known at `now` and returns what to keep instead; none: forget it.
  using Change = std::function<std::optional<Entry>(std::optional<Entry> known)>;
  void update(std::string_view key, Time now, const Change& change);
  /// True if there was something to forget.
  bool erase(std::string_view key);
  /// All of it, in no order, on a copy: `visit` may call back into the table. Skips what has ended at `now`.
  void for_each(Time now, const std::function<void(const std::string& key, const Entry& entry)>& visit) const;
  /// Counts what has ended and is not yet swept out, too.
  [[nodiscard]] size_t size() const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class Store;
  /// What changed since the last call: the value now, or none where it was forgotten.
  using Changes = std::vector<std::pair<std::string, std::optional<Entry>>>;
  [[nodiscard]] Changes take_changes();
  /// They could not be written: they stay to be written, unless something newer happened.
  void keep_dirty(const Changes& changes);
  void keep_all_dirty();
  /// From the disk: nothing to write.
  void restore(std::string key, Entry entry);
  void sweep(Time now);

  // REQUIRE: the mutex is held.
  void set(std::string_view key, Entry entry);
  bool drop(std::string_view key);
  void make_room();

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  using Ends = std::set<std::pair<Time, const std::string*>>;

  const std::string name_;
  const size_t entries_max_;
  mutable std::mutex mutex_;
  Entries entries_;
  Ends ends_;  ///< the keys in `entries_` by their end; a map's nodes never move
  std::unordered_set<std::string, Hash, std::equal_to<>> dirty_;
};

}  // namespace waybill::learn
