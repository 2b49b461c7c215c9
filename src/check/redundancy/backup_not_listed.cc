// A backup finds its place by the MX set: only better preferences are its to deliver to. One that does not
// find itself can't tell which they are (RFC 5321 5.1), and the senders never come to it.
#include <algorithm>

#include "check/redundancy/mx_hosts.h"
#include "check/redundancy/redundancy.h"

namespace waybill::check::redundancy {
namespace {
/// The MX host that has one of `ips`.
const MxHost* with_address(const MxTiers& tiers, const std::vector<IpAddress>& ips) {
  for (const auto& [preference, hosts] : tiers) {
    for (const MxHost& host : hosts) {
      if (std::ranges::any_of(host.addresses.ips,
                              [&](const IpAddress& ip) { return std::ranges::count(ips, ip) > 0; }))
        return &host;
    }
  }
  return nullptr;
}

const MxHost* with_name(const MxTiers& tiers, const dns::Name& name) {
  for (const auto& [preference, hosts] : tiers) {
    const auto at = std::ranges::find(hosts, name, [](const MxHost& host) { return host.mx.exchange; });
    if (at != hosts.end()) return &*at;
  }
  return nullptr;
}

std::string fix_of(const Subject& subject, const MxTiers& tiers, const dns::Name& backup) {
  const int preference = std::min(65535, tiers.rbegin()->first + 10);
  return fmt::format("{}. MX {} {}.", subject.name.to_string(), preference, backup.to_string());
}

void judge_listed(const Subject& subject, const MxTiers& tiers, const MxHost& listed, Report& report) {
  if (listed.mx.preference != tiers.begin()->first || tiers.size() == 1) return;
  report.warning({.subject = listed.mx.exchange.to_string(),
                  .got = fmt::format("it stands at the best preference, {}: it is a primary for every sender",
                                     listed.mx.preference),
                  .want = "a higher number than the primaries'",
                  .fix = fix_of(subject, tiers, listed.mx.exchange)});
}

void judge(const Subject& subject, const MxTiers& tiers, const dns::Name& backup, Look& look,
           Report& report) {
  if (const MxHost* listed = with_name(tiers, backup)) return judge_listed(subject, tiers, *listed, report);
  const auto addresses = look.addresses(backup);
  if (!addresses) return;
  const std::string name = backup.to_string();
  if (const MxHost* other = with_address(tiers, addresses->ips)) {
    return report.notice(
        {.subject = name,
         .got = fmt::format("the MX names it {}: it knows itself there by its address alone",
                            other->mx.exchange.to_string()),
         .want = "the name that the backup gives itself",
         .fix = fmt::format("{}. MX {} {}.", subject.name.to_string(), other->mx.preference, name)});
  }
  if (addresses->unknown()) return report.unknown(backup, dns::Type::a, addresses->failed());
  report.error({.subject = name,
                .got = fmt::format(
                    "it is not among the MX hosts of {}: no sender comes to it, and it can't tell which "
                    "hosts are better than itself",
                    subject.name.to_string()),
                .want = "the backup in the MX set, behind the primaries",
                .fix = fix_of(subject, tiers, backup)});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto tiers = mx_tiers(subject, look, report);
  if (!tiers) return;
  for (const dns::Name& backup : subject.backups) judge(subject, *tiers, backup, look, report);
}
}  // namespace

const Check backup_not_listed{.id = "redundancy.backup-not-listed",
                              .number = 110,
                              .title = "Every backup stands in the MX set, behind the primaries",
                              .ref = "RFC 5321 5.1",
                              .needs = Needs::backup,
                              .run = run};

}  // namespace waybill::check::redundancy
