#include "daemon/client_report.h"

#include <algorithm>

namespace waybill::daemon {
using policy::ClientTally;
using policy::ClientTest;

void ClientReport::add(const std::string& domain, const std::string& client, const ClientTally& tally) {
  if (!request_.domain.empty() && domain != request_.domain) return;
  const policy::ClientPolicy* policy = domain.empty() ? &rules_.fallback : rules_.find(domain);
  if (policy == nullptr) return;  // a domain that is no longer ours
  const auto first = clients_.try_emplace(client, tally.first).first;
  first->second = std::min(first->second, tally.first);
  Group& group = groups_[request_.by == control::ClientsBy::policy ? policy->name : domain];
  group.clients[client].push_back(tally);
  for (const ClientTest test : policy::kClientTests) {
    const std::string action(policy::to_string(policy->actions[test]));
    std::string& known = group.actions[test];
    known = known.empty() || known == action ? action : "mixed";
  }
}

control::ClientTestReport ClientReport::test(ClientTest test, const Group& from) const {
  control::ClientTestReport out;
  out.test = policy::to_string(test);
  out.action = from.actions[test];
  for (const auto& [client, tallies] : from.clients) {
    control::ClientExample example;
    const ClientTally* latest = nullptr;
    for (const ClientTally& tally : tallies) {
      example.messages += tally.failed[test];
      out.turned_away += tally.turned_away[test];
      const bool fails = tally.failed[test] > 0;
      if (fails && (latest == nullptr || latest->failed_last[test] < tally.failed_last[test]))
        latest = &tally;
    }
    if (latest == nullptr) continue;
    ++out.clients;
    out.messages += example.messages;
    if (request_.examples == 0) continue;
    example.client = client;
    example.name = latest->name;
    example.helo = latest->helo;
    example.from = latest->from;
    example.place = latest->place;
    example.why = latest->why[test];
    example.last = latest->failed_last[test];
    const auto at = std::ranges::upper_bound(out.examples, example.last, std::ranges::greater{},
                                             &control::ClientExample::last);
    out.examples.insert(at, std::move(example));
    if (out.examples.size() > request_.examples) out.examples.pop_back();
  }
  return out;
}

control::ClientsGroup ClientReport::group(const std::string& name, const Group& from) const {
  control::ClientsGroup out;
  out.name = name;
  out.clients = from.clients.size();
  for (const auto& [client, tallies] : from.clients) {
    for (const ClientTally& tally : tallies) {
      out.messages += tally.messages;
      out.since = out.since ? std::min(*out.since, tally.first) : tally.first;
    }
  }
  for (const ClientTest one : policy::kClientTests) out.tests.push_back(test(one, from));
  return out;
}

control::ClientsAnswer ClientReport::answer(Time now) const {
  control::ClientsAnswer out;
  out.now = now;
  out.by = request_.by;
  out.clients = clients_.size();
  for (const auto& [client, first] : clients_) out.since = out.since ? std::min(*out.since, first) : first;
  for (const auto& [name, from] : groups_) out.groups.push_back(group(name, from));
  return out;
}

control::ClientsAnswer ClientsGate::report(const control::ClientsRequest& request) const {
  const auto rules = rules_.load();
  const Time now = clock_.now();
  ClientReport report(request, *rules);
  tallies_.for_each(now, [&](const std::string& key, const learn::Entry& entry) {
    const size_t end = key.find('\n');
    const auto tally = policy::ClientTally::decode(entry.value);
    if (end == std::string::npos || !tally) return;
    report.add(key.substr(0, end), key.substr(end + 1), *tally);
  });
  control::ClientsAnswer out = report.answer(now);
  out.full = tallies_.size() >= rules->settings.entries;
  return out;
}

void add_client_gauges(const ClientsGate::Counters& counters, std::vector<Gauge>& out) {
  const auto add = [&](std::string name, std::string help, const std::atomic<uint64_t>& value) {
    out.push_back(
        {std::move(name), std::move(help), static_cast<double>(value.load(std::memory_order_relaxed))});
  };
  add("waybill_clients_connections", "Connections of clients that are looked at, since the start",
      counters.connections);
  add("waybill_clients_name_unknown", "Reverse names that the DNS could not tell, since the start",
      counters.names_unknown);
  for (const ClientTest test : policy::kClientTests) {
    const auto number = static_cast<size_t>(test);
    add(fmt::format("waybill_clients_{}_failed", policy::to_string(test)),
        "Messages of clients that failed this test, since the start", counters.failed[number]);
    add(fmt::format("waybill_clients_{}_turned_away", policy::to_string(test)),
        "Messages deferred or refused for it, since the start", counters.turned_away[number]);
  }
}

}  // namespace waybill::daemon
