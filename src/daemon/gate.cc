#include "daemon/gate.h"

#include "daemon/routes.h"
#include "policy/sender_domain.h"

namespace waybill::daemon {
namespace {
policy::Client to_policy(const receive::ClientFacts& client) {
  policy::Client out;
  out.ip = client.remote.ip;
  switch (client.role) {
    case receive::Role::mx:
      out.service = policy::Service::mx;
      break;
    case receive::Role::submission:
    case receive::Role::submissions:
      out.service = policy::Service::submission;
      break;
    case receive::Role::lmtp:
      out.service = policy::Service::lmtp;
      break;
  }
  out.authenticated = client.user.empty() ? policy::Authenticated::no : policy::Authenticated::yes;
  return out;
}

receive::Verdict to_verdict(policy::RelayDecision decision) {
  return decision.accepted() ? receive::Verdict::ok()
                             : receive::Verdict::refuse(std::move(*decision.refusal));
}
}  // namespace

void PolicyGate::on_connect(const receive::ClientFacts&, Answer answer) { answer(receive::Verdict::ok()); }

void PolicyGate::on_mail(const receive::ClientFacts& client, const mail::ReversePath& from, uint64_t,
                         Answer answer) {
  const policy::Client who = to_policy(client);
  const auto rules = rules_.load();
  policy::RelayDecision decision = rules->decide_mail(who);
  const bool look = decision.accepted() && null_mx_sender_.load() == config::NullMxSender::refuse && from &&
                    !from->domain.empty() && !from->domain.is_literal() && !rules->is_trusted(who) &&
                    resolver_ != nullptr;
  if (!look) return answer(to_verdict(std::move(decision)));
  const auto name = dns::Name::parse(from->domain.text());
  if (!name) return answer(receive::Verdict::ok());
  // std::function wants a copyable callable; the answer is given once all the same.
  auto shared = std::make_shared<Answer>(std::move(answer));
  resolver_->resolve({*name, dns::Type::mx}, [shared, domain = from->domain](const dns::Answer& mx) {
    auto refusal = policy::refuse_null_mx_sender(domain, mx);
    (*shared)(refusal ? receive::Verdict::refuse(std::move(*refusal)) : receive::Verdict::ok());
  });
}

void PolicyGate::on_rcpt(const receive::ClientFacts& client, const mail::ReversePath& from,
                         const mail::Address& to, Answer answer) {
  const auto rules = rules_.load();
  policy::RelayDecision decision = rules->decide_rcpt(to_policy(client), to);
  if (decision.accepted()) decision.refusal = check_route(*rules, from, to, client.listener);
  answer(to_verdict(std::move(decision)));
}

std::optional<mail::Reply> PolicyGate::check_local(const mail::ReversePath& from,
                                                   const mail::Address& to) const {
  const policy::Client client{IpAddress::v4(0x7f000001), policy::Service::submission,
                              policy::Authenticated::yes};
  const auto rules = rules_.load();
  if (auto refusal = rules->decide_rcpt(client, to).refusal) return refusal;
  return check_route(*rules, from, to, "control");
}

std::optional<mail::Reply> PolicyGate::check_route(const policy::RelayRules& rules,
                                                   const mail::ReversePath& from, const mail::Address& to,
                                                   const std::string& listener) const {
  const policy::DomainRule* known = rules.find(to.domain);
  // What ends here has no route, nor has <postmaster> without a domain.
  if (to.domain.empty() || (known != nullptr && known->role == policy::DomainRole::primary))
    return std::nullopt;
  const bool backup = known != nullptr && known->role == policy::DomainRole::backup;
  return refused_by_route(*routes_.load(), {.domain = to.domain,
                                            .role = backup ? route::Role::backup : route::Role::foreign,
                                            .sender = from,
                                            .listener = listener});
}

}  // namespace waybill::daemon
