// The addresses that send the domain's mail, judged as a receiver would.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"
#include "policy/spf_evaluate.h"

namespace waybill::check::spf {
namespace {
using policy::SpfResult;

/// The record with the address before its all or redirect=, or at its end.
std::string with_sender(const OwnRecord& own, const IpAddress& ip) {
  const std::string term = fmt::format("ip{}:{}", ip.is_v4() ? 4 : 6, ip.to_string());
  for (const policy::SpfKind kind : {policy::SpfKind::all, policy::SpfKind::redirect}) {
    const policy::SpfTerm* last = own.terms.find(kind);
    if (last != nullptr) return with_term(own.text, last->place, term + " " + last->text);
  }
  return own.text + " " + term;
}

void judge(const Subject& subject, const OwnRecord& own, const IpAddress& ip, Look& look, Report& report) {
  const std::string domain = subject.name.to_string();
  const policy::SpfRequest request{.ip = ip, .domain = subject.name, .sender_domain = domain, .helo = domain};
  auto step = policy::evaluate_spf(request, look.dns_facts());
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) return look.open(std::move(*open));
  const auto& verdict = std::get<policy::SpfVerdict>(step);
  if (verdict.result == SpfResult::pass) return;
  const std::string said =
      printable(verdict.term.empty() ? verdict.why : fmt::format("'{}': {}", verdict.term, verdict.why), 300);
  if (verdict.result == SpfResult::temperror)
    return report.unknown(fmt::format("SPF of {} for {}", domain, ip.to_string()), said);
  const bool broken = verdict.result == SpfResult::permerror;
  report.add(verdict.result == SpfResult::fail || broken ? Level::error : Level::warning,
             {.subject = ip.to_string(),
              .got = fmt::format("SPF of {} says {}: {}", domain, policy::to_string(verdict.result), said),
              .want = "pass, since this address sends mail for the domain",
              .fix = broken ? fmt::format("mend the record first: waybill check {} names what is wrong in it",
                                          domain)
                            : as_record(subject, with_sender(own, ip)),
              .about = own.about});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  for (const IpAddress& ip : subject.sends_from) judge(subject, *own, ip, look, report);
}
}  // namespace

const Check sender_fails{.id = "spf.sender-fails",
                         .number = 46,
                         .title = "SPF lets every address pass that sends for the domain",
                         .ref = "RFC 7208 2.6",
                         .needs = Needs::sender,
                         .run = run};

}  // namespace waybill::check::spf
