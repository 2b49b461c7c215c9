// Of several DMARC records receivers discard all.
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"
#include "check/txt_line.h"

namespace waybill::check::dmarc {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const dns::Name owner = policy::dmarc_owner(subject.name);
  const dns::Answer* txt = known(look, report, owner, dns::Type::txt);
  if (txt == nullptr) return;
  const auto texts = policy::dmarc_texts(*txt);
  if (texts.texts.size() < 2) return;
  report.error({.subject = owner.to_string(),
                .got = fmt::format("{} DMARC records, so all are discarded: {} and {}", texts.texts.size(),
                                   quoted(texts.texts[0]), quoted(texts.texts[1])),
                .want = "one record",
                .fix = "delete all but one; several addresses for reports stand in one rua=, with commas",
                .about = About{txt->canonical, dns::Type::txt, texts.records[1]->data}});
}
}  // namespace

const Check several{.id = "dmarc.several",
                    .number = 54,
                    .title = "The domain has one DMARC record",
                    .ref = "RFC 9989 4.10",
                    .run = run};

}  // namespace waybill::check::dmarc
