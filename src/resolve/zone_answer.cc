#include "resolve/zone_answer.h"

#include <algorithm>

#include "resolve/packet_answer.h"

namespace waybill::resolve {
namespace {

using dns::Name;
using dns::Record;
using dns::Type;
using dns::Zone;

constexpr Type kAny{255};
constexpr size_t kAdditionalMax = 200;  // addresses offered unasked

void append(std::vector<Record>& into, std::vector<Record> records) {
  std::ranges::move(records, std::back_inserter(into));
}

/// The addresses of hosts that `records` name, from this server's own zones (RFC 1035 3.3.9, 3.3.11).
void add_addresses(const dns::ZoneSet& zones, const std::vector<Record>& records, dns::Message& message) {
  for (const Record& record : records) {
    const Name* host = nullptr;
    if (const auto* mx = std::get_if<dns::Mx>(&record.data)) host = &mx->exchange;
    if (record.type == Type::ns) host = std::get_if<Name>(&record.data);
    if (host == nullptr || message.additional.size() >= kAdditionalMax) continue;
    const Zone* zone = zones.find(*host);
    const auto* sets = zone == nullptr ? nullptr : zone->node(*host);
    if (sets == nullptr) continue;
    for (const dns::RecordSet& set : *sets) {
      if (set.type != Type::a && set.type != Type::aaaa) continue;
      const bool known =
          std::ranges::find(message.additional, set.records.front()) != message.additional.end();
      if (!known) append(message.additional, set.records);
    }
  }
}

/// The zone to ask; DS stands on the parent's side of a cut (RFC 4035 3.1.4.1).
const Zone* zone_for(const dns::ZoneSet& zones, const Name& name, Type type) {
  const Zone* zone = zones.find(name);
  if (type == Type::ds && zone != nullptr && zone->origin() == name) {
    if (const Zone* parent = zones.find_parent_side(name)) return parent;
  }
  return zone;
}

void add_everything(const Zone& zone, const Name& name, dns::Message& message) {
  if (const auto* sets = zone.node(name)) {
    for (const dns::RecordSet& set : *sets) append(message.answers, set.records);
  }
  if (message.answers.empty()) message.authority.push_back(zone.negative_soa());
}

}  // namespace

ZoneAnswer answer_from_zones(const dns::ZoneSet& zones, const Name& name, Type type) {
  ZoneAnswer out;
  out.at = name;
  std::vector<Name> passed;
  while (true) {
    const Zone* zone = zone_for(zones, out.at, type);
    if (zone == nullptr) return out;
    const Zone::Found found = zone->find(out.at, type);
    switch (found.status) {
      case Zone::Status::out_of_zone:
        return out;
      case Zone::Status::delegation:
        out.end = ZoneAnswer::End::delegation;
        out.message.authority = found.set->records;
        add_addresses(zones, found.set->records, out.message);
        return out;
      case Zone::Status::answer:
      case Zone::Status::nodata:
      case Zone::Status::nxdomain:
        out.end = ZoneAnswer::End::complete;
        if (found.status == Zone::Status::nxdomain) out.message.rcode = dns::Rcode::nxdomain;
        if (type == kAny && !found.wildcard && found.status == Zone::Status::nodata) {
          add_everything(*zone, out.at, out.message);
        } else if (found.status == Zone::Status::answer) {
          append(out.message.answers, Zone::records_of(found, out.at));
          add_addresses(zones, found.set->records, out.message);
        } else {
          out.message.authority.push_back(zone->negative_soa());
        }
        return out;
      case Zone::Status::cname:
        break;
    }
    if (type == kAny) {
      out.end = ZoneAnswer::End::complete;
      append(out.message.answers, Zone::records_of(found, out.at));
      return out;
    }
    append(out.message.answers, Zone::records_of(found, out.at));
    passed.push_back(out.at);
    out.at = std::get<Name>(found.set->records.front().data);
    if (std::ranges::find(passed, out.at) != passed.end() || passed.size() > kChainLinksMax) {
      out.end = ZoneAnswer::End::loop;
      return out;
    }
  }
}

}  // namespace waybill::resolve
