// An MX must name a host, not an alias of one: senders may refuse it, and loops hide behind it.
#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
/// Whether a name is an alias hangs on no type (RFC 1034 3.6.2): the answer that settles it; null if none
/// does.
const dns::Answer* telling(const Look::Addresses& addresses) {
  for (const dns::Answer* answer : {addresses.v4, addresses.v6}) {
    if (!answer->unknown() || answer->loop || !answer->chain.empty()) return answer;
  }
  return nullptr;
}

/// The end of the chain has an address, so that an MX may name it.
bool leads_somewhere(const Look::Addresses& addresses) { return !addresses.ips.empty(); }

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = mx_hosts(subject, look, report);
  if (!hosts) return;
  for (const MailHost& host : hosts->hosts) {
    if (!host.addresses) continue;  // no host name: mx.bad-hostname
    const dns::Answer* answer = telling(*host.addresses);
    if (answer == nullptr) {
      host.report_unknown(report);
      continue;
    }
    if (answer->chain.empty() && !answer->loop) continue;
    const std::string alias = host.mx.exchange.to_string();
    const std::string end = answer->canonical.to_string();
    report.error({.subject = alias,
                  .got = answer->loop
                             ? fmt::format("MX {} names an alias (CNAME) that leads nowhere: {}",
                                           host.mx.preference, answer->why)
                             : fmt::format("MX {} names an alias (CNAME) of {}", host.mx.preference, end),
                  .want = "the host's own name",
                  .fix = leads_somewhere(*host.addresses)
                             ? fmt::format("{}. MX {} {}.", hosts->owner.to_string(), host.mx.preference, end)
                             : fmt::format("name a host that has an address in  {}. MX {} {}.",
                                           hosts->owner.to_string(), host.mx.preference, alias),
                  .about = About{hosts->owner, dns::Type::mx, host.mx}});
  }
}
}  // namespace

const Check target_is_cname{.id = "mx.target-is-cname",
                            .number = 7,
                            .title = "No MX names an alias",
                            .ref = "RFC 2181 10.3",
                            .run = run};

}  // namespace waybill::check::mx
