#include "dns/zone.h"

#include <fmt/format.h>

#include <algorithm>

namespace waybill::dns {
namespace {

constexpr uint32_t kLooseNegativeTtl_s = 60;

Record made_up_soa(const Name& origin) {
  return {origin, Type::soa, kLooseNegativeTtl_s,
          Soa{origin, origin, 1, 3600, 600, 86400, kLooseNegativeTtl_s}};
}

/// A wildcard speaks for what stands below its parent, so the zone begins there.
Name loose_origin(const Name& owner) { return owner.wire().starts_with("\1*") ? owner.parent() : owner; }

std::string_view parent_of(std::string_view wire) {
  return wire.substr(1 + size_t{static_cast<uint8_t>(wire[0])});
}

}  // namespace

Zone::Zone(Name origin, std::vector<Record> records) : origin_(std::move(origin)) {
  nodes_.reserve(records.size());
  nodes_.try_emplace(origin_.wire());
  for (Record& record : records) {
    if (record.owner.is_within(origin_)) add(std::move(record));
  }
  const RecordSet* soa = set_of(nodes_.find(origin_.wire())->second, Type::soa);
  soa_made_up_ = soa == nullptr;
  soa_ = soa_made_up_ ? made_up_soa(origin_) : soa->records.front();
  if (soa_made_up_) nodes_.find(origin_.wire())->second.sets.push_back({Type::soa, {soa_}});
}

void Zone::add(Record record) {
  // Names on the way to the origin exist, even if empty (RFC 4592 2.2.2).
  for (auto up = parent_of(record.owner.wire()); record.owner != origin_ && up.size() > origin_.wire().size();
       up = parent_of(up)) {
    if (!nodes_.try_emplace(std::string(up)).second) break;
  }
  auto& sets = nodes_[record.owner.wire()].sets;
  const auto at = std::ranges::find(sets, record.type, &RecordSet::type);
  if (at == sets.end()) {
    sets.push_back({record.type, {std::move(record)}});
    return;
  }
  const uint32_t ttl_s = std::min(at->records.front().ttl_s, record.ttl_s);
  const bool single = record.type == Type::soa || record.type == Type::cname;
  const bool repeated =
      std::ranges::any_of(at->records, [&](const Record& r) { return r.data == record.data; });
  if (!single && !repeated) at->records.push_back(std::move(record));
  for (Record& each : at->records) each.ttl_s = ttl_s;
}

const Zone::Node* Zone::node_at(std::string_view wire) const {
  const auto at = nodes_.find(wire);
  return at == nodes_.end() ? nullptr : &at->second;
}

const RecordSet* Zone::set_of(const Node& node, Type type) {
  const auto at = std::ranges::find(node.sets, type, &RecordSet::type);
  return at == node.sets.end() ? nullptr : &*at;
}

Zone::Found Zone::found_at(const Node& node, Type type, bool wildcard) {
  if (const RecordSet* set = set_of(node, type)) return {Status::answer, set, wildcard};
  if (const RecordSet* cname = set_of(node, Type::cname)) return {Status::cname, cname, wildcard};
  return {Status::nodata, nullptr, wildcard};
}

Zone::Found Zone::find(const Name& name, Type type) const {
  if (!name.is_within(origin_)) return {};
  // From the origin down: the first NS below it cuts the zone (RFC 1034 4.3.2 step 3b).
  std::vector<std::string_view> path;
  for (std::string_view at = name.wire(); at.size() > origin_.wire().size(); at = parent_of(at))
    path.push_back(at);
  std::string_view encloser = origin_.wire();
  for (size_t i = path.size(); i-- > 0;) {
    const Node* node = node_at(path[i]);
    if (node == nullptr) {
      // RFC 4592 2.2.1: only the wildcard directly below the closest name that exists.
      const Node* wild = node_at(std::string("\1*") + std::string(encloser));
      return wild != nullptr ? found_at(*wild, type, true) : Found{Status::nxdomain};
    }
    const RecordSet* cut = set_of(*node, Type::ns);
    if (cut != nullptr && !(i == 0 && type == Type::ds))
      return {Status::delegation, cut};  // RFC 4035 3.1.4.1
    encloser = path[i];
  }
  return found_at(*node_at(name.wire()), type, false);
}

const std::vector<RecordSet>* Zone::node(const Name& name) const {
  const Node* node = node_at(name.wire());
  return node == nullptr || node->sets.empty() ? nullptr : &node->sets;
}

Record Zone::negative_soa() const {
  Record soa = soa_;
  soa.ttl_s = std::min(soa.ttl_s, std::get<Soa>(soa.data).minimum_s);
  return soa;
}

std::vector<Record> Zone::records_of(const Found& found, const Name& asked) {
  if (found.set == nullptr) return {};
  std::vector<Record> records = found.set->records;
  if (found.wildcard) {
    for (Record& record : records) record.owner = asked;
  }
  return records;
}

void ZoneSet::add(std::shared_ptr<const Zone> zone) {
  // A zone given twice: the later one stands.
  std::erase_if(zones_, [&](const auto& known) { return known->origin() == zone->origin(); });
  by_origin_.insert_or_assign(zone->origin(), zone.get());
  zones_.push_back(std::move(zone));
}

const Zone* ZoneSet::find(const Name& name) const {
  for (Name at = name;; at = at.parent()) {
    if (const auto known = by_origin_.find(at); known != by_origin_.end()) return known->second;
    if (at.is_root()) return nullptr;
  }
}

const Zone* ZoneSet::find_parent_side(const Name& name) const {
  return name.is_root() ? nullptr : find(name.parent());
}

std::vector<std::shared_ptr<const Zone>> zones_of(const ZoneFile& file) {
  std::map<Name, std::vector<Record>> zones;
  for (const ZoneRecord& each : file.records) {
    if (each.record.type == Type::soa) zones.try_emplace(each.record.owner);
  }
  const auto deepest = [&zones](const Name& name) {
    for (Name at = name;; at = at.parent()) {
      if (const auto known = zones.find(at); known != zones.end()) return known;
      if (at.is_root()) return zones.end();
    }
  };
  std::vector<const Record*> loose;
  for (const ZoneRecord& each : file.records) {
    const auto zone = deepest(each.record.owner);
    if (zone == zones.end()) {
      loose.push_back(&each.record);
      continue;
    }
    // A cut between two zones of one file: its NS records stand on both sides.
    zone->second.push_back(each.record);
  }
  // The topmost first, so that what stands below finds its zone.
  std::ranges::stable_sort(loose, {}, [](const Record* record) { return record->owner.labels(); });
  for (const Record* record : loose) {
    auto zone = deepest(record->owner);
    if (zone == zones.end()) {
      const bool under_origin = !file.origin.is_root() && record->owner.is_within(file.origin);
      zone = zones.try_emplace(under_origin ? file.origin : loose_origin(record->owner)).first;
    }
    zone->second.push_back(*record);
  }
  std::vector<std::shared_ptr<const Zone>> out;
  for (auto& [origin, records] : zones)
    out.push_back(std::make_shared<const Zone>(origin, std::move(records)));
  return out;
}

std::vector<ZoneError> check_zone(const ZoneFile& file) {
  std::vector<ZoneError> errors;
  const auto add = [&errors](const ZoneRecord& at, std::string what) {
    errors.push_back({at.file, at.line, at.column, std::move(what)});
  };
  struct Seen {
    const ZoneRecord* cname = nullptr;
    const ZoneRecord* other = nullptr;
    const ZoneRecord* soa = nullptr;
  };
  std::map<Name, Seen> names;
  bool ns_at_origin = false;
  for (const ZoneRecord& each : file.records) {
    const Record& record = each.record;
    Seen& seen = names[record.owner];
    if (record.type == Type::cname) {
      if (seen.cname != nullptr && seen.cname->record.data != record.data) {
        add(each, fmt::format("a second CNAME at {} (the first: line {})", record.owner.to_string(),
                              seen.cname->line));
      }
      if (seen.cname == nullptr) seen.cname = &each;
    } else if (record.type != Type::rrsig && record.type != Type{47} && seen.other == nullptr) {
      seen.other = &each;  // RRSIG and NSEC may stand beside a CNAME (RFC 4034 3, 4)
    }
    if (record.type == Type::soa) {
      if (seen.soa != nullptr) add(each, fmt::format("a second SOA (the first: line {})", seen.soa->line));
      seen.soa = &each;
    }
    if (record.type == Type::ns && record.owner == file.origin) ns_at_origin = true;
    if (file.has_soa && !record.owner.is_within(file.origin)) {
      add(each, fmt::format("{} is not in the zone {}", record.owner.to_string(), file.origin.to_string()));
    }
  }
  for (const auto& [name, seen] : names) {
    if (seen.cname == nullptr || seen.other == nullptr) continue;
    const bool later = seen.cname->line > seen.other->line;  // RFC 2181 10.1
    add(later ? *seen.cname : *seen.other, fmt::format("{} has a CNAME and other data", name.to_string()));
  }
  if (file.has_soa && !ns_at_origin) {
    const auto soa =
        std::ranges::find(file.records, Type::soa, [](const ZoneRecord& r) { return r.record.type; });
    add(*soa, fmt::format("the zone {} has no NS record at its origin", file.origin.to_string()));
  }
  return errors;
}

}  // namespace waybill::dns
