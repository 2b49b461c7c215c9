// A name in the reverse DNS proves nothing until it leads back to the address: anybody may write any name
// there.
#include "check/address/address.h"
#include "check/address/addresses.h"
#include "dns/reverse.h"

namespace waybill::check::address {
namespace {
using dns::PtrStatus;
/// As many as dns/reverse.h follows (RFC 7208 5.5 sets the same bound).
constexpr size_t kNamesAsked = 10;

/// Where the name leads instead; both answers are there.
std::string leads_to(const dns::Name& name, dns::Type type, Look& look) {
  const dns::Answer* forward = look.dns(name, type);
  if (forward == nullptr || !forward->present()) return fmt::format("has no {} record", dns::to_string(type));
  std::vector<std::string> texts;
  for (const dns::Record& record : forward->records) {
    if (const auto* ip = std::get_if<IpAddress>(&record.data); ip != nullptr && texts.size() < 4)
      texts.push_back(ip->to_string());
  }
  return fmt::format("leads to {}, not back to it", fmt::join(texts, ", "));
}

void judge(const Subject& subject, const Judged& judged, const std::vector<dns::Name>& names, Look& look,
           Report& report) {
  const std::string first = names.front().to_string();
  report.warning(
      {.subject = judged.subject(),
       .got = names.size() == 1
                  ? fmt::format("its name {} {}", first, leads_to(names.front(), judged.type(), look))
                  : fmt::format("none of its {} names leads back to it, first {}", names.size(), first),
       .want = "a name that leads back to the address",
       .fix = fmt::format("{}. {} {}   or   {}", first, dns::to_string(judged.type()), judged.ip.to_string(),
                          ptr_fix(subject, judged)),
       .about = judged.about()});
}

/// A name's addresses could not be had: says whose.
void report_unknown(const Judged& judged, const std::vector<dns::Name>& names, Look& look, Report& report) {
  for (size_t i = 0; i < names.size() && i < kNamesAsked; ++i) {
    const dns::Answer* forward = look.dns(names[i], judged.type());
    if (forward != nullptr && forward->unknown()) return report.unknown(names[i], judged.type(), *forward);
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto addresses = addresses_of(subject, Of::hosts_and_senders, look, report);
  if (!addresses) return;
  Questions<dns::Question> open;
  size_t named = 0;
  for (const Judged& judged : *addresses) {
    const size_t before = open.size();
    const dns::Ptr verdict = dns::assess_reverse(judged.ip, look.dns_facts(), open);
    if (open.size() != before) continue;
    bool ptr_open = false;
    const dns::Answer* ptr = ptr_of(judged, look, report, ptr_open);
    if (ptr == nullptr || verdict.status == PtrStatus::none) continue;  // address.no-ptr
    ++named;
    const auto names = names_in(*ptr);
    if (verdict.status == PtrStatus::disagrees) judge(subject, judged, names, look, report);
    if (verdict.status == PtrStatus::unknown) report_unknown(judged, names, look, report);
  }
  if (!open.empty()) return look.open(std::move(open));
  if (!addresses->empty() && named == 0)
    report.skip(fmt::format("no address of {} has a name", subject.name.to_string()));
}
}  // namespace

const Check ptr_disagrees{.id = "address.ptr-disagrees",
                          .number = 23,
                          .title = "The name of every mail host's address leads back to it",
                          .ref = "RFC 8601 2.7.3",
                          .run = run};

}  // namespace waybill::check::address
