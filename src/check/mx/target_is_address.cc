// An MX names a host; an address there is a name that does not exist, so senders find nobody.
#include "check/mail_hosts.h"
#include "check/mx/meant_address.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void judge(const MxSet& mx, const dns::Mx& target, const MeantAddress& meant, Report& report) {
  const std::string owner = mx.owner.to_string();
  const std::string ip = meant.ip.to_string();
  report.error(
      {.subject = target.exchange.to_string(),
       .got = meant.completed
                  ? fmt::format("MX {} begins with the address {}, completed to a name that has no address",
                                target.preference, ip)
                  : fmt::format("MX {} holds the address {}", target.preference, ip),
       .want = "the name of a host that has this address",
       .fix = fmt::format("{}. MX {} mail.{}.   and   mail.{}. {} {}", owner, target.preference, owner, owner,
                          meant.ip.is_v4() ? "A" : "AAAA", ip),
       .about = mx.about(target)});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_targets(subject, look, report);
  if (!mx) return;
  for (const dns::Mx& target : mx->targets) {
    const auto meant = meant_address(target.exchange);
    if (!meant) continue;
    if (meant->completed) {
      // Some providers do call hosts so: a name that has an address is a host.
      const auto addresses = look.addresses(target.exchange);
      if (!addresses || !addresses->ips.empty()) continue;
      if (addresses->unknown()) {
        report.unknown(target.exchange, dns::Type::a, addresses->failed());
        continue;
      }
    }
    judge(*mx, target, *meant, report);
  }
}
}  // namespace

const Check target_is_address{.id = "mx.target-is-address",
                              .number = 8,
                              .title = "Every MX names a host, not an address",
                              .ref = "RFC 1035 3.3.9",
                              .run = run};

}  // namespace waybill::check::mx
