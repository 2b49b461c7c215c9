#include "queue/rocks_refused.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

namespace waybill::queue::rocks {
namespace {

std::string note_in(const std::string& path) { return path + "/refused"; }

std::optional<uint64_t> number(std::string_view text) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

uint64_t log_number(std::string_view file) {
  if (const size_t slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  if (!file.ends_with(".log")) return 0;
  file.remove_suffix(4);
  return number(file).value_or(0);
}

rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> folder;
  auto status = env.NewDirectory(path, &folder);
  return status.ok() ? folder->Fsync() : status;
}

std::optional<Refused> read_refused(rocksdb::Env& env, const std::string& path) {
  std::string text;
  if (!rocksdb::ReadFileToString(&env, note_in(path), &text).ok()) return std::nullopt;
  const std::string_view line(text);
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !line.ends_with('\n')) return std::nullopt;
  const auto sequence = number(line.substr(0, space));
  const auto log = number(line.substr(space + 1, line.size() - space - 2));
  if (!sequence || !log) return std::nullopt;
  return Refused{*sequence, *log};
}

rocksdb::Status write_refused(rocksdb::Env& env, const std::string& path, uint64_t sequence) {
  std::vector<std::string> names;
  if (auto listed = env.GetChildren(path, &names); !listed.ok()) return listed;
  uint64_t last = 0;
  for (const std::string& name : names) last = std::max(last, log_number(name));
  const std::string made = note_in(path) + ".new";
  auto status = rocksdb::WriteStringToFile(&env, fmt::format("{} {}\n", sequence, last), made, true);
  if (status.ok()) status = env.RenameFile(made, note_in(path));
  return status.ok() ? sync_folder(env, path) : status;
}

void forget_refused(rocksdb::Env& env, const std::string& path) {
  if (env.FileExists(note_in(path)).ok()) (void)env.DeleteFile(note_in(path));
}

}  // namespace waybill::queue::rocks
