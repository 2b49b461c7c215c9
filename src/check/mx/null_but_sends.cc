// Whoever sends as a domain that takes no mail is refused by receivers that look for the return path.
#include "base/bytes.h"
#include "check/mail_hosts.h"
#include "check/mx/mx.h"
#include "check/mx/spf_says.h"

namespace waybill::check::mx {
namespace {
using Who = SpfSays::Who;

void judge(const Subject& subject, const MxSet& mx, const SpfSays& spf, Report& report) {
  const std::string name = subject.name.to_string();
  const bool sender_given = !subject.sends_from.empty();
  if (spf.who != Who::somebody && !sender_given) {
    if (spf.who == Who::nothing)
      report.skip(fmt::format("{} has no SPF record that says whether it sends", name));
    if (spf.who == Who::unclear)
      report.skip(fmt::format("the SPF record of {} doesn't say whether it sends", name));
    return;
  }
  report.warning(
      {.subject = name,
       .got = spf.who == Who::somebody
                  ? fmt::format("it takes no mail (null MX), yet its SPF record lets it be sent from: {}",
                                printable(spf.text))
                  : fmt::format("it takes no mail (null MX), yet {} sends for it",
                                subject.sends_from.front().to_string()),
       .want = "MX records, or nobody who sends: replies and bounces to it can't be delivered",
       .fix = fmt::format("{}. TXT \"v=spf1 -all\"   or an MX that takes the replies", name),
       .about = mx.about(mx.nulls.front())});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_set(subject, look, report);
  if (!mx || mx->answer == nullptr) return;
  if (mx->nulls.empty() || !mx->targets.empty())
    return report.skip(fmt::format("{} takes mail: it has no null MX alone", subject.name.to_string()));
  const SpfSays spf = spf_says(subject.name, look, report);
  if (spf.who != Who::open && spf.who != Who::unknown) judge(subject, *mx, spf, report);
}
}  // namespace

const Check null_but_sends{.id = "mx.null-but-sends",
                           .number = 6,
                           .title = "A domain that takes no mail sends none",
                           .ref = "RFC 7505 4.2",
                           .run = run};

}  // namespace waybill::check::mx
