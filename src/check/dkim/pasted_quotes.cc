// `"part one" "part two"`, pasted into a form that takes the text alone, puts the marks into the key.
#include "check/dkim/dkim.h"
#include "check/dkim/keys.h"
#include "check/txt_line.h"

namespace waybill::check::dkim {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  for (const Key& key : keys(subject, look, report)) {
    if (key.cleaned == key.text) continue;
    const size_t at = key.text.find('"');
    report.error({.subject = key.name.to_string(),
                  .got = fmt::format("a quotation mark at octet {} of the text: {}", at + 1,
                                     quoted(std::string_view(key.text).substr(at < 20 ? 0 : at - 20, 60))),
                  .want = "the text alone: quotation marks are how a zone file writes it, no part of it",
                  .fix = txt_line(key.name, key.cleaned),
                  .about = key.about});
  }
}
}  // namespace

const Check pasted_quotes{.id = "dkim.pasted-quotes",
                          .number = 129,
                          .title = "No key record holds quotation marks that were pasted into it",
                          .ref = "RFC 6376 3.6.2.2",
                          .needs = Needs::selector,
                          .run = run};

}  // namespace waybill::check::dkim
