// An MX must name a host, not an alias of one: senders may refuse it, and loops hide behind it.
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = known(look, report, subject.name, dns::Type::mx);
  if (mx == nullptr) return;
  for (const dns::Mx& record : mx_of(*mx)) {
    if (record.exchange.is_root()) continue;
    const dns::Answer* address = known(look, report, record.exchange, dns::Type::a);
    if (address == nullptr || address->chain.empty()) continue;
    report.error({.subject = record.exchange.to_string(),
                  .got = fmt::format("MX {} names an alias (CNAME) of {}", record.preference,
                                     address->canonical.to_string()),
                  .want = "the host's own name",
                  .fix = fmt::format("{}. MX {} {}.", subject.name.to_string(), record.preference,
                                     address->canonical.to_string()),
                  .about = About{mx->canonical, dns::Type::mx, record}});
  }
}
}  // namespace

const Check target_is_cname{.id = "mx.target-is-cname",
                            .number = 7,
                            .title = "No MX names an alias",
                            .ref = "RFC 2181 10.3",
                            .run = run};

}  // namespace waybill::check::mx
