// p=none watches and protects nobody.
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check::dmarc {
namespace {
using policy::DmarcPolicy;

void run(const Subject& subject, Look& look, Report& report) {
  const auto found = applied(subject, look, report);
  const auto silent = never_sends(subject, look);
  if (!found || !silent) return;
  const bool own = *found->at == subject.name;
  const bool by_sp = !own && found->record.sp;
  const std::string_view tag = by_sp ? "sp" : "p";
  const std::string fix = with_tag(*found, tag, *silent ? "reject" : "quarantine");
  if (!found->policy) return report.skip("neither p= nor rua= can be used, which dmarc.unknown-tags reports");
  if (*found->policy == DmarcPolicy::none) {
    return report.notice(
        {.subject = subject.name.to_string(),
         .got =
             fmt::format("{}=none{}: forged mail is delivered like any other",
                         found->record.p || by_sp ? tag : "no p=, which counts as p", whose(subject, *found)),
         .want = *silent ? "p=reject, since the domain's SPF record says that it never sends"
                         : "quarantine or reject, once the reports show no sender of your own failing",
         .fix = fix,
         .about = about(*found)});
  }
  if (!found->record.testing) return;
  report.notice({.subject = subject.name.to_string(),
                 .got = fmt::format("t=y{}: receivers treat {} as {}", whose(subject, *found),
                                    policy::to_string(*found->policy),
                                    policy::to_string(policy::while_testing(*found->policy))),
                 .want = "no t=y once testing is over",
                 .fix = with_tag(*found, "t", ""),
                 .about = about(*found)});
}
}  // namespace

const Check policy_none{.id = "dmarc.policy-none",
                        .number = 55,
                        .title = "The DMARC policy asks receivers to act on forged mail",
                        .ref = "RFC 9989 4.7",
                        .run = run};

}  // namespace waybill::check::dmarc
