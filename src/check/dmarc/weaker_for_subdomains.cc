// Forgers choose the subdomain: what sp= or np= let through, p= does not protect.
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check::dmarc {
namespace {
void weaker(const Subject& subject, const policy::DmarcDiscovery& found, std::string_view tag,
            policy::DmarcPolicy weak, policy::DmarcPolicy strong, std::string_view strong_tag,
            Report& report) {
  report.warning({.subject = subject.name.to_string(),
                  .got = fmt::format("{}={} beside {}={}: {} of the domain are less protected than it", tag,
                                     policy::to_string(weak), strong_tag, policy::to_string(strong),
                                     tag == "np" ? "names that do not exist below" : "subdomains"),
                  .want = fmt::format("{}={} or no {}=", tag, policy::to_string(strong), tag),
                  .fix = with_tag(found, tag, policy::to_string(strong)),
                  .about = about(found)});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto found = own(subject, look, report);
  if (!found || !found->record.p) return;
  const policy::DmarcRecord& record = found->record;
  const policy::DmarcPolicy below = record.sp.value_or(*record.p);
  const bool sp = record.sp && *record.sp < *record.p;
  const bool np = record.np && *record.np < below;  // as weak as sp, it adds nothing to what is said of sp
  if (!sp && !np) return;
  // RFC 9989 4.10.1: both count in the record of the organisational domain alone, which a record above may
  // be.
  if (found->unknown) return report.unknown(found->unknown->name, found->unknown->type, found->failed);
  if (found->organisational != subject.name)
    return report.skip(fmt::format("sp= and np= count at {} only", found->organisational.to_string()));
  if (sp) weaker(subject, *found, "sp", *record.sp, *record.p, "p", report);
  if (np) weaker(subject, *found, "np", *record.np, below, record.sp ? "sp" : "p", report);
}
}  // namespace

const Check weaker_for_subdomains{.id = "dmarc.weaker-for-subdomains",
                                  .number = 56,
                                  .title = "Subdomains are protected no less than the domain",
                                  .ref = "RFC 9989 4.7",
                                  .run = run};

}  // namespace waybill::check::dmarc
