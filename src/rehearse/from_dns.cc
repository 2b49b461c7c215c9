#include "rehearse/from_dns.h"

#include <algorithm>
#include <set>

#include "route/planner.h"

namespace waybill::rehearse {
namespace {
// "_25._tcp.mx1.example.org" (RFC 7672 2.2.3)
std::optional<dns::Name> tlsa_name(const dns::Name& host, uint16_t port) {
  const auto transport = host.child("_tcp");
  if (!transport) return std::nullopt;
  auto name = transport->child(fmt::format("_{}", port));
  if (!name) return std::nullopt;
  return std::move(*name);
}

Dane judge_dane(const route::Plan& plan, const route::Host& host, const dns::Answer& tlsa) {
  if (tlsa.unknown()) return Dane::unknown;
  if (!tlsa.present()) return Dane::none;
  return tlsa.secure && host.secure && plan.mx_secure ? Dane::proven : Dane::insecure;
}

uint16_t port_of(const route::Plan& plan, const route::Request& request) {
  return plan.attempts.empty() ? request.options.port : plan.attempts.front().port;
}

bool has_address(const Scenario& scenario, const IpAddress& ip) {
  return std::ranges::any_of(scenario.hosts, [&ip](const Host& host) {
    return std::ranges::find(host.addresses, ip) != host.addresses.end();
  });
}

void add_record(Scenario& scenario, dns::Record record) {
  const bool known = std::ranges::any_of(scenario.records, [&record](const DnsRecord& one) {
    return one.record.owner == record.owner && one.record.type == record.type &&
           one.record.data == record.data;
  });
  if (!known) scenario.records.push_back({std::move(record), {}});
}

void add_answer(const dns::Question& question, const dns::Answer& answer, Scenario& scenario) {
  for (size_t n = 0; n < answer.chain.size(); ++n) {
    dns::Record alias{.owner = answer.chain[n], .type = dns::Type::cname, .ttl_s = answer.ttl_s};
    alias.data = n + 1 < answer.chain.size() ? answer.chain[n + 1] : answer.canonical;
    add_record(scenario, std::move(alias));
  }
  for (const dns::Record& record : answer.records) {
    dns::Record kept = record;
    kept.ttl_s = answer.ttl_s;
    add_record(scenario, std::move(kept));
  }
  if (answer.present()) return;
  DnsFault fault;
  fault.name = answer.unknown() || answer.chain.empty() ? question.name : answer.canonical;
  fault.type = question.type;
  fault.kind = answer.kind;
  fault.why = answer.why;
  scenario.faults.push_back(std::move(fault));
}

std::string first_label(const dns::Name& name) {
  const std::string text = name.to_string();
  return text.substr(0, text.find('.'));
}
}  // namespace

std::string_view to_string(Dane dane) {
  switch (dane) {
    case Dane::not_asked:
      return "not_asked";
    case Dane::proven:
      return "proven";
    case Dane::insecure:
      return "insecure";
    case Dane::none:
      return "none";
    case Dane::unknown:
      return "unknown";
  }
  return "unknown";
}

Step<Surveyed, dns::Question> survey_world(const route::Request& request, const dns::Facts& facts) {
  auto step = route::plan_delivery(request, facts);
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) return std::move(*open);
  Surveyed out;
  out.plan = std::move(std::get<route::Plan>(step));
  Questions<dns::Question> open;
  for (const route::Tier& tier : out.plan.tiers) {
    for (const route::Host& host : tier.hosts) {
      Surveyed::Host one{.name = host.name, .preference = tier.preference};
      one.is_self = host.status == route::HostStatus::is_self;
      for (const route::Address& address : host.addresses) one.addresses.push_back(address.ip);
      const auto name = host.name.is_root() ? std::nullopt : tlsa_name(host.name, port_of(out.plan, request));
      if (name && !one.is_self && !one.addresses.empty()) {
        const dns::Question question{*name, dns::Type::tlsa};
        if (const dns::Answer* tlsa = facts.find(question)) {
          one.dane = judge_dane(out.plan, host, *tlsa);
        } else {
          open.push_back(question);
        }
      }
      out.hosts.push_back(std::move(one));
    }
  }
  if (!open.empty()) return open;
  out.facts = facts;
  return out;
}

std::vector<std::string> add_world(const Surveyed& surveyed, Scenario& scenario) {
  std::vector<std::string> unknown;
  for (const auto& [question, answer] : surveyed.facts) {
    if (question.type == dns::Type::tlsa) continue;  // the router does not ask for it
    add_answer(question, answer, scenario);
    if (answer.unknown())
      unknown.push_back(fmt::format("{} {}: {}", to_string(question.type), question.name.to_string(),
                                    answer.why.empty() ? to_string(answer.kind) : answer.why));
  }
  for (const Surveyed::Host& one : surveyed.hosts) {
    if (one.is_self) continue;
    Host host;
    host.name = one.name;
    host.in_dns = false;
    for (const IpAddress& ip : one.addresses) {
      if (!has_address(scenario, ip)) host.addresses.push_back(ip);
    }
    if (host.addresses.empty()) continue;
    host.label = one.name.is_root() ? host.addresses.front().to_string() : one.name.to_string();
    scenario.hosts.push_back(std::move(host));
  }
  return unknown;
}

void label_hosts(Scenario& scenario) {
  std::map<std::string, size_t> times;
  for (const Host& host : scenario.hosts) ++times[first_label(host.name)];
  for (Host& host : scenario.hosts) {
    if (!host.name.is_root() && times[first_label(host.name)] == 1) host.label = first_label(host.name);
  }
}

}  // namespace waybill::rehearse
