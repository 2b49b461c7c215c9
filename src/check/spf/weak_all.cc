// What SPF says of everybody else: with +all, ?all or nothing it says that anybody may send.
#include "check/spf/own_record.h"
#include "check/spf/spf.h"
#include "check/txt_line.h"

namespace waybill::check::spf {
namespace {
std::string_view judge(const policy::SpfTerm* all) {
  if (all == nullptr) return "it ends without 'all', so everybody else is neither allowed nor refused";
  if (all->qualifier == policy::SpfQualifier::pass)
    return "it ends in '+all', so anybody may send in the domain's name";
  if (all->qualifier == policy::SpfQualifier::neutral)
    return "it ends in '?all', so everybody else is neither allowed nor refused";
  return "";
}

/// The record with "-all" in the place of its all, or behind the last mechanism.
std::string mended(std::string_view text, const policy::SpfTerm* all) {
  if (all != nullptr) return with_term(text, all->place, "-all");
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1)) + " -all";
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  const auto* last = tree->last();
  if (last == nullptr) {
    report_unknown(*tree, report);
    if (report.findings().empty() && report.skipped().empty())
      report.skip("what its redirect= leads to can't be read, which spf.syntax reports");
    return;
  }
  if (!last->record.faults.empty()) return report.skip("the record has faults, which spf.syntax reports");
  const policy::SpfTerm* all = last->record.find(policy::SpfKind::all);
  const std::string_view fault = judge(all);
  if (fault.empty()) return;
  const bool is_own = last == &tree->nodes.front();
  report.warning({.subject = last->domain.to_string(),
                  .got = fmt::format("{}: {}", fault, quoted(last->text)),
                  .want = "'-all', or '~all' while senders are still being found",
                  .fix = txt_line(last->domain, mended(last->text, all)),
                  .about = is_own ? std::optional(own->about) : std::nullopt});
}
}  // namespace

const Check weak_all{.id = "spf.weak-all",
                     .number = 39,
                     .title = "The SPF record says that all others may not send",
                     .ref = "RFC 7208 5.1",
                     .run = run};

}  // namespace waybill::check::spf
