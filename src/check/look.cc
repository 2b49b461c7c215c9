#include "check/look.h"

#include <utility>

#include "route/planner.h"

namespace waybill::check {

template <class Said>
const Said* Look::find(Question question) {
  const Answer* answer = facts_.find(question);
  if (answer != nullptr) return &std::get<Said>(*answer);
  open_.insert(std::move(question));
  waiting_ = true;
  return nullptr;
}

const dns::Answer* Look::dns(const dns::Name& name, dns::Type type) {
  return find<dns::Answer>(dns::Question{name, type});
}

const ServerSaid* Look::server(const AskServer& question) { return find<ServerSaid>(question); }

const PolicySaid* Look::policy(const dns::Name& domain) { return find<PolicySaid>(AskPolicy{domain}); }

const ProbeSaid* Look::probe(const AskProbe& question) { return find<ProbeSaid>(question); }

const route::Plan* Look::plan(const mail::Domain& domain, const std::vector<dns::Name>& down) {
  auto key = std::pair{std::string(domain.text()), down};
  if (const auto at = plans_.find(key); at != plans_.end()) return &at->second;
  route::Request request{.domain = domain};
  request.options.hosts_max = 500;
  request.options.addresses_per_preference_max = 1000;
  request.options.reserved = route::Reserved::allow;  // a check of its own judges those
  request.down_hosts = down;
  auto step = route::plan_delivery(request, dns_);
  if (auto* plan = std::get_if<route::Plan>(&step))
    return &plans_.emplace(std::move(key), std::move(*plan)).first->second;
  open(std::get<Questions<dns::Question>>(std::move(step)));
  return nullptr;
}

std::optional<Look::Addresses> Look::addresses(const dns::Name& name) {
  Addresses out{.v4 = dns(name, dns::Type::a), .v6 = dns(name, dns::Type::aaaa)};
  if (out.v4 == nullptr || out.v6 == nullptr) return std::nullopt;
  for (const dns::Answer* answer : {out.v4, out.v6}) {
    for (const dns::Record& record : answer->records) {
      if (const auto* ip = std::get_if<IpAddress>(&record.data)) out.ips.push_back(*ip);
    }
  }
  return out;
}

void Look::open(Questions<dns::Question> questions) {
  for (dns::Question& question : questions) open_.insert(std::move(question));
  waiting_ = true;
}

}  // namespace waybill::check
