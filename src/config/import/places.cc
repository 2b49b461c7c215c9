#include "config/import/places.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace waybill::config::moving {
namespace {
constexpr size_t kListFilesMax = 1000;
constexpr size_t kEntriesMax = 1'000'000;

/// Kinds whose source is text beside the database (postmap(1)).
constexpr std::array<std::string_view, 8> kTextTables{"hash", "texthash", "btree", "lmdb",
                                                      "dbm",  "cdb",      "sdbm",  "btree_cache"};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

struct Spec {
  std::string type, path;
};
Spec spec_of(std::string text) {
  while (text.starts_with("proxy:")) text.erase(0, 6);
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {"", text};
  return {to_lower(text.substr(0, colon)), text.substr(colon + 1)};
}

void add_inline(const std::string& path, const Origin& origin, ListContent& out) {
  std::string_view inside = path;
  if (inside.starts_with('{') && inside.ends_with('}')) inside = inside.substr(1, inside.size() - 2);
  for (std::string item : list_items(inside)) {
    if (item.starts_with('{') && item.ends_with('}')) item = item.substr(1, item.size() - 2);
    const size_t equals = item.find('=');
    if (equals == std::string::npos) {
      out.unread.push_back({item, "not key = value"});
      continue;
    }
    out.items.push_back({std::string(trim(std::string_view(item).substr(0, equals))), origin,
                         std::string(trim(std::string_view(item).substr(equals + 1)))});
  }
}

void add_table(const std::string& text, const Origin& origin, const Places& places, bool aliases,
               ListContent& out) {
  const Spec spec = spec_of(text);
  if (spec.type == "inline") return add_inline(spec.path, origin, out);
  if (std::ranges::find(kTextTables, spec.type) == kTextTables.end()) {
    out.unread.push_back({text, fmt::format("a table of type {} can't be read here", spec.type)});
    return;
  }
  const auto found = places.find(spec.path);
  if (!found) {
    out.unread.push_back({text, found.error().what});
    return;
  }
  for (Pair& pair : aliases ? alias_pairs(found->text) : table_pairs(found->text)) {
    if (out.items.size() >= kEntriesMax) return out.unread.push_back({text, "too many entries"});
    std::string setting = fmt::format("{}{} {}", pair.key, aliases ? ":" : "", pair.value);
    out.items.push_back(
        {std::move(pair.key), {found->file, pair.line, std::move(setting)}, std::move(pair.value)});
  }
}
}  // namespace

Result<Found> Places::find(const std::string& path) const {
  std::vector<std::string> candidates;
  if (!path.starts_with('/')) {
    candidates.push_back(folder_ + "/" + path);
  } else {
    if (folder_ != usual_) {
      if (path.starts_with(usual_ + "/")) candidates.push_back(folder_ + path.substr(usual_.size()));
      candidates.push_back(folder_ + "/" + base_name(path));
    }
    candidates.push_back(path);
  }
  std::string why;
  for (const std::string& candidate : candidates) {
    auto text = read_(candidate);
    if (text) return Found{candidate, std::move(*text)};
    why = text.error().what;
  }
  return fail(Errc::not_found, "{}", why);
}

Result<Found> Places::find_of_machine(const std::string& path) const {
  if (folder_ == usual_) return find(path);
  const std::string copy = folder_ + "/" + base_name(path);
  auto text = read_(copy);
  if (!text) return pass(text.error());
  return Found{copy, std::move(*text)};
}

ListContent read_list(const std::string& text, const Origin& origin, const Places& places) {
  ListContent out;
  size_t files = 0;
  for (const std::string& item : list_items(text)) {
    if (item.starts_with('/')) {
      const Result<Found> found =
          ++files <= kListFilesMax ? places.find(item) : Result<Found>(fail(Errc::invalid, "too many files"));
      if (!found) {
        out.unread.push_back({item, found.error().what});
        continue;
      }
      for (const Line& line : logical_lines(found->text))
        for (std::string& one : list_items(line.text))
          out.items.push_back({std::move(one), {found->file, line.number, line.text}, ""});
    } else if (item.find(":/") != std::string::npos || item.starts_with("inline:") ||
               item.starts_with("proxy:") || item.starts_with("static:") || item.starts_with("ldap:") ||
               item.starts_with("unix:")) {
      add_table(item, origin, places, false, out);
    } else {
      out.items.push_back({item, origin, ""});
    }
  }
  return out;
}

ListContent read_tables(const std::string& text, const Origin& origin, const Places& places, bool aliases) {
  ListContent out;
  for (const std::string& item : list_items(text)) add_table(item, origin, places, aliases, out);
  return out;
}

}  // namespace waybill::config::moving
