// A name that is an alias can't have a record of its own: which of the two is seen depends on who asks.
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check::dmarc {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const dns::Name owner = policy::dmarc_owner(subject.name);
  const dns::Answer* alias = known(look, report, owner, dns::Type::cname);
  const dns::Answer* txt = known(look, report, owner, dns::Type::txt);
  if (alias == nullptr || txt == nullptr) return;
  if (!alias->present() || !txt->present() || !txt->chain.empty()) return;
  const auto* target = std::get_if<dns::Name>(&alias->records.front().data);
  report.error({.subject = owner.to_string(),
                .got = fmt::format("a CNAME to {} and a TXT record beside it",
                                   target == nullptr ? "?" : target->to_string()),
                .want = "one of the two: a CNAME may have nothing beside it",
                .fix = "delete the CNAME if the record is your own, or the TXT record if a provider keeps it",
                .about = About{owner, dns::Type::cname, std::nullopt}});
}
}  // namespace

const Check txt_and_cname{.id = "dmarc.txt-and-cname",
                          .number = 122,
                          .title = "No CNAME stands beside the DMARC record",
                          .ref = "RFC 2181 10.1",
                          .run = run};

}  // namespace waybill::check::dmarc
