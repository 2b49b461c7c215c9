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

policy::Standing PolicyGate::standing_of(const receive::ClientFacts& client) const {
  return rules_.load()->is_trusted(to_policy(client)) ? policy::Standing::trusted
                                                      : policy::Standing::stranger;
}

// Who comes while connections run short never gets here: the registry has turned it away (set_room).
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
  if (overload_ != nullptr && overload_->sheds())
    if (auto later = overload_->at_mail(standing_of(client)))
      return answer(receive::Verdict::refuse(std::move(*later)));
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
  if (overload_ != nullptr && overload_->sheds())
    if (auto later = overload_->at_rcpt(standing_of(client)))
      return answer(receive::Verdict::refuse(std::move(*later)));
  receive::Verdict verdict = receivers(to_policy(client), from, to, client.listener);
  if (verdict.refusal) return answer(std::move(verdict));
  auto question = room_ == nullptr ? std::nullopt : room_->question(client, to, verdict.rewritten);
  if (!question) return accept_rcpt(client, from, to, std::move(verdict), std::move(answer));
  auto shared = std::make_shared<Answer>(std::move(answer));
  // The session keeps these three until it is answered.
  room_->ask(std::move(*question), [this, &client, &from, &to, verdict = std::move(verdict),
                                    shared](std::optional<mail::Reply> full) {
    if (full) return (*shared)(receive::Verdict::refuse(std::move(*full)));
    accept_rcpt(client, from, to, verdict, std::move(*shared));
  });
}

void PolicyGate::accept_rcpt(const receive::ClientFacts& client, const mail::ReversePath& from,
                             const mail::Address& to, receive::Verdict verdict, Answer answer) {
  // Last, whoever brings it. The session keeps these three until it is answered.
  auto judge = [this, &client, &from, &to](receive::Verdict taken, Answer told) {
    if (clients_ == nullptr) return told(std::move(taken));
    clients_->rcpt(client, from, to, std::move(taken), std::move(told));
  };
  if (backup_ == nullptr) return judge(std::move(verdict), std::move(answer));
  const policy::Client who = to_policy(client);
  const bool trusted = who.authenticated == policy::Authenticated::yes || rules_.load()->is_trusted(who);
  const mail::Address recipient =
      to.domain.empty() && !verdict.rewritten.empty() ? verdict.rewritten.front() : to;
  auto shared = std::make_shared<Answer>(std::move(answer));
  backup_->check(recipient, trusted,
                 [shared, verdict = std::move(verdict), judge](std::optional<mail::Reply> refusal) {
                   if (refusal) return (*shared)(receive::Verdict::refuse(std::move(*refusal)));
                   judge(verdict, std::move(*shared));
                 });
}

// Whether the client may send there at all, then who receives it.
receive::Verdict PolicyGate::receivers(const policy::Client& client, const mail::ReversePath& from,
                                       const mail::Address& to, const std::string& listener) const {
  const auto local = local_.load();
  // A report for a sender that was rewritten here: whoever has the address may answer it, until it expires.
  const auto rules = rules_.load();
  if (auto sender = local->sender_of(to)) {
    // LMTP relays nowhere, nor does it by way of a sender that was rewritten.
    if (client.service == policy::Service::lmtp && !sender->refusal)
      sender->refusal = rules->decide_rcpt(client, sender->rewritten.front()).refusal;
    return std::move(*sender);
  }
  policy::RelayDecision decision = rules->decide_rcpt(client, to);
  if (!decision.accepted()) return receive::Verdict::refuse(std::move(*decision.refusal));
  if (auto refusal = check_route(*rules, from, to, listener))
    return receive::Verdict::refuse(std::move(*refusal));
  return local->receivers(to, to.domain.empty() ? local->postmaster() : to);
}

receive::Verdict PolicyGate::check_local(const mail::ReversePath& from, const mail::Address& to) const {
  const policy::Client client{IpAddress::v4(0x7f000001), policy::Service::submission,
                              policy::Authenticated::yes};
  return receivers(client, from, to, "control");
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
