// A greeting under another name is the mark of a misconfigured server, or of another machine behind the
// address.
#include <algorithm>

#include "base/bytes.h"
#include "check/address/address.h"
#include "check/address/addresses.h"

namespace waybill::check::address {
namespace {
/// Any other code is a refusal, whose text begins with no name (RFC 5321 4.2).
constexpr uint16_t kGreeting = 220;

/// Names that the greeting may give: the MX host's, those it is an alias of, and the address's own.
std::vector<std::string> own_names(const Judged& judged, const dns::Answer& ptr) {
  std::vector<std::string> out;
  for (const dns::Name& name : judged.names) out.push_back(name.to_string());
  for (const dns::Name& name : names_in(ptr)) out.push_back(name.to_string());
  return out;
}

void judge(const Judged& judged, const dns::Answer& ptr, const ProbeSaid& said, Report& report) {
  if (said.banner_code != kGreeting) {
    return report.unknown(judged.subject(), fmt::format("it turns us away: {} {}", said.banner_code,
                                                        printable(said.banner, 100)));
  }
  const auto given = dns::Name::parse(said.banner_host);
  const auto names = own_names(judged, ptr);
  if (given && std::ranges::count(names, given->to_string()) != 0) return;
  // The name may be the one that the reverse DNS could not tell.
  if (ptr.unknown() && !ptr.loop) return report.unknown(dns::Name::reverse(judged.ip), dns::Type::ptr, ptr);
  report.notice({.subject = judged.subject(),
                 .got = said.banner_host.empty()
                            ? std::string("it greets without a name")
                            : fmt::format("it greets as {}", printable(said.banner_host, 100)),
                 .want = fmt::format("its own name, {}", fmt::join(names, " or ")),
                 .fix = fmt::format("set the mail server's host name to {} (waybill: hostname = \"{}\")",
                                    names.front(), names.front())});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto addresses = addresses_of(subject, Of::hosts, look, report);
  if (!addresses) return;
  const auto heard = hear(subject, *addresses, look, report);
  if (!heard) return;
  std::vector<std::string> unreachable;
  for (const auto& [judged, said] : *heard) {
    const dns::Answer* ptr = look.dns(dns::Name::reverse(judged->ip), dns::Type::ptr);
    if (ptr == nullptr) continue;
    if (said->reach == ProbeSaid::Reach::unreachable) {
      unreachable.push_back(judged->ip.to_string());
    } else if (said->reach != ProbeSaid::Reach::answered) {
      report.unknown(judged->subject(), fmt::format("no greeting on port {}: {}", subject.port, said->why));
    } else {
      judge(*judged, *ptr, *said, report);
    }
  }
  if (!unreachable.empty() && unreachable.size() == heard->size())
    report.skip(fmt::format("this machine has no route to {}", fmt::join(unreachable, ", ")));
}
}  // namespace

const Check banner_differs{.id = "address.banner-differs",
                           .number = 25,
                           .title = "Every mail host greets by its own name",
                           .ref = "RFC 5321 4.3.1",
                           .needs = Needs::probe,
                           .run = run};

}  // namespace waybill::check::address
