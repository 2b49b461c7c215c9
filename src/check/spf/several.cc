// Of two SPF records none counts: every message gets a permerror, as if there were none.
#include "check/spf/own_record.h"
#include "check/spf/spf.h"
#include "check/txt_line.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* txt = known(look, report, subject.name, dns::Type::txt);
  if (txt == nullptr) return;
  const policy::SpfTexts texts = policy::spf_texts(*txt);
  if (texts.texts.size() > 1) {
    return report.error(
        {.subject = subject.name.to_string(),
         .got = fmt::format("{} SPF records, so none of them counts: {} and {}", texts.texts.size(),
                            quoted(texts.texts[0]), quoted(texts.texts[1])),
         .want = "one record",
         .fix = "put all their terms into one TXT record and delete the others",
         .about = About{txt->canonical, dns::Type::txt, texts.records[1]->data}});
  }
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  for (size_t i = 1; i < tree->nodes.size(); ++i) {
    const auto& node = tree->nodes[i];
    if (node.state != policy::SpfSurvey::State::several) continue;
    report.error(
        {.subject = node.domain.to_string(),
         .got = fmt::format("several SPF records, so '{}' ends every evaluation that reaches it ({})",
                            node.term, tree->path_to(i)),
         .want = "one record",
         .fix = fmt::format("take '{}' out until whoever runs {} has mended it", node.term,
                            node.domain.to_string())});
  }
  report_unknown(*tree, report);
}
}  // namespace

const Check several{.id = "spf.several",
                    .number = 32,
                    .title = "The domain has one SPF record, and so has each that it includes",
                    .ref = "RFC 7208 4.5",
                    .run = run};

}  // namespace waybill::check::spf
