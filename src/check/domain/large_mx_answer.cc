// An MX answer that does not fit into one UDP packet with the hosts' addresses costs every sender more
// questions, or TCP, which firewalls like to forget.
#include <set>

#include "check/domain/domain.h"
#include "dns/message.h"

namespace waybill::check::domain {
namespace {
constexpr size_t kUdpOctets =
    1232;  ///< fits into an IPv6 packet of 1,280 octets, the smallest that all links carry

void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = known(look, report, subject.name, dns::Type::mx);
  if (mx == nullptr || !mx->present()) return;
  dns::Message message{.response = true, .recursion_desired = true};
  message.questions.push_back({.name = subject.name, .type = dns::Type::mx});
  message.answers = mx->records;
  message.edns = dns::Edns{};
  const size_t alone = dns::encode_message(message).size();
  std::set<dns::Name> seen;
  bool open = false;
  for (const dns::Mx& record : mx_of(*mx)) {
    if (record.exchange.is_root() || !seen.insert(record.exchange).second) continue;
    const auto addresses = look.addresses(record.exchange);
    if (!addresses) {
      open = true;
      continue;
    }
    // Of an unknown one we count nothing: what is found is too large all the same.
    for (const dns::Answer* answer : {addresses->v4, addresses->v6})
      message.additional.insert(message.additional.end(), answer->records.begin(), answer->records.end());
  }
  if (open) return;
  const size_t octets = dns::encode_message(message).size();
  if (octets <= kUdpOctets) return;
  report.notice(
      {.subject = subject.name.to_string(),
       .got = fmt::format("the MX answer takes {} octets with its {} addresses ({} without), signatures not "
                          "counted",
                          octets, message.additional.size(), alone),
       .want = fmt::format("{} octets at most, which every path carries in one packet", kUdpOctets),
       .fix = "name fewer hosts, or hosts with shorter names and fewer addresses"});
}
}  // namespace

const Check large_mx_answer{.id = "domain.large-mx-answer",
                            .number = 130,
                            .title = "The MX answer with addresses fits into one UDP packet",
                            .ref = "",
                            .run = run};

}  // namespace waybill::check::domain
