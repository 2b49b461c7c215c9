// ip4 with an IPv6 address is a fault of syntax: the whole record counts for nothing.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  for (const policy::SpfFault& fault : own->terms.faults) {
    if (fault.kind != policy::SpfFaultKind::ipv6_in_ip4) continue;
    const size_t start = own->text.rfind(' ', fault.place.at) + 1;
    const size_t end = fault.place.at + fault.place.size;
    // The qualifier stays; "ip4" is the three octets before the colon.
    std::string mended = own->text.substr(start, end - start);
    mended[mended.find(':') - 1] = '6';
    report.error(
        {.subject = subject.name.to_string(),
         .got = fmt::format("'{}': {}", printable(fault.term, 100), fault.what),
         .want = fmt::format("'{}'; as it is, the whole record counts for nothing", printable(mended, 100)),
         .fix = as_record(subject, with_term(own->text, {start, end - start}, mended)),
         .about = own->about});
  }
}
}  // namespace

const Check ipv6_in_ip4{.id = "spf.ipv6-in-ip4",
                        .number = 43,
                        .title = "No ip4: of the SPF record holds an IPv6 address",
                        .ref = "RFC 7208 5.6",
                        .run = run};

}  // namespace waybill::check::spf
