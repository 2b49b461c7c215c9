// A sender with IPv6 alone has no backup when only one preference has IPv6.
#include "check/redundancy/mx_hosts.h"
#include "check/redundancy/redundancy.h"

namespace waybill::check::redundancy {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto tiers = mx_tiers(subject, look, report);
  if (!tiers) return;
  if (tiers->size() < 2)
    return report.skip(fmt::format("{} has one preference only", subject.name.to_string()));
  std::vector<uint16_t> with;
  const MxHost* without = nullptr;  // the first of the others
  const MxHost* unknown = nullptr;
  for (const auto& [preference, hosts] : *tiers) {
    bool has = false;
    for (const MxHost& host : hosts) {
      has = has || host.addresses.v6->present();
      if (host.addresses.v6->unknown()) unknown = &host;
    }
    if (has)
      with.push_back(preference);
    else if (without == nullptr)
      without = &hosts.front();
  }
  if (with.size() != 1) {
    // None at all is another check's (address.no-ipv6); but an unknown one may be the only one.
    if (with.empty() && unknown != nullptr)
      report.unknown(unknown->mx.exchange, dns::Type::aaaa, *unknown->addresses.v6);
    return;
  }
  if (unknown != nullptr)
    return report.unknown(unknown->mx.exchange, dns::Type::aaaa, *unknown->addresses.v6);
  const std::string host = without->mx.exchange.to_string();
  report.warning(
      {.subject = subject.name.to_string(),
       .got = fmt::format("only preference {} has IPv6: a sender with IPv6 alone has no other host",
                          with.front()),
       .want = "IPv6 at two preferences at least, or at none",
       .fix = fmt::format("{}. AAAA (the IPv6 address of {})", host, host)});
}
}  // namespace

const Check ipv6_at_one_preference{.id = "redundancy.ipv6-at-one-preference",
                                   .number = 108,
                                   .title = "IPv6 stands at more than one preference, or at none",
                                   .ref = "",
                                   .run = run};

}  // namespace waybill::check::redundancy
