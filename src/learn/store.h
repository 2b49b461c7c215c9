// store.h: keeps tables of things learnt over a restart, in one SQLite file. Tables work in memory; a thread
// of the store writes what changed, some times a minute at most.
//
// Thread rule: open() and the destructor on one thread; table() on any, flush() on any but slow: it waits for
// the disk. Failure: a file that is damaged or of an unknown format is renamed aside and a new one begun; a
// disk that refuses is told in the log once, and tried again: meanwhile everything works from memory. A crash
// loses the last seconds at most, which the world teaches again.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "learn/table.h"

namespace waybill::learn {

class Store {
 public:
  /// `path`: the file, made (mode 0600) where it is absent. `clock` outlives the store. Errors: the folder
  /// does not let us, or the system has no thread left.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path, const Clock& clock);
  /// Without a file: everything is forgotten at the end.
  [[nodiscard]] static std::unique_ptr<Store> in_memory(const Clock& clock);
  /// Writes what is left.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// The table of that name, with what the file holds of it; the same one for the same name, for as long as
  /// the store lives. `entries_max` counts at the first call.
  [[nodiscard]] Table& table(std::string_view name, size_t entries_max);
  /// Writes now. Errors: no_space, io, corrupt; what was not written stays to be written.
  Status flush();

 private:
  class File;
  Store(const Clock& clock, std::string path, std::unique_ptr<File> file);
  void begin_anew(const Error& why);
  void write_behind();

  const Clock& clock_;
  const std::string path_;
  std::mutex tables_mutex_;
  std::map<std::string, std::unique_ptr<Table>, std::less<>> tables_;
  std::mutex file_mutex_;  ///< taken before tables_mutex_ where both are
  std::unique_ptr<File> file_;
  std::mutex end_mutex_;
  std::condition_variable end_;
  bool ending_ = false;
  bool told_ = false;  ///< that the disk refuses; under file_mutex_
  std::thread writer_;
};

}  // namespace waybill::learn
