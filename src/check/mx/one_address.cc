// Several MX names for one machine look like redundancy and are none.
#include <algorithm>
#include <set>

#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
/// The address that all `hosts` have, where no host has another of its family; null if there is none.
const IpAddress* shared_by_all(const std::vector<const MailHost*>& hosts) {
  std::set<IpAddress> v4, v6;
  for (const MailHost* host : hosts) {
    for (const IpAddress& ip : host->addresses->ips) (ip.is_v4() ? v4 : v6).insert(ip);
  }
  if (v4.size() > 1 || v6.size() > 1) return nullptr;
  for (const IpAddress& ip : hosts.front()->addresses->ips) {
    const auto has = [&](const MailHost* host) { return std::ranges::count(host->addresses->ips, ip) != 0; };
    if (std::ranges::all_of(hosts, has)) return &ip;
  }
  return nullptr;
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = mx_hosts(subject, look, report);
  if (!hosts || hosts->hosts.empty()) return;
  std::vector<const MailHost*> with_address;
  for (const MailHost& host : hosts->hosts) {
    if (host.addresses && !host.addresses->ips.empty()) with_address.push_back(&host);
  }
  const std::string name = subject.name.to_string();
  const IpAddress* shared = with_address.empty() ? nullptr : shared_by_all(with_address);
  if (with_address.size() > 1 && shared == nullptr) return;  // whatever the others have
  bool unknown = false;
  for (const MailHost& host : hosts->hosts) unknown = host.report_unknown(report) || unknown;
  if (unknown) return;
  if (with_address.size() < 2)
    return report.skip(fmt::format("{} has fewer than two MX hosts with an address", name));
  report.warning({.subject = name,
                  .got = fmt::format("all {} MX hosts have the same address, {}", with_address.size(),
                                     shared->to_string()),
                  .want = "hosts that don't fail together, or one name for one host",
                  .fix = fmt::format("keep one MX for {}, or give the backup a machine of its own",
                                     with_address.front()->mx.exchange.to_string()),
                  .about = About{hosts->owner, dns::Type::mx, std::nullopt}});
}
}  // namespace

const Check one_address{.id = "mx.one-address",
                        .number = 12,
                        .title = "Several MX hosts are several machines",
                        .ref = "",
                        .run = run};

}  // namespace waybill::check::mx
