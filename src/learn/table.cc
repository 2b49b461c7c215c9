#include "learn/table.h"

#include <algorithm>

namespace waybill::learn {

std::optional<std::string> Table::find(std::string_view key, Time now) const {
  auto entry = look(key, now);
  if (!entry) return std::nullopt;
  return std::move(entry->value);
}

std::optional<Entry> Table::look(std::string_view key, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.expires <= now) return std::nullopt;
  return found->second;
}

bool Table::put(std::string_view key, std::string_view value, Time expires) {
  if (key.size() > kKeyOctetsMax || value.size() > kValueOctetsMax) return false;
  const std::lock_guard lock(mutex_);
  set(key, Entry{std::string(value), expires});
  dirty_.emplace(key);
  return true;
}

void Table::update(std::string_view key, Time now, const Change& change) {
  if (key.size() > kKeyOctetsMax) return;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  std::optional<Entry> known;
  if (found != entries_.end() && found->second.expires > now) known = found->second;
  std::optional<Entry> next = change(std::move(known));
  if (next && next->value.size() <= kValueOctetsMax) {
    set(key, std::move(*next));
    dirty_.emplace(key);
  } else if (drop(key)) {
    dirty_.emplace(key);
  }
}

bool Table::erase(std::string_view key) {
  const std::lock_guard lock(mutex_);
  if (!drop(key)) return false;
  dirty_.emplace(key);
  return true;
}

void Table::for_each(Time now,
                     const std::function<void(const std::string& key, const Entry& entry)>& visit) const {
  std::vector<std::pair<std::string, Entry>> all;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) {
      if (entry.expires > now) all.emplace_back(key, entry);
    }
  }
  for (const auto& [key, entry] : all) visit(key, entry);
}

size_t Table::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

Table::Changes Table::take_changes() {
  const std::lock_guard lock(mutex_);
  Changes out;
  out.reserve(dirty_.size());
  for (const std::string& key : dirty_) {
    const auto found = entries_.find(key);
    out.emplace_back(key, found == entries_.end() ? std::nullopt : std::optional(found->second));
  }
  dirty_.clear();
  return out;
}

void Table::keep_dirty(const Changes& changes) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : changes)
    dirty_.insert(key);  // the next writing takes the value as it is then
}

void Table::keep_all_dirty() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) dirty_.insert(key);
}

void Table::restore(std::string key, Entry entry) {
  const std::lock_guard lock(mutex_);
  if (!entries_.contains(key)) set(key, std::move(entry));
}

void Table::sweep(Time now) {
  const std::lock_guard lock(mutex_);
  while (!ends_.empty() && ends_.begin()->first <= now) {
    const std::string key = *ends_.begin()->second;
    drop(key);
    dirty_.insert(key);
  }
}

void Table::set(std::string_view key, Entry entry) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    ends_.erase({found->second.expires, &found->first});
    found->second = std::move(entry);
    ends_.emplace(found->second.expires, &found->first);
    return;
  }
  make_room();
  const auto [placed, fresh] = entries_.emplace(std::string(key), std::move(entry));
  ends_.emplace(placed->second.expires, &placed->first);
}

bool Table::drop(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  ends_.erase({found->second.expires, &found->first});
  entries_.erase(found);
  return true;
}

void Table::make_room() {
  while (entries_.size() >= std::max<size_t>(1, entries_max_)) {
    const std::string key = *ends_.begin()->second;
    drop(key);
    dirty_.insert(key);
  }
}

}  // namespace waybill::learn
