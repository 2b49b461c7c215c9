// An alias at the mail domain hands everything to another name: its MX, SPF and DMARC are that name's, and
// nothing else may stand beside it.
#include "check/domain/domain.h"

namespace waybill::check::domain {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = look.dns(subject.name, dns::Type::mx);
  if (mx == nullptr) return;
  const std::string name = subject.name.to_string();
  // An alias whose end gives no answer is an alias all the same.
  if (mx->chain.empty() && !mx->loop) {
    if (mx->unknown()) report.unknown(subject.name, dns::Type::mx, *mx);
    return;
  }
  const std::string end = mx->canonical.to_string();
  if (mx->loop) {
    return report.error({.subject = name,
                         .got = fmt::format("it is an alias (CNAME) that leads nowhere: {}", mx->why),
                         .want = "records of its own",
                         .fix = fmt::format("{}. MX 10 mail.{}.   in place of the CNAME", name, name),
                         .about = About{subject.name, dns::Type::cname, std::nullopt}});
  }
  report.error(
      {.subject = name,
       .got = fmt::format("it is an alias (CNAME) of {}, whose MX, SPF and TXT records stand for it", end),
       .want = "records of its own: no MX or TXT may stand beside a CNAME",
       .fix = fmt::format("take the CNAME away and publish {}'s MX and TXT at {}.", end, name),
       .about = About{subject.name, dns::Type::cname, std::nullopt}});
}
}  // namespace

const Check cname{.id = "domain.cname",
                  .number = 121,
                  .title = "The mail domain is no alias",
                  .ref = "RFC 2181 10.1",
                  .run = run};

}  // namespace waybill::check::domain
