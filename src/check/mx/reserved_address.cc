// Nobody outside reaches a private, loopback or documentation address: senders find nobody there, or
// themselves.
#include "base/special_purpose.h"
#include "check/mail_hosts.h"
#include "check/mx/mx.h"
#include "route/hosts.h"

namespace waybill::check::mx {
namespace {
void judge(const MailHost& host, const IpAddress& ip, dns::Type type, Report& report) {
  const SpecialPurpose* special = special_purpose(ip);
  const bool mapped = type == dns::Type::aaaa && ip.is_v4();
  if (special == nullptr && !mapped) return;
  const std::string name = host.mx.exchange.to_string();
  const std::string shown = mapped ? "::ffff:" + ip.to_string() : ip.to_string();
  report.error(
      {.subject = fmt::format("{} ({})", name, shown),
       .got = mapped ? std::string("its AAAA record holds an IPv4-mapped address, which no sender can use")
                     : fmt::format("it is {} ({}), {}", special->name, special->network,
                                   route::is_reserved(ip) ? "where no sender delivers"
                                                          : "which can't be reached from everywhere"),
       .want = "a public address",
       .fix =
           mapped
               ? fmt::format("delete it; {}. A {}  says the same", host.canonical.to_string(), ip.to_string())
               : fmt::format("give {} its public address instead, or name another host in the MX", name),
       .about = About{host.canonical, type, ip},
       .ref = mapped ? "RFC 4291 2.5.5.2" : special->ref});
}

void run(const Subject& subject, Look& look, Report& report) {
  if (subject.lab) return report.skip("this is a lab (--allow-loopback), where such addresses are meant");
  const auto hosts = mail_hosts(subject, look, report);
  if (!hosts) return;
  if (hosts->hosts.empty()) return report.skip(hosts->why_none);
  bool any = false;
  for (const MailHost& host : hosts->hosts) {
    if (!host.addresses) continue;
    for (const auto& [type, answer] :
         {std::pair{dns::Type::a, host.addresses->v4}, std::pair{dns::Type::aaaa, host.addresses->v6}}) {
      for (const dns::Record& record : answer->records) {
        const auto* ip = std::get_if<IpAddress>(&record.data);
        if (ip == nullptr) continue;
        any = true;
        judge(host, *ip, type, report);
      }
    }
    host.report_unknown(report);
  }
  if (!any) report.skip(fmt::format("no mail host of {} has an address", subject.name.to_string()));
}
}  // namespace

const Check reserved_address{.id = "mx.reserved-address",
                             .number = 14,
                             .title = "Every mail host has public addresses",
                             .ref = "RFC 6890",
                             .run = run};

}  // namespace waybill::check::mx
