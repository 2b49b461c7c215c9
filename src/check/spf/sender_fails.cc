// The addresses that send the domain's mail, judged as a receiver would.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"
#include "policy/spf_evaluate.h"

namespace waybill::check::spf {
namespace {
using policy::SpfResult;

std::string term_of(const IpAddress& ip) {
  return fmt::format("ip{}:{}", ip.is_v4() ? 4 : 6, ip.to_string());
}

/// The record with the address before its all or redirect=, or at its end.
std::string with_sender(const OwnRecord& own, const IpAddress& ip) {
  const std::string term = term_of(ip);
  for (const policy::SpfKind kind : {policy::SpfKind::all, policy::SpfKind::redirect}) {
    const policy::SpfTerm* last = own.terms.find(kind);
    if (last != nullptr) return with_term(own.text, last->place, term + " " + last->text);
  }
  return own.text + " " + term;
}

std::string fix_of(const Subject& subject, const OwnRecord& own, const IpAddress& ip, SpfResult result) {
  if (result != SpfResult::permerror) return as_record(subject, with_sender(own, ip));
  if (!own.terms.faults.empty())
    return fmt::format("mend the record first: waybill check {} names what is wrong in it",
                       subject.name.to_string());
  // A fault on the way, or one lookup too many, is only met by who does not pass before it.
  const policy::SpfTerm& front = own.terms.terms.front();
  return fmt::format("{}   so that it passes before that is met",
                     as_record(subject, with_term(own.text, front.place, term_of(ip) + " " + front.text)));
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
  if (verdict.result == SpfResult::temperror && verdict.why.ends_with(kOutsideTheZone))
    return report.skip(std::string(kOutsideTheZone));
  if (verdict.result == SpfResult::temperror)
    return report.unknown(fmt::format("SPF of {} for {}", domain, ip.to_string()), said);
  const bool broken = verdict.result == SpfResult::permerror;
  report.add(verdict.result == SpfResult::fail || broken ? Level::error : Level::warning,
             {.subject = ip.to_string(),
              .got = fmt::format("SPF of {} says {}: {}", domain, policy::to_string(verdict.result), said),
              .want = "pass, since this address sends mail for the domain",
              .fix = fix_of(subject, own, ip, verdict.result),
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
