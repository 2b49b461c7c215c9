// A record that includes itself, over however many others, is a permerror.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  for (size_t i = 1; i < tree->nodes.size(); ++i) {
    const auto& node = tree->nodes[i];
    if (node.state != policy::SpfSurvey::State::loop) continue;
    const auto& above = tree->nodes[node.above];
    report.error({.subject = above.domain.to_string(),
                  .got = fmt::format("'{}' closes a circle: {}", printable(node.term, 80), tree->path_to(i)),
                  .want = "includes that end; in a circle verifiers stop with a permerror",
                  .fix = fmt::format("take '{}' out of the record of {}", printable(node.term, 80),
                                     above.domain.to_string()),
                  .about = node.above == 0 ? std::optional(own->about) : std::nullopt});
  }
  report_unknown(*tree, report);
}
}  // namespace

const Check include_loop{.id = "spf.include-loop",
                         .number = 37,
                         .title = "The SPF record never includes itself",
                         .ref = "RFC 7208 4.6.4",
                         .run = run};

}  // namespace waybill::check::spf
