// An AAAA record that nothing answers behind: senders try IPv6 first, wait, and some give up.
#include <algorithm>

#include "check/address/address.h"
#include "check/address/addresses.h"

namespace waybill::check::address {
namespace {
using Reach = ProbeSaid::Reach;

/// Nothing answers and nothing refuses: then it may be this machine's network that blocks the port.
bool all_timed_out(const std::vector<Heard>& heard) {
  return std::ranges::all_of(heard, [](const Heard& each) {
    return each.said->reach == Reach::timed_out || each.said->reach == Reach::unreachable;
  });
}

void judge(const Subject& subject, const std::vector<Heard>& heard, Report& report) {
  std::vector<std::string> unreachable;
  size_t v6 = 0;
  for (const Heard& each : heard) {
    if (each.judged->ip.is_v4()) continue;
    ++v6;
    const std::string name = each.judged->canonical.to_string();
    if (each.said->reach == Reach::unreachable) {
      unreachable.push_back(each.judged->ip.to_string());
    } else if (each.said->reach == Reach::timed_out && all_timed_out(heard)) {
      report.unknown(
          each.judged->subject(),
          fmt::format("no mail host answers this machine on port {}, over IPv4 or IPv6: its network may "
                      "block the port",
                      subject.port));
    } else if (each.said->reach != Reach::answered) {
      report.error(
          {.subject = each.judged->subject(),
           .got = fmt::format("nothing answers there on port {}: {}", subject.port, each.said->why),
           .want = "a mail server at every address that the MX hosts have",
           .fix = fmt::format("let the mail server listen on IPv6, open port {} in its firewall, or delete  "
                              "{}. AAAA {}",
                              subject.port, name, each.judged->ip.to_string()),
           .about = each.judged->about()});
    }
  }
  if (v6 != 0 && unreachable.size() == v6)
    report.skip(fmt::format("this machine has no route to {}", fmt::join(unreachable, ", ")));
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto addresses = addresses_of(subject, Of::hosts, look, report);
  if (!addresses || addresses->empty()) return;
  if (std::ranges::none_of(*addresses, [](const Judged& judged) { return judged.ip.is_v6(); }))
    return report.skip(fmt::format("no mail host of {} has an IPv6 address", subject.name.to_string()));
  const auto heard = hear(subject, *addresses, look, report);
  if (heard) judge(subject, *heard, report);
}
}  // namespace

const Check ipv6_silent{.id = "address.ipv6-silent",
                        .number = 27,
                        .title = "A mail server answers at every IPv6 address of the mail hosts",
                        .ref = "RFC 5321 5.2",
                        .needs = Needs::probe,
                        .run = run};

}  // namespace waybill::check::address
