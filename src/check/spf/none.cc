// Without SPF anybody may send in the domain's name, and many receivers trust its mail less.
#include "check/spf/own_record.h"
#include "check/spf/spf.h"
#include "check/txt_line.h"

namespace waybill::check::spf {
namespace {
/// What to publish: by whether the domain takes mail at all.
std::string_view proposal(const dns::Answer& mx) {
  const auto records = mx_of(mx);
  if (records.size() == 1 && records.front().exchange.is_root()) return "v=spf1 -all";
  return records.empty() ? "v=spf1 a -all" : "v=spf1 mx -all";
}

void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* txt = known(look, report, subject.name, dns::Type::txt);
  const dns::Answer* mx = look.dns(subject.name, dns::Type::mx);
  if (txt == nullptr || mx == nullptr) return;
  const policy::SpfTexts texts = policy::spf_texts(*txt);
  if (!texts.texts.empty()) return;
  if (txt->kind == dns::Kind::nxdomain) return report.skip("the domain does not exist");
  const std::string fix =
      fmt::format("{}   and name all else that sends for it", txt_line(subject.name, proposal(*mx)));
  if (!texts.nearly.empty()) {
    return report.warning(
        {.subject = subject.name.to_string(),
         .got = fmt::format("a text that no verifier takes for SPF: {}", quoted(texts.nearly.front())),
         .want = "a TXT record that begins with 'v=spf1' and a blank",
         .fix = fix,
         .about = About{txt->canonical, dns::Type::txt, std::nullopt},
         .ref = "RFC 7208 4.5"});
  }
  report.warning({.subject = subject.name.to_string(),
                  .got = "no SPF record: nobody can tell its senders from forgers",
                  .want = "a TXT record that names who may send, or '-all' if nobody does",
                  .fix = fix});
}
}  // namespace

const Check none{.id = "spf.none",
                 .number = 31,
                 .title = "The domain says by SPF who may send its mail",
                 .ref = "RFC 7208 3",
                 .run = run};

}  // namespace waybill::check::spf
