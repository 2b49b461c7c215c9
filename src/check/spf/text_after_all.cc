// Nobody reads what stands behind `all`; whoever was added there does not pass.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
/// The record with its first `all` and with what is ignored put before it.
std::string all_last(const std::string& text, const policy::SpfTerm& all) {
  return with_term(text, all.place, "") + " " + all.text;
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const policy::SpfTerm* all = own->terms.find(policy::SpfKind::all);
  if (all == nullptr) return;
  std::string ignored;
  bool redirect = false;
  for (const policy::SpfTerm& term : own->terms.terms) {
    const bool behind = !term.is_modifier() && term.place.at > all->place.at;
    redirect = redirect || term.kind == policy::SpfKind::redirect;
    if (behind || term.kind == policy::SpfKind::redirect)
      ignored += fmt::format("{}'{}'", ignored.empty() ? "" : ", ", printable(term.text, 80));
  }
  if (ignored.empty()) return;
  report.warning({.subject = subject.name.to_string(),
                  .got = fmt::format("ignored because of '{}': {}", all->text, printable(ignored, 300)),
                  .want = "'all' as the last mechanism, and no redirect= beside it",
                  .fix = redirect
                             ? fmt::format("take redirect= out, or '{}' if redirect= is meant", all->text)
                             : as_record(subject, all_last(own->text, *all)),
                  .about = own->about});
}
}  // namespace

const Check text_after_all{.id = "spf.text-after-all",
                           .number = 40,
                           .title = "Nothing of the SPF record stands where it is ignored",
                           .ref = "RFC 7208 5.1",
                           .run = run};

}  // namespace waybill::check::spf
