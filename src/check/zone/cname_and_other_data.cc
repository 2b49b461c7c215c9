// A name that is an alias can have nothing else: what stands beside the CNAME is seen by some and not by
// others.
#include <set>

#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
/// RFC 4034 2.5, 3.5 and 4: what signing puts beside a CNAME.
bool may_stand_beside(dns::Type type) {
  return type == dns::Type::rrsig || type == dns::Type{47} || type == dns::Type{25};
}

void several(const ZoneView::Set& aliases, ZoneReport& report) {
  const dns::ZoneRecord& first = *aliases.front();
  for (const dns::ZoneRecord* each : aliases) {
    if (each->record.data == first.record.data) continue;  // a duplicate, no more
    report.error(*each, {.subject = each->record.owner.to_string(),
                         .got = fmt::format("a second CNAME; the first stands in line {}", first.line),
                         .want = "one CNAME, and nothing beside it",
                         .fix = "remove one of them"});
  }
}

void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, aliases] : zone.sets()) {
    if (key.type != dns::Type::cname) continue;
    several(aliases, report);
    std::set<std::string> types;
    int line = 0;
    // All sets of this owner stand side by side.
    for (auto at = zone.sets().lower_bound({key.owner, dns::Type{0}}); at != zone.sets().end(); ++at) {
      if (at->first.owner != key.owner) break;
      if (at->first.type == dns::Type::cname || may_stand_beside(at->first.type)) continue;
      types.insert(dns::to_string(at->first.type));
      if (line == 0 || at->second.front()->line < line) line = at->second.front()->line;
    }
    if (types.empty()) continue;
    const std::string owner = key.owner.to_string();
    report.error(*aliases.front(),
                 {.subject = owner,
                  .got = fmt::format("{} is an alias (CNAME) and has {} too (line {})", owner,
                                     fmt::join(types, ", "), line),
                  .want = "either the CNAME or the other records",
                  .fix = fmt::format(
                      "remove the CNAME and give {} the addresses it leads to, or remove the rest", owner)});
  }
}
}  // namespace

const ZoneCheck cname_and_other_data{.id = "zone.cname-and-other-data",
                                     .number = 97,
                                     .title = "No alias has other data beside it",
                                     .ref = "RFC 2181 10.1",
                                     .covers = {"domain.cname", "dmarc.txt-and-cname"},
                                     .run = run};

}  // namespace waybill::check::zone
