// A verifier gives up after ten lookups: mail from whoever stands behind the tenth gets a permerror.
#include "base/bytes.h"
#include "check/spf/lookups.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  if (has_loop(*tree)) return report.skip("the record includes itself, which spf.include-loop reports");
  // What could not be counted can only add to it.
  if (tree->lookups() <= kLookupsMax) return report_unknown(*tree, report);
  const auto& most = tree->costs.front();
  report.error(
      {.subject = subject.name.to_string(),
       .got = fmt::format("{}{} lookups: {}", tree->at_least() ? "at least " : "", tree->lookups(),
                          who_needs(*tree)),
       .want = "at most 10, includes of includes counted; verifiers stop there with a permerror",
       .fix = fmt::format("take out what sends no more, or put addresses (ip4:, ip6:) in the place of names; "
                          "'{}' alone needs {}",
                          printable(most.term, 80), most.lookups),
       .about = own->about});
}
}  // namespace

const Check too_many_lookups{.id = "spf.too-many-lookups",
                             .number = 34,
                             .title = "The SPF record needs at most 10 lookups",
                             .ref = "RFC 7208 4.6.4",
                             .run = run};

}  // namespace waybill::check::spf
