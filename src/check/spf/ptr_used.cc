// ptr is slow, fails with the reverse zone of others, and is not to be used.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  for (const policy::SpfTerm& term : own->terms.terms) {
    const bool macro = term.target && term.target->uses("p");
    if (term.kind != policy::SpfKind::ptr && !macro) continue;
    report.warning(
        {.subject = subject.name.to_string(),
         .got = fmt::format("'{}' asks for the reverse name of every client", printable(term.text, 80)),
         .want = "no ptr and no %{p}: slow, and without effect whenever a reverse zone does not answer",
         .fix = fmt::format("name the senders' networks (ip4:, ip6:) or hosts (a:) in its place: {}",
                            as_record(subject, with_term(own->text, term.place, ""))),
         .about = own->about,
         .ref = macro && term.kind != policy::SpfKind::ptr ? "RFC 7208 7.2" : ""});
  }
}
}  // namespace

const Check ptr_used{.id = "spf.ptr-used",
                     .number = 38,
                     .title = "The SPF record does without ptr",
                     .ref = "RFC 7208 5.5",
                     .run = run};

}  // namespace waybill::check::spf
