// Without DMARC nobody is told what to do with forged mail, and nobody tells the owner of any.
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"
#include "check/txt_line.h"

namespace waybill::check::dmarc {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto found = discover(subject, look, report);
  const auto silent = never_sends(subject, look);
  if (!found || !silent || found->at) return;
  if (found->several > 0) return report.skip("several DMARC records, which dmarc.several reports");
  const dns::Name owner = policy::dmarc_owner(subject.name);
  const dns::Answer* txt = known(look, report, owner, dns::Type::txt);
  if (txt == nullptr) return;
  const std::string domain = subject.name.to_string();
  // Whoever never sends has no mail to lose by the strictest policy.
  const std::string fix =
      *silent ? txt_line(owner, "v=DMARC1; p=reject")
              : fmt::format("{}   and a stricter p= once the reports look right",
                            txt_line(owner, fmt::format("v=DMARC1; p=none; rua=mailto:dmarc@{}", domain)));
  const auto texts = policy::dmarc_texts(*txt);
  report.warning(
      {.subject = domain,
       .got = texts.nearly.empty()
                  ? fmt::format("no DMARC record at {} or above", owner.to_string())
                  : fmt::format("a text that no receiver takes for DMARC: {}", quoted(texts.nearly.front())),
       .want = "a TXT record that begins with 'v=DMARC1'",
       .fix = fix,
       .about =
           texts.nearly.empty() ? std::nullopt : std::optional(About{owner, dns::Type::txt, std::nullopt})});
}
}  // namespace

const Check none{.id = "dmarc.none",
                 .number = 53,
                 .title = "A DMARC record speaks for the domain",
                 .ref = "RFC 9989 4.10",
                 .run = run};

}  // namespace waybill::check::dmarc
