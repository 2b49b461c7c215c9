#include "cli/lint_place.h"

#include <algorithm>
#include <memory>

namespace waybill::cli {
namespace {
check::Where place(const dns::ZoneRecord& record) { return {record.file, record.line, record.column}; }
}  // namespace

Places::Places(const std::vector<dns::ZoneFile>& files) {
  auto indexes = std::make_shared<std::vector<Index>>();
  for (const dns::ZoneFile& file : files) {
    Index& index = indexes->emplace_back(Index{.file = &file, .names = {}});
    for (const dns::ZoneRecord& each : file.records)
      index.names[each.record.owner].emplace(each.record.type, &each);
  }
  indexes_ = std::move(indexes);
}

Places Places::before(size_t file) const {
  Places out = *this;
  out.first_ = file;
  return out;
}

std::vector<const Places::Index*> Places::in_order() const {
  std::vector<const Index*> out{&(*indexes_)[first_]};
  for (const Index& index : *indexes_) {
    if (&index != out.front()) out.push_back(&index);
  }
  return out;
}

const Places::ByType* Places::find(const Index& index, const dns::Name& name) const {
  const auto at = index.names.find(name);
  if (at != index.names.end()) return &at->second;
  // What a wildcard answered stands at the wildcard (RFC 4592 2.2.1).
  for (dns::Name up = name; !up.is_root(); up = up.parent()) {
    const auto wild = up.parent().child("*");
    if (!wild) continue;
    if (const auto found = index.names.find(*wild); found != index.names.end()) return &found->second;
    if (index.names.contains(up.parent())) break;
  }
  return nullptr;
}

const dns::ZoneRecord* Places::record_of(const check::About& about) const {
  for (const Index* index : in_order()) {
    const ByType* types = find(*index, about.owner);
    if (types == nullptr) continue;
    const auto [begin, end] = types->equal_range(about.type);
    if (begin == end) continue;
    const auto exact = std::find_if(
        begin, end, [&](const auto& each) { return about.data && each.second->record.data == *about.data; });
    return exact == end ? begin->second : exact->second;
  }
  return nullptr;
}

const dns::ZoneRecord* Places::at_name(const dns::Name& name) const {
  for (const Index* index : in_order()) {
    const auto at = index->names.find(name);
    if (at == index->names.end()) continue;
    return std::ranges::min_element(at->second, {}, [](const auto& each) { return each.second->line; })
        ->second;
  }
  return nullptr;
}

check::Where Places::of(const check::Finding& finding, const dns::Name& domain) const {
  if (finding.about) {
    if (const auto* record = record_of(*finding.about)) return place(*record);
    if (const auto* record = at_name(finding.about->owner)) return place(*record);
  }
  const std::string& subject = finding.subject;
  if (const auto name = dns::Name::parse(subject.substr(0, subject.find(' ')))) {
    if (const auto* record = at_name(*name)) return place(*record);
  }
  if (const auto* record = at_name(domain)) return place(*record);
  const dns::ZoneFile& file = *(*indexes_)[first_].file;
  const auto soa =
      std::ranges::find(file.records, dns::Type::soa, [](const auto& each) { return each.record.type; });
  if (soa != file.records.end()) return place(*soa);
  if (!file.records.empty()) return place(file.records.front());
  return {file.name, 1, 1};
}

}  // namespace waybill::cli
