// An MX host without any address takes no mail; if it is the only one, all mail bounces.
#include "check/mail_hosts.h"
#include "check/mx/meant_address.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
using route::HostStatus;

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = mx_hosts(subject, look, report);
  if (!hosts) return;
  for (const MailHost& host : hosts->hosts) {
    // Not looked up: no host name. Meant as an address: a check of its own.
    if (!host.addresses || meant_address(host.mx.exchange)) continue;
    if (host.status == HostStatus::temp_failure) host.report_unknown(report);
    if (host.status != HostStatus::no_address && host.status != HostStatus::invalid) continue;
    const std::string name = host.mx.exchange.to_string();
    const std::string record =
        fmt::format("{}. MX {} {}.", hosts->owner.to_string(), host.mx.preference, name);
    report.error({.subject = name,
                  .got = fmt::format("MX {} can't be reached: {}", host.mx.preference, host.note),
                  .want = "an A or AAAA record for every MX host",
                  .fix = fmt::format("add  {}. A ADDRESS-OF-THE-HOST  , or delete  {}", name, record),
                  .about = About{hosts->owner, dns::Type::mx, host.mx}});
  }
}
}  // namespace

const Check target_no_address{.id = "mx.target-no-address",
                              .number = 10,
                              .title = "Every MX host has an address",
                              .ref = "RFC 5321 5.1",
                              .run = run};

}  // namespace waybill::check::mx
