// Many receivers turn away mail from an address without a name; a mail host's own answers come from it as
// well.
#include "check/address/address.h"
#include "check/address/addresses.h"

namespace waybill::check::address {
namespace {
void judge(const Subject& subject, const Judged& judged, const dns::Answer& ptr, Report& report) {
  if (!names_in(ptr).empty()) return;
  const std::string reverse = dns::Name::reverse(judged.ip).to_string();
  report.add(
      judged.sends ? Level::error : Level::warning,
      {.subject = judged.subject(),
       .got = ptr.loop ? fmt::format("the aliases (CNAME) of {} lead nowhere", reverse)
                       : fmt::format("it has no name in the reverse DNS{}",
                                     judged.sends ? ", though it sends mail: many receivers refuse it" : ""),
       .want = "a PTR record that names the host",
       .fix = ptr_fix(subject, judged),
       .about = judged.about()});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto addresses = addresses_of(subject, Of::hosts_and_senders, look, report);
  if (!addresses) return;
  for (const Judged& judged : *addresses) {
    const dns::Name reverse = dns::Name::reverse(judged.ip);
    const dns::Answer* ptr = look.dns(reverse, dns::Type::ptr);
    if (ptr == nullptr) continue;
    if (ptr->unknown() && !ptr->loop) {
      report.unknown(reverse, dns::Type::ptr, *ptr);
    } else {
      judge(subject, judged, *ptr, report);
    }
  }
}
}  // namespace

const Check no_ptr{.id = "address.no-ptr",
                   .number = 22,
                   .title = "Every mail host's address has a name",
                   .ref = "RFC 1912 2.1",
                   .run = run};

}  // namespace waybill::check::address
