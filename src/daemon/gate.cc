#include "daemon/gate.h"

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

void PolicyGate::on_connect(const receive::ClientFacts& client, Answer answer) {
  answer(clients_ != nullptr ? clients_->connected(client) : receive::Verdict::ok());
}

void PolicyGate::on_end(const receive::ClientFacts& client) {
  if (clients_ != nullptr) clients_->ended(client);
}

void PolicyGate::on_turned_away(const receive::ClientFacts& client) {
  if (clients_ != nullptr) clients_->turned_away(client);
}

void PolicyGate::on_mail(const receive::ClientFacts& client, const mail::ReversePath& from, uint64_t,
                         Answer answer) {
  if (clients_ != nullptr) clients_->mail(client);
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
  receive::Verdict verdict = to_verdict(rules_.load()->decide_rcpt(to_policy(client), to));
  if (clients_ == nullptr || verdict.refusal) return answer(std::move(verdict));
  clients_->rcpt(client, from, to, std::move(verdict), std::move(answer));
}

std::optional<mail::Reply> PolicyGate::check_local(const mail::Address& to) const {
  const policy::Client client{IpAddress::v4(0x7f000001), policy::Service::submission,
                              policy::Authenticated::yes};
  return rules_.load()->decide_rcpt(client, to).refusal;
}

}  // namespace waybill::daemon
