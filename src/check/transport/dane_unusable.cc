// Some TLSA records mean nothing to mail; where there are no others, senders insist on TLS and check nothing.
#include <algorithm>

#include "check/transport/dane_hosts.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void judge(const TlsaAt& at, Report& report) {
  std::vector<std::pair<const dns::Record*, std::string>> bad;
  size_t count = 0;
  for (const dns::Record& record : at.answer->records) {
    const auto* tlsa = std::get_if<dns::Tlsa>(&record.data);
    if (tlsa == nullptr) continue;
    ++count;
    if (std::string fault = policy::tlsa_fault(*tlsa); !fault.empty())
      bad.emplace_back(&record, std::move(fault));
  }
  for (const auto& [record, fault] : bad) {
    const auto& tlsa = std::get<dns::Tlsa>(record->data);
    report.warning(
        {.subject = at.name.to_string(),
         .got = fmt::format(
             "TLSA {} {} {} is of no use to mail: {}{}", tlsa.usage, tlsa.selector, tlsa.matching, fault,
             bad.size() == count ? "; nor is any other, so that senders take any certificate" : ""),
         .want = "usage 3 or 2, selector 1 or 0, matching type 1",
         .fix = fmt::format("{}. TLSA 3 1 1 <SHA-256 of the server's public key>", at.name.to_string()),
         .about = About{at.answer->canonical, dns::Type::tlsa, record->data},
         .ref = tlsa.usage < 2 ? "RFC 7672 3.1.3" : ""});
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto answers = tlsa_answers(subject, look, report);
  if (!answers) return;
  bool any = false;
  for (const TlsaAt& at : *answers) {
    any = any || at.answer->present();
    judge(at, report);
  }
  if (!any) report.skip("there are no TLSA records");
}
}  // namespace

const Check dane_unusable{.id = "dane.unusable",
                          .number = 81,
                          .title = "Mail can use every TLSA record",
                          .ref = "RFC 6698 2.1",
                          .run = run};

}  // namespace waybill::check::transport
