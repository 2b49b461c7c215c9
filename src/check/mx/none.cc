// Without an MX record mail falls back to the domain's own address, if it has one.
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = look.dns(subject.name, dns::Type::mx);
  if (mx == nullptr || mx->present()) return;
  const std::string name = subject.name.to_string();
  if (mx->loop) {
    return report.warning(
        {.subject = name,
         .got = fmt::format("its aliases (CNAME) lead nowhere: {}; all mail for it bounces", mx->why),
         .want = "an MX record, or a null MX if it takes no mail",
         .fix = fmt::format("replace the CNAME at {} by records of its own", name),
         .ref = "RFC 1034 3.6.2"});
  }
  if (mx->unknown()) return report.unknown(subject.name, dns::Type::mx, *mx);
  if (mx->kind == dns::Kind::nxdomain) {
    // RFC 5321 5.1: a name that does not exist has no implicit MX either.
    return report.warning({.subject = name,
                           .got = "the domain does not exist (NXDOMAIN)",
                           .want = "an MX record, or a null MX if it takes no mail",
                           .fix = fmt::format("{}. MX 0 .   says that it takes no mail (RFC 7505)", name)});
  }
  const auto addresses = look.addresses(subject.name);
  if (!addresses) return;
  if (addresses->ips.empty()) {
    if (addresses->unknown()) return report.unknown(subject.name, dns::Type::a, addresses->failed());
    return report.warning({.subject = name,
                           .got = "neither an MX record nor an address: all mail for it bounces",
                           .want = "an MX record, or a null MX if that is meant",
                           .fix = fmt::format("{}. MX 0 .   says that it takes no mail (RFC 7505)", name)});
  }
  report.notice({.subject = name,
                 .got = fmt::format("no MX record: mail goes to the domain's own address {}",
                                    addresses->ips.front().to_string()),
                 .want = "an MX record that says so",
                 .fix = fmt::format("{}. MX 10 {}.", name, name)});
}
}  // namespace

const Check none{.id = "mx.none",
                 .number = 1,
                 .title = "The domain says by MX records where its mail goes",
                 .ref = "RFC 5321 5.1",
                 .run = run};

}  // namespace waybill::check::mx
