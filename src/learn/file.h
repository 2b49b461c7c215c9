// file.h: the SQLite file behind the store: one table of rows (table, key, value, end). Knows nothing of
// threads.
#pragma once

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "learn/store.h"
#include "learn/table.h"

namespace waybill::learn {

class Store::File {
 public:
  /// Opens or makes the file, and proves that it can be read and written. Errors: corrupt for what is no such
  /// database; no_space, refused, io.
  [[nodiscard]] static Result<std::unique_ptr<File>> open(const std::string& path);

  using Row = std::function<void(std::string key, Entry entry)>;
  /// The rows of one table that end after `now`, those that end last first, `rows_max` at most.
  Status read(std::string_view table, Time now, size_t rows_max, const Row& row);

  struct Batch {
    std::string table;
    std::vector<std::pair<std::string, std::optional<Entry>>> changes;  ///< none: the key is forgotten
  };
  /// All or nothing. Also takes out what ended before `now`.
  Status write(const std::vector<Batch>& batches, Time now);

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Db = std::unique_ptr<sqlite3, Close>;
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit File(Db db) : db_(std::move(db)) {}
  Status run(const char* sql);
  [[nodiscard]] Result<Statement> prepare(const char* sql);
  Status write_rows(const std::vector<Batch>& batches, Time now);
  [[nodiscard]] Error error(std::string_view doing) const;

  Db db_;
};

}  // namespace waybill::learn
