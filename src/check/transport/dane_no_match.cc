// A TLSA record that does not fit the server's key stops all mail from senders that know DANE.
#include "base/bytes.h"
#include "check/probes.h"
#include "check/transport/dane_hosts.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
std::string hex(std::string_view octets) {
  std::string out;
  for (const unsigned char octet : octets) out += fmt::format("{:02x}", octet);
  return out;
}

void judge(const DaneOfHost& host, const Probed& probed, uint16_t port, Report& report) {
  if (!probed.welcome()) return report_no_session(probed, report);
  const std::string owner = tlsa_owner(host.dane.base, port);
  const ProbeSaid& said = *probed.said;
  if (said.tls != ProbeSaid::Tls::done) {
    return report.error(
        {.subject = probed.to_string(),
         .got = fmt::format("{} has TLSA records, and no TLS is to be had: {}", owner,
                            said.tls == ProbeSaid::Tls::not_offered ? "it does not offer STARTTLS"
                                                                    : printable(said.why, 300)),
         .want = "STARTTLS: senders that know DANE deliver only by it",
         .fix = "mend STARTTLS on this server, or take the TLSA records away",
         .ref = "RFC 7672 2.2"});
  }
  if (matches(host, said)) return;
  report.error(
      {.subject = probed.to_string(),
       .got = fmt::format("its certificate matches none of the {} TLSA records of {}: senders that know DANE "
                          "don't deliver",
                          host.dane.records.size(), owner),
       .want = "a key that one of them names",
       .fix = said.chain.empty() ? "see which certificate the server shows"
                                 : fmt::format("{}. TLSA 3 1 1 {}   if this key is the right one", owner,
                                               hex(said.chain.front().spki_sha256)),
       .about = About{policy::tlsa_name(host.dane.base, port).value_or(host.dane.base), dns::Type::tlsa,
                      std::nullopt}});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = dane_hosts(subject, look, report);
  if (!hosts) return;
  const auto probed = probe_all(subject, look, report);
  if (!probed) return;
  bool any = false;
  for (const DaneOfHost& host : *hosts) {
    if (host.dane.status == policy::DaneHost::Status::failed) {
      report.unknown(host.host.to_string(), host.dane.why);
      any = true;
    }
    if (!host.usable()) continue;
    any = true;
    for (Probed each : *probed) {
      if (each.host != host.host) continue;
      if (host.dane.base != host.host) {  // RFC 7672 2.2.3: the name for SNI is that of the TLSA records
        each.said = look.probe(probe_of(subject, host.dane.base, each.ip));
        if (each.said == nullptr) continue;
      }
      judge(host, each, subject.port, report);
    }
  }
  if (!any) report.skip("no host has TLSA records that mail can use");
}
}  // namespace

const Check dane_no_match{.id = "dane.no-match",
                          .number = 78,
                          .title = "Each server's key matches its TLSA records",
                          .ref = "RFC 7672 3.1",
                          .needs = Needs::probe,
                          .run = run};

}  // namespace waybill::check::transport
