// A listed address is refused by whoever asks that list. A list that is shut down, or refuses our questions,
// may seem to list the whole world: so it is tried on its test entries first.
#include <algorithm>

#include "base/bytes.h"
#include "check/address/address.h"
#include "check/address/addresses.h"

namespace waybill::check::address {
namespace {
/// The name that an address has under a list: its reversed octets or nibbles (RFC 5782 2.1, 2.4).
Result<dns::Name> entry_of(const IpAddress& ip, const dns::Name& list) {
  const std::string reverse = dns::Name::reverse(ip).to_string();
  const std::string_view suffix = ip.is_v4() ? ".in-addr.arpa" : ".ip6.arpa";
  return dns::Name::parse(reverse.substr(0, reverse.size() - suffix.size()) + "." + list.to_string());
}

/// ::ffff:127.0.0.N, the test entries for IPv6 (RFC 5782 5).
Result<dns::Name> mapped_test_entry(int last, const dns::Name& list) {
  std::string text = fmt::format("{}.0.0.0.0.0.f.7.f.f.f.f.", last);
  for (int i = 0; i < 20; ++i) text += "0.";
  return dns::Name::parse(text + list.to_string());
}

enum class Says : uint8_t { open, unknown, listed, not_listed };

struct Reading {
  Says says = Says::open;
  std::string why;   ///< of unknown
  std::string code;  ///< of listed: "127.0.0.2"
};

/// What an A answer of a list means: only 127.0.0.0/8 is a listing, and its last /24 is an error of the list.
Reading read(const dns::Answer& answer) {
  if (answer.unknown())
    return {Says::unknown, answer.why.empty() ? std::string("no answer") : answer.why, ""};
  Reading out{Says::not_listed, "", ""};
  for (const dns::Record& record : answer.records) {
    const auto* ip = std::get_if<IpAddress>(&record.data);
    if (ip == nullptr) continue;
    const auto& octets = ip->octets();
    if (!ip->is_v4() || octets[0] != 127)
      return {Says::unknown, fmt::format("it answers {}, which is no listing", ip->to_string()), ""};
    if (octets[1] == 255 && octets[2] == 255)
      return {Says::unknown, fmt::format("it refuses the question ({})", ip->to_string()), ""};
    if (out.code.empty() || ip->to_string() < out.code) out = {Says::listed, "", ip->to_string()};
  }
  return out;
}

Reading ask(const Result<dns::Name>& name, Look& look) {
  if (!name) return {Says::unknown, "the name to ask would be too long", ""};
  const dns::Answer* answer = look.dns(*name, dns::Type::a);
  return answer == nullptr ? Reading{} : read(*answer);
}

/// Whether a list serves a family of addresses, by its test entries.
struct Health {
  Reading lists_nobody;  ///< 127.0.0.1, which no list may have
  Reading test;          ///< 127.0.0.2, which every list must have
};
Health health_of(const dns::Name& list, bool v4, Look& look) {
  if (!v4) return {ask(mapped_test_entry(1, list), look), ask(mapped_test_entry(2, list), look)};
  return {ask(entry_of(IpAddress::v4(0x7F000001), list), look),
          ask(entry_of(IpAddress::v4(0x7F000002), list), look)};
}

/// The list's own words on the entry, made safe; empty: none.
std::string reason_of(const dns::Name& entry, Look& look) {
  const dns::Answer* text = look.dns(entry, dns::Type::txt);
  if (text == nullptr || !text->present()) return "";
  const auto* txt = std::get_if<dns::Txt>(&text->records.front().data);
  return txt == nullptr ? "" : ": " + printable(txt->joined(), 160);
}

void judge(const Judged& judged, const dns::Name& list, Look& look, Report& report, bool& judged_any) {
  const std::string about = fmt::format("{} on {}", judged.subject(), list.to_string());
  const Health health = health_of(list, judged.ip.is_v4(), look);
  const auto entry = entry_of(judged.ip, list);
  const Reading reading = ask(entry, look);
  if (reading.says == Says::open || health.lists_nobody.says == Says::open || health.test.says == Says::open)
    return;
  if (health.lists_nobody.says == Says::listed)
    return report.unknown(about, "it lists 127.0.0.1, so it lists everything: it is no working list");
  if (reading.says == Says::unknown) return report.unknown(about, reading.why);
  if (reading.says == Says::listed) {
    judged_any = true;
    return report.warning(
        {.subject = judged.subject(),
         .got = fmt::format("{} lists it ({}){}", list.to_string(), reading.code, reason_of(*entry, look)),
         .want = "not to be listed",
         .fix = fmt::format("end the cause, then ask the operators of {} to take {} off", list.to_string(),
                            judged.ip.to_string()),
         .about = judged.about()});
  }
  if (health.test.says == Says::listed) {
    judged_any = true;
  } else if (judged.ip.is_v4()) {
    report.unknown(about,
                   health.test.says == Says::unknown
                       ? health.test.why
                       : "it does not list its own test entry 127.0.0.2, so its \"not listed\" says nothing");
  }
  // Without the test entry for IPv6 the list holds IPv4 addresses alone: there is nothing to say about this
  // one.
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto addresses = addresses_of(subject, Of::hosts_and_senders, look, report);
  if (!addresses || addresses->empty()) return;
  bool judged_any = false;
  for (const dns::Name& list : subject.blocklists) {
    for (const Judged& judged : *addresses) judge(judged, list, look, report, judged_any);
  }
  if (!judged_any) report.skip("none of the lists holds IPv6 addresses, and there are no others");
}
}  // namespace

const Check block_listed{.id = "address.block-listed",
                         .number = 30,
                         .title = "No mail host or sender is on a DNS block list",
                         .ref = "RFC 5782 2.1",
                         .needs = Needs::blocklist,
                         .run = run};

}  // namespace waybill::check::address
