// Senders that have IPv6 alone can't deliver to a host that has none.
#include <algorithm>

#include "check/address/address.h"
#include "check/mail_hosts.h"

namespace waybill::check::address {
namespace {
bool has_v6(const MailHost& host) { return std::ranges::any_of(host.addresses->ips, &IpAddress::is_v6); }

void report_one(const Subject& subject, std::string name, std::string got, Report& report) {
  report.notice({.subject = name,
                 .got = std::move(got),
                 .want = "an IPv6 address beside the IPv4 address",
                 .fix = fmt::format("{}. AAAA ADDRESS-OF-THE-HOST   once it listens there on port {}", name,
                                    subject.port)});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = mail_hosts(subject, look, report);
  if (!hosts) return;
  if (hosts->hosts.empty()) return report.skip(hosts->why_none);
  std::vector<const MailHost*> without;
  size_t with = 0;
  bool unknown = false;
  for (const MailHost& host : hosts->hosts) {
    if (!host.addresses || (host.addresses->ips.empty() && !host.addresses->unknown()))
      continue;  // no host at all
    if (has_v6(host)) {
      ++with;
    } else if (host.addresses->v6->unknown() && !host.addresses->v6->loop) {
      report.unknown(host.mx.exchange, dns::Type::aaaa, *host.addresses->v6);
      unknown = true;
    } else if (!host.addresses->ips.empty()) {
      without.push_back(&host);
    }
  }
  const std::string name = subject.name.to_string();
  if (without.empty()) {
    if (with == 0 && !unknown) report.skip(fmt::format("no mail host of {} has an address", name));
    return;
  }
  if (with == 0 && !unknown && without.size() > 1) {
    return report_one(
        subject, without.front()->canonical.to_string(),
        fmt::format("none of the {} mail hosts of {} has an IPv6 address (AAAA)", without.size(), name),
        report);
  }
  for (const MailHost* host : without)
    report_one(subject, host->canonical.to_string(), "it has no IPv6 address (AAAA)", report);
}
}  // namespace

const Check no_ipv6{.id = "address.no-ipv6",
                    .number = 26,
                    .title = "Every mail host has an IPv6 address",
                    .ref = "",
                    .run = run};

}  // namespace waybill::check::address
