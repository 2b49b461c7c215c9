// Mail that a backup passes on comes to the primary from the backup's address. A primary that judges SPF then
// refuses mail of the domain's own users, unless the domain's SPF allows the backup.
#include <algorithm>
#include <iterator>

#include "check/redundancy/mx_hosts.h"
#include "check/redundancy/redundancy.h"
#include "policy/spf_evaluate.h"

namespace waybill::check::redundancy {
namespace {
using policy::SpfResult;

void judge(const Subject& subject, const MxHost& backup, const IpAddress& ip, Look& look, Report& report) {
  const std::string host = backup.mx.exchange.to_string();
  const policy::SpfRequest request{
      .ip = ip, .domain = subject.name, .sender_domain = subject.name.to_string(), .helo = host};
  auto step = policy::evaluate_spf(request, look.dns_facts());
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) return look.open(std::move(*open));
  const auto& verdict = std::get<policy::SpfVerdict>(step);
  if (verdict.result == SpfResult::temperror)
    return report.unknown(fmt::format("SPF of {} for {}", subject.name.to_string(), ip.to_string()),
                          verdict.why);
  if (verdict.result != SpfResult::fail && verdict.result != SpfResult::softfail) return;
  const std::string mechanism = fmt::format("{}:{}", ip.is_v4() ? "ip4" : "ip6", ip.to_string());
  report.add(
      verdict.result == SpfResult::fail ? Level::warning : Level::notice,
      {.subject = host,
       .got = fmt::format("the SPF of {} says {} for the backup's address {}{}", subject.name.to_string(),
                          policy::to_string(verdict.result), ip.to_string(),
                          verdict.term.empty() ? "" : fmt::format(" (by {})", verdict.term)),
       .want = "a primary that takes the backup's mail without judging SPF, or SPF that allows the backup",
       .fix = fmt::format("exempt {} from SPF on the primary, or put {} into the domain's SPF", host,
                          mechanism)});
}

/// Backups are the hosts behind the best preference, and those that are said to be.
void run(const Subject& subject, Look& look, Report& report) {
  const auto tiers = mx_tiers(subject, look, report);
  if (!tiers) return;
  const dns::Answer* txt = known(look, report, subject.name, dns::Type::txt);
  if (txt == nullptr) return;
  if (policy::spf_texts(*txt).texts.empty())
    return report.skip(fmt::format("{} has no SPF record", subject.name.to_string()));
  std::vector<MxHost> backups;
  for (auto tier = std::next(tiers->begin()); tier != tiers->end(); ++tier)
    backups.insert(backups.end(), tier->second.begin(), tier->second.end());
  for (const dns::Name& name : subject.backups) {
    const bool listed =
        std::ranges::any_of(backups, [&](const MxHost& host) { return host.mx.exchange == name; });
    if (listed) continue;
    if (auto addresses = look.addresses(name)) backups.push_back({{.exchange = name}, std::move(*addresses)});
  }
  if (backups.empty()) return report.skip(fmt::format("{} has no backup", subject.name.to_string()));
  for (const MxHost& backup : backups) {
    if (backup.addresses.unknown())
      report.unknown(backup.mx.exchange, backup.addresses.v4->unknown() ? dns::Type::a : dns::Type::aaaa,
                     backup.addresses.failed());
    for (const IpAddress& ip : backup.addresses.ips) judge(subject, backup, ip, look, report);
  }
}
}  // namespace

const Check spf_rejects_backup{.id = "redundancy.spf-rejects-backup",
                               .number = 111,
                               .title = "The domain's SPF does not reject its own backup MX",
                               .ref = "RFC 7208 2.4",
                               .run = run};

}  // namespace waybill::check::redundancy
