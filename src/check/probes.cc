#include "check/probes.h"

#include "base/bytes.h"
#include "base/special_purpose.h"

namespace waybill::check {
namespace {
constexpr size_t kProbesMax = 60;
}

std::string Probed::to_string() const { return fmt::format("{} ({})", host.to_string(), ip.to_string()); }

bool Probed::welcome() const { return said->reach == ProbeSaid::Reach::answered && said->banner_code == 220; }

AskProbe probe_of(const Subject& subject, const dns::Name& host, const IpAddress& ip) {
  return {.host = host, .ip = ip, .port = subject.port, .rcpt_domain = subject.name};
}

std::optional<std::vector<Probed>> probe_all(const Subject& subject, Look& look, Report& report) {
  const auto hosts = mail_hosts(subject, look, report);
  if (!hosts) return std::nullopt;
  std::vector<Probed> out;
  size_t left_out = 0;
  bool open = false;
  for (const MailHost& host : hosts->hosts) {
    if (!host.addresses) continue;
    host.report_unknown(report);
    for (const IpAddress& ip : host.addresses->ips) {
      if (!subject.lab && special_purpose(ip) != nullptr) continue;
      if (out.size() == kProbesMax) {
        ++left_out;
        continue;
      }
      const ProbeSaid* said = look.probe(probe_of(subject, host.mx.exchange, ip));
      open = open || said == nullptr;
      out.push_back({host.mx.exchange, host.mx.preference, ip, said});
    }
  }
  if (open) return std::nullopt;
  if (left_out != 0) {
    report.unknown(fmt::format("{} more addresses", left_out),
                   fmt::format("only {} are connected to", kProbesMax));
  }
  if (out.empty())
    report.skip(hosts->why_none.empty() ? "there is no address to connect to" : hosts->why_none);
  return out;
}

void report_no_session(const Probed& probed, Report& report) {
  report.unknown(probed.to_string(),
                 printable(probed.said->why.empty() ? "it gave no session" : probed.said->why, 300));
}

}  // namespace waybill::check
