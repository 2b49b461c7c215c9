#include "learn/file.h"

namespace waybill::learn {
namespace {
/// Raise it when the rows change their meaning; another number's file is put aside.
constexpr int kFormat = 1;
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS learnt (family TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    " expires INTEGER NOT NULL, PRIMARY KEY (family, key)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS learnt_expires ON learnt (expires);";

void bind_octets(sqlite3_stmt* statement, int at, std::string_view octets) {
  // SQLite takes a null pointer for NULL, and an empty view may have one.
  sqlite3_bind_blob(statement, at, octets.empty() ? "" : octets.data(), static_cast<int>(octets.size()),
                    SQLITE_STATIC);
}
void bind_name(sqlite3_stmt* statement, int at, std::string_view name) {
  sqlite3_bind_text(statement, at, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
}
std::string octets(sqlite3_stmt* statement, int column) {
  const void* data = sqlite3_column_blob(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  return data == nullptr ? std::string()
                         : std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}
int64_t to_number(Time time) { return time.time_since_epoch().count(); }

Errc code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
      return Errc::corrupt;
    case SQLITE_FULL:
      return Errc::no_space;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return Errc::refused;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::busy;
    default:
      return Errc::io;
  }
}
}  // namespace

Error Store::File::error(std::string_view doing) const {
  return Error{code_of(sqlite3_extended_errcode(db_.get())),
               fmt::format("{}: {}", doing, sqlite3_errmsg(db_.get()))};
}

Status Store::File::run(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error("learnt.db"));
  return {};
}

Result<Store::File::Statement> Store::File::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_.get(), sql, -1, &statement, nullptr) != SQLITE_OK)
    return std::unexpected(error("learnt.db"));
  return Statement(statement);
}

Result<std::unique_ptr<Store::File>> Store::File::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
  Db db(raw);
  if (opened != SQLITE_OK) {
    return fail(code_of(opened), "cannot open {}: {}", path,
                raw != nullptr ? sqlite3_errmsg(raw) : "no memory");
  }
  std::unique_ptr<File> file(new File(std::move(db)));
  // The log of a crash is taken over here; NORMAL: a power cut may cost the last seconds, never the file.
  for (const char* sql :
       {"PRAGMA journal_mode=WAL;", "PRAGMA synchronous=NORMAL;", "PRAGMA journal_size_limit=4194304;"}) {
    if (auto done = file->run(sql); !done) return pass(done.error(), path);
  }
  auto version = file->prepare("PRAGMA user_version;");
  if (!version) return pass(version.error(), path);
  if (sqlite3_step(version->get()) != SQLITE_ROW) return std::unexpected(file->error(path));
  const int format = sqlite3_column_int(version->get(), 0);
  version->reset();
  if (format != 0 && format != kFormat)
    return fail(Errc::corrupt, "{}: format {} is not known to this version", path, format);
  if (auto done = file->run(kSchema); !done) return pass(done.error(), path);
  if (auto done = file->run(fmt::format("PRAGMA user_version={};", kFormat).c_str()); !done)
    return pass(done.error(), path);
  return file;
}

Status Store::File::read(std::string_view table, Time now, size_t rows_max, const Row& row) {
  auto statement = prepare(
      "SELECT key, value, expires FROM learnt WHERE family=?1 AND expires>?2 ORDER BY expires DESC LIMIT "
      "?3;");
  if (!statement) return pass(statement.error());
  bind_name(statement->get(), 1, table);
  sqlite3_bind_int64(statement->get(), 2, to_number(now));
  sqlite3_bind_int64(statement->get(), 3, static_cast<int64_t>(rows_max));
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(statement->get())) == SQLITE_ROW) {
    row(octets(statement->get(), 0),
        Entry{octets(statement->get(), 1), Time{Millis{sqlite3_column_int64(statement->get(), 2)}}});
  }
  if (step != SQLITE_DONE) return std::unexpected(error("reading learnt.db"));
  return {};
}

Status Store::File::write(const std::vector<Batch>& batches, Time now) {
  if (auto done = run("BEGIN IMMEDIATE;"); !done) return done;
  Status done = write_rows(batches, now);
  if (done) done = run("COMMIT;");
  if (!done) sqlite3_exec(db_.get(), "ROLLBACK;", nullptr, nullptr, nullptr);
  return done;
}

Status Store::File::write_rows(const std::vector<Batch>& batches, Time now) {
  auto put = prepare("INSERT OR REPLACE INTO learnt (family, key, value, expires) VALUES (?1, ?2, ?3, ?4);");
  auto drop = prepare("DELETE FROM learnt WHERE family=?1 AND key=?2;");
  auto sweep = prepare("DELETE FROM learnt WHERE expires<=?1;");
  if (!put || !drop || !sweep) return std::unexpected(error("writing learnt.db"));
  sqlite3_bind_int64(sweep->get(), 1, to_number(now));
  if (sqlite3_step(sweep->get()) != SQLITE_DONE) return std::unexpected(error("writing learnt.db"));
  for (const Batch& batch : batches) {
    for (const auto& [key, entry] : batch.changes) {
      sqlite3_stmt* statement = entry ? put->get() : drop->get();
      bind_name(statement, 1, batch.table);
      bind_octets(statement, 2, key);
      if (entry) {
        bind_octets(statement, 3, entry->value);
        sqlite3_bind_int64(statement, 4, to_number(entry->expires));
      }
      if (sqlite3_step(statement) != SQLITE_DONE) return std::unexpected(error("writing learnt.db"));
      sqlite3_reset(statement);
    }
  }
  return {};
}

}  // namespace waybill::learn
