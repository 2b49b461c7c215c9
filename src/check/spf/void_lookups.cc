// Names that do not exist: the third of them is a permerror.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
constexpr size_t kVoidMax = 2;  // RFC 7208 4.6.4

std::string list_of(const policy::SpfSurvey& tree) {
  std::string out;
  for (size_t i = 0; i < std::min<size_t>(tree.voids.size(), 5); ++i) {
    const auto& each = tree.voids[i];
    const bool own = each.node == 0;
    out += fmt::format("{}{} ('{}'{})", i == 0 ? "" : ", ", each.name.to_string(), printable(each.term, 80),
                       own ? "" : " of " + tree.nodes[each.node].domain.to_string());
  }
  return out;
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  if (tree->voids.size() > kVoidMax) {
    return report.error(
        {.subject = subject.name.to_string(),
         .got = fmt::format("{} lookups find nothing: {}", tree->voids.size(), list_of(*tree)),
         .want = "at most 2; verifiers stop at the third with a permerror",
         .fix = "take these names out, or give them the addresses that they should have",
         .about = own->about});
  }
  if (!tree->voids.empty()) {
    report.notice({.subject = subject.name.to_string(),
                   .got = fmt::format("{} of the 2 lookups that may find nothing: {}", tree->voids.size(),
                                      list_of(*tree)),
                   .want = "names that exist",
                   .fix = "take these names out, or give them the addresses that they should have",
                   .about = own->about});
  }
  report_unknown(*tree, report);
  // Even if all that failed were void it might not be too much.
  if (tree->voids.size() + tree->unanswered.size() <= kVoidMax) return;
  for (const auto& each : tree->unanswered) report.unknown(each.name, each.type, each.failed);
}
}  // namespace

const Check void_lookups{.id = "spf.void-lookups",
                         .number = 35,
                         .title = "At most two lookups of the SPF record find nothing",
                         .ref = "RFC 7208 4.6.4",
                         .run = run};

}  // namespace waybill::check::spf
