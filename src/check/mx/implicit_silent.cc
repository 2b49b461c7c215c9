// A domain without MX gets its mail at its own address. If no mail server is there, senders try for days.
#include "base/special_purpose.h"
#include "check/mail_hosts.h"
#include "check/mx/mx.h"
#include "check/probes.h"

namespace waybill::check::mx {
namespace {
using Reach = ProbeSaid::Reach;
/// A server that says so takes no mail at all (RFC 7504).
constexpr uint16_t kTakesNoMail = 521;

struct Heard {
  bool takes_mail = false;
  std::vector<std::string> silent;       ///< each "192.0.2.1: connection refused"
  std::vector<std::string> unreachable;  ///< from this machine
};

/// Nothing: not all have answered.
std::optional<Heard> hear(const Subject& subject, const MailHost& host, Look& look) {
  Heard out;
  bool open = false;
  for (const IpAddress& ip : host.addresses->ips) {
    // A stranger's address must not have us connect into our own networks.
    if (!subject.lab && special_purpose(ip) != nullptr) continue;
    const ProbeSaid* said = look.probe(probe_of(subject, host.mx.exchange, ip));
    open = open || said == nullptr;
    if (said == nullptr) continue;
    if (said->reach == Reach::unreachable) {
      out.unreachable.push_back(ip.to_string());
    } else if (said->reach != Reach::answered) {
      out.silent.push_back(fmt::format("{}: {}", ip.to_string(), said->why));
    } else if (said->banner_code == kTakesNoMail) {
      out.silent.push_back(fmt::format("{}: {} {}", ip.to_string(), said->banner_code, said->banner));
    } else {
      out.takes_mail = true;
    }
  }
  if (open) return std::nullopt;
  return out;
}

void judge(const Subject& subject, const MailHost& host, Look& look, Report& report) {
  const auto heard = hear(subject, host, look);
  if (!heard || heard->takes_mail) return;
  const std::string name = subject.name.to_string();
  if (heard->silent.empty() && heard->unreachable.empty())
    return report.skip(fmt::format("{} has no public address", name));
  if (heard->silent.empty()) {
    return report.skip(fmt::format("this machine has no route to {}", fmt::join(heard->unreachable, ", ")));
  }
  report.error({.subject = name,
                .got = fmt::format("no MX record, and no mail server at its own address on port {}: {}",
                                   subject.port, fmt::join(heard->silent, "; ")),
                .want = "an MX record that names the mail server, or a null MX if the domain takes no mail",
                .fix = fmt::format("{}. MX 0 .   says that it takes no mail (RFC 7505)", name)});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = mail_hosts(subject, look, report);
  if (!hosts) return;
  const std::string name = subject.name.to_string();
  if (hosts->hosts.empty()) return report.skip(hosts->why_none);
  if (hosts->source != route::HostSource::implicit)
    return report.skip(fmt::format("{} has MX records", name));
  const MailHost& host = hosts->hosts.front();
  if (!host.addresses || host.addresses->ips.empty()) {
    if (!host.report_unknown(report))
      report.skip(fmt::format("{} has neither an MX record nor an address", name));
    return;
  }
  judge(subject, host, look, report);
}
}  // namespace

const Check implicit_silent{.id = "mx.implicit-silent",
                            .number = 2,
                            .title = "Without MX records, a mail server answers at the domain's own address",
                            .ref = "RFC 5321 5.1",
                            .needs = Needs::probe,
                            .run = run};

}  // namespace waybill::check::mx
