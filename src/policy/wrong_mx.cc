#include "policy/wrong_mx.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/iprev.h"

namespace waybill::policy {
namespace {
/// More hosts than this are nobody's honest MX set, and each costs two questions.
constexpr size_t kHostsMax = 20;

class HostReader {
 public:
  HostReader(const dns::Facts& facts, Questions<dns::Question>& open) : facts_(facts), open_(open) {}

  MxHosts read(const dns::Name& domain) {
    const dns::Answer* mx = ask({domain, dns::Type::mx});
    if (mx == nullptr || mx->unknown()) return {};
    MxHosts out{MxHosts::Status::known};
    for (const dns::Record& record : mx->records) {
      const auto* one = std::get_if<dns::Mx>(&record.data);
      if (one == nullptr || one->exchange.is_root()) continue;  // null MX (RFC 7505): no host
      if (out.hosts.size() == kHostsMax) break;
      out.hosts.push_back(host(one->preference, one->exchange));
    }
    if (mx->absent()) out.hosts.push_back(host(0, domain));
    std::ranges::stable_sort(out.hosts, {}, &MxHost::preference);
    return out;
  }

 private:
  MxHost host(uint16_t preference, const dns::Name& name) {
    MxHost out{preference, plain_name(name.to_string()), {}};
    out.places.push_back(out.name);
    for (const dns::Type type : {dns::Type::a, dns::Type::aaaa}) {
      const dns::Answer* addresses = ask({name, type});
      if (addresses == nullptr) continue;
      for (const dns::Record& record : addresses->records) {
        const auto* address = std::get_if<IpAddress>(&record.data);
        if (address != nullptr) out.places.push_back(address->to_string());
      }
    }
    return out;
  }

  const dns::Answer* ask(const dns::Question& question) {
    const dns::Answer* answer = facts_.find(question);
    if (answer == nullptr && std::ranges::find(open_, question) == open_.end()) open_.push_back(question);
    return answer;
  }

  const dns::Facts& facts_;
  Questions<dns::Question>& open_;
};

bool is_among(const Place& place, const std::vector<Place>& places) {
  return std::ranges::find(places, place) != places.end();
}

bool seen_there(const MxHost& host, const Arrival& arrival, Millis memory) {
  return std::ranges::any_of(arrival.visits, [&](const Visit& visit) {
    return is_among(visit.place, host.places) && visit.when + memory >= arrival.now;
  });
}

enum class Watched : uint8_t { not_ours, excused, up };

Watched watch(const MxHost& host, const Arrival& arrival, Millis grace) {
  Watched out = Watched::not_ours;
  for (const Door& door : arrival.doors) {
    if (!is_among(door.place, host.places)) continue;
    const bool fresh = door.up_since + grace > arrival.now;
    const bool full = door.refused_last && *door.refused_last + grace > arrival.now;
    // Of several addresses of a host, one that was down is reason enough to go on to the next host.
    if (fresh || full) return Watched::excused;
    out = Watched::up;
  }
  return out;
}
}  // namespace

MxHosts read_mx_hosts(const dns::Name& domain, const dns::Facts& facts, Questions<dns::Question>& open) {
  return HostReader(facts, open).read(domain);
}

Finding judge_wrong_mx(const MxHosts& mx, const Arrival& arrival, const ClientPolicy& policy) {
  if (mx.status == MxHosts::Status::unknown) return {Found::unknown, "the DNS could not tell the MX hosts"};
  const auto here = std::ranges::find_if(mx.hosts, [&](const MxHost& host) {
    return std::ranges::any_of(arrival.at, [&](const Place& place) { return is_among(place, host.places); });
  });
  if (here == mx.hosts.end()) return {Found::unknown, "it came to a place that is no MX of this domain"};
  const MxHost* left_out = nullptr;
  std::string unseen;
  std::string excuse;
  for (const MxHost& better : mx.hosts) {
    if (better.preference >= here->preference) break;
    if (seen_there(better, arrival, policy.mx_memory)) return {Found::pass, "it tried " + better.name};
    switch (watch(better, arrival, policy.mx_grace)) {
      case Watched::not_ours:
        unseen = better.name;
        break;
      case Watched::excused:
        excuse = better.name;
        break;
      case Watched::up:
        if (left_out == nullptr) left_out = &better;
        break;
    }
  }
  if (left_out != nullptr && excuse.empty()) {
    return {Found::fail, fmt::format("came to {} ({}) and left out {} ({}), which is up", here->name,
                                     here->preference, left_out->name, left_out->preference)};
  }
  if (!excuse.empty()) return {Found::unknown, excuse + " was down or full not long ago"};
  if (!unseen.empty()) return {Found::unknown, unseen + " is another host's: who tried it is not known"};
  return {Found::pass, {}};
}

}  // namespace waybill::policy
