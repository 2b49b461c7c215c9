#include "check/zone/zone_check.h"

#include <algorithm>

namespace waybill::check {
namespace {
/// RFC 1034 3.6.2 wants chains avoided; resolvers give up at about so many links.
constexpr int kLinksMax = 16;

std::vector<dns::Record> records_of(const dns::ZoneFile& file) {
  std::vector<dns::Record> out;
  out.reserve(file.records.size());
  for (const dns::ZoneRecord& each : file.records) out.push_back(each.record);
  return out;
}
}  // namespace

ZoneView::ZoneView(const dns::ZoneFile& file) : file_(file), zone_(file.origin, records_of(file)) {
  for (const dns::ZoneRecord& each : file.records)
    sets_[{each.record.owner, each.record.type}].push_back(&each);
}

const ZoneView::Set* ZoneView::set(const dns::Name& owner, dns::Type type) const {
  const auto at = sets_.find({owner, type});
  return at == sets_.end() ? nullptr : &at->second;
}

const dns::ZoneRecord* ZoneView::soa() const {
  const Set* found = set(origin(), dns::Type::soa);
  return found == nullptr ? nullptr : found->front();
}

std::optional<dns::Name> target_of(const dns::Record& record) {
  constexpr auto kDname = dns::Type{39};
  if (const auto* name = std::get_if<dns::Name>(&record.data)) return *name;
  if (const auto* mx = std::get_if<dns::Mx>(&record.data)) return mx->exchange;
  const auto* rdata = std::get_if<dns::Opaque>(&record.data);
  if (rdata == nullptr) return std::nullopt;
  size_t at = 0;
  if (record.type == dns::Type::srv) {
    at = 6;  // RFC 2782: priority, weight and port stand before it
  } else if (record.type != kDname) {
    return std::nullopt;
  }
  if (rdata->size() <= at) return std::nullopt;
  auto name = dns::Name::from_wire(std::string_view(*rdata).substr(at));
  return name ? std::optional(std::move(*name)) : std::nullopt;
}

dns::Name end_of_aliases(const dns::Zone& zone, const dns::Name& name) {
  dns::Name at = name;
  for (int i = 0; i < kLinksMax; ++i) {
    const auto found = zone.find(at, dns::Type::a);
    if (found.status != dns::Zone::Status::cname) break;
    at = std::get<dns::Name>(found.set->records.front().data);
  }
  return at;
}

bool has_origin_twice(const dns::Name& name, const dns::Name& origin) {
  const std::string& wire = origin.wire();
  const auto twice = dns::Name::from_wire(wire.substr(0, wire.size() - 1) + wire);
  return twice && !origin.is_root() && name.is_within(*twice);
}

bool is_reverse_zone(const dns::Name& origin) {
  static const dns::Name v4 = dns::Name::parse("in-addr.arpa").value();
  static const dns::Name v6 = dns::Name::parse("ip6.arpa").value();
  return origin.is_within(v4) || origin.is_within(v6);
}

dns::Name relative_to(const dns::Name& name, const dns::Name& origin) {
  const std::string head = name.wire().substr(0, name.wire().size() - origin.wire().size());
  return dns::Name::from_wire(head + '\0').value_or(name);
}

Finding& ZoneReport::add(Level level, Fault fault) {
  return findings_.emplace_back(Finding{.id = std::string(check_.id),
                                        .level = level,
                                        .subject = std::move(fault.subject),
                                        .got = std::move(fault.got),
                                        .want = std::move(fault.want),
                                        .ref = std::string(fault.ref.empty() ? check_.ref : fault.ref),
                                        .fix = std::move(fault.fix),
                                        .where = std::nullopt,
                                        .about = std::nullopt});
}

namespace {
void put(Finding& finding, const dns::ZoneRecord& record, ZoneReport::At at) {
  const bool target = at == ZoneReport::At::target;
  finding.where = Where{.file = record.file,
                        .line = target ? record.target_line : record.line,
                        .column = target ? record.target_column : record.column};
  finding.about = About{record.record.owner, record.record.type, record.record.data};
}
}  // namespace

void ZoneReport::error(const dns::ZoneRecord& record, Fault fault, At at) {
  put(add(Level::error, std::move(fault)), record, at);
}
void ZoneReport::warning(const dns::ZoneRecord& record, Fault fault, At at) {
  put(add(Level::warning, std::move(fault)), record, at);
}
void ZoneReport::error(Where where, Fault fault) {
  add(Level::error, std::move(fault)).where = std::move(where);
}

const ZoneCheck* find_zone_check(std::string_view id) {
  const auto all = zone_checks();
  const auto at = std::ranges::find(all, id, &ZoneCheck::id);
  return at == all.end() ? nullptr : *at;
}

std::vector<Finding> check_zone_file(const ZoneView& zone) {
  std::vector<Finding> out;
  for (const ZoneCheck* check : zone_checks()) {
    if (!zone.file().errors.empty() && check->judges == ZoneCheck::Judges::what_lacks) continue;
    ZoneReport report(*check);
    check->run(zone, report);
    std::ranges::move(report.take(), std::back_inserter(out));
  }
  return out;
}

}  // namespace waybill::check
