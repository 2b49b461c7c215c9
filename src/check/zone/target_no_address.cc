// A host of this zone that receives mail or serves a zone needs an address, and this zone alone can give it
// one.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
using Status = dns::Zone::Status;

/// A name below a delegation has its addresses in the child zone; here it needs glue if it serves that child.
bool has_glue(const ZoneView& zone, const dns::Name& host) {
  return zone.set(host, dns::Type::a) != nullptr || zone.set(host, dns::Type::aaaa) != nullptr;
}

/// False also where this zone can't tell.
bool lacks_address(const ZoneView& zone, const dns::ZoneRecord& record, const dns::Name& host) {
  const auto v4 = zone.zone().find(host, dns::Type::a);
  if (v4.status == Status::delegation) {
    const bool serves_it = record.record.type == dns::Type::ns && host.is_within(record.record.owner);
    return serves_it && !has_glue(zone, host);
  }
  if (v4.status != Status::nodata && v4.status != Status::nxdomain) return false;
  return zone.zone().find(host, dns::Type::aaaa).status != Status::answer;
}

void tell(const ZoneView& zone, const dns::ZoneRecord& record, const dns::Name& host, ZoneReport& report) {
  const std::string name = host.to_string();
  const std::string type = dns::to_string(record.record.type);
  const std::string owner = record.record.owner.to_string();
  const dns::Name relative = relative_to(host, zone.origin());
  if (const auto ip = IpAddress::parse(relative.to_string())) {
    return report.error(record,
                        {.subject = owner,
                         .got = fmt::format("{} names the address {}, which reads as the host {}", type,
                                            ip->to_string(), name),
                         .want = "the name of a host, which has that address",
                         .fix = fmt::format("mail.{0}. {1} {2}   and name mail.{0}. in the {3}", owner,
                                            ip->is_v4() ? "A" : "AAAA", ip->to_string(), type),
                         .ref = "RFC 1035 3.3.9"},
                        ZoneReport::At::target);
  }
  // "mail.provider.example" without its dot ends up here as mail.provider.example.example.org.
  const bool may_be_foreign = relative.labels() > 1 && !zone.origin().is_root();
  report.error(record,
               {.subject = name,
                .got = fmt::format("{} of {} names {}, which has no address in this zone", type, owner, name),
                .want = "an A or AAAA record of that host",
                .fix = fmt::format("{}. A 192.0.2.1   with the host's own address{}", name,
                                   may_be_foreign
                                       ? fmt::format("; if {0} outside this zone was meant, write {0}. with "
                                                     "the dot at the end",
                                                     relative.to_string())
                                       : ""),
                .ref = record.record.type == dns::Type::mx ? "RFC 5321 5.1" : "RFC 1034 4.2.1"},
               ZoneReport::At::target);
}

void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, set] : zone.sets()) {
    if (key.type != dns::Type::mx && key.type != dns::Type::ns) continue;
    for (const dns::ZoneRecord* each : set) {
      const auto host = target_of(each->record);
      if (!host || host->is_root() || !host->is_within(zone.origin())) continue;
      if (has_origin_twice(*host, zone.origin())) continue;  // zone.missing-dot says what is wrong
      if (lacks_address(zone, *each, *host)) tell(zone, *each, *host, report);
    }
  }
}
}  // namespace

const ZoneCheck target_no_address{
    .id = "zone.target-no-address",
    .title = "Every MX and NS host of this zone has an address",
    .ref = "RFC 1034 4.2.1",
    .judges = ZoneCheck::Judges::what_lacks,
    .covers = {"mx.target-no-address", "mx.target-is-address", "mx.bad-hostname"},
    .run = run};

}  // namespace waybill::check::zone
