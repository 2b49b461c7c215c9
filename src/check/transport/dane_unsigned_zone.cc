// TLSA records that DNSSEC does not prove are worth nothing: senders must not even look at them.
#include "check/transport/dane_hosts.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto answers = tlsa_answers(subject, look, report);
  if (!answers) return;
  // The root is signed: where even its answer is not proved, nobody validates here, and nothing can be said.
  const dns::Answer* root = look.dns(dns::Name{}, dns::Type::ns);
  if (root == nullptr) return;
  bool any = false;
  for (const TlsaAt& at : *answers) {
    if (!at.answer->present() || at.answer->source == dns::Source::overlay) continue;
    any = true;
    if (at.answer->secure) continue;
    if (!root->secure) return report.skip("DNSSEC is not validated here");
    report.warning({.subject = at.name.to_string(),
                    .got = "there are TLSA records in a zone that DNSSEC does not prove: no sender uses them",
                    .want = "a signed zone with a DS record above it, or no TLSA records",
                    .fix = "sign the zone of the host and have its DS record published",
                    .about = About{at.name, dns::Type::tlsa, std::nullopt}});
  }
  if (!any) report.skip("there are no TLSA records in the DNS");
}
}  // namespace

const Check dane_unsigned_zone{.id = "dane.unsigned-zone",
                               .number = 77,
                               .title = "TLSA records stand in signed zones",
                               .ref = "RFC 7672 2.2",
                               .run = run};

}  // namespace waybill::check::transport
