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

policy::Standing PolicyGate::standing_of(const receive::ClientFacts& client) const {
  return rules_.load()->is_trusted(to_policy(client)) ? policy::Standing::trusted
                                                      : policy::Standing::stranger;
}

// Who comes while connections run short never gets here: the registry has turned it away (set_room).
void PolicyGate::on_connect(const receive::ClientFacts&, Answer answer) { answer(receive::Verdict::ok()); }

void PolicyGate::on_mail(const receive::ClientFacts& client, const mail::ReversePath& from, uint64_t,
                         Answer answer) {
  if (overload_ != nullptr && overload_->sheds())
    if (auto later = overload_->at_mail(standing_of(client)))
      return answer(receive::Verdict::refuse(std::move(*later)));
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

void PolicyGate::on_rcpt(const receive::ClientFacts& client, const mail::ReversePath&,
                         const mail::Address& to, Answer answer) {
  if (overload_ != nullptr && overload_->sheds())
    if (auto later = overload_->at_rcpt(standing_of(client)))
      return answer(receive::Verdict::refuse(std::move(*later)));
  answer(receivers(to_policy(client), to));
}

// Whether the client may send there at all, then who receives it.
receive::Verdict PolicyGate::receivers(const policy::Client& client, const mail::Address& to) const {
  const auto local = local_.load();
  // A report for a sender that was rewritten here: whoever has the address may answer it, until it expires.
  if (auto sender = local->sender_of(to)) return std::move(*sender);
  policy::RelayDecision decision = rules_.load()->decide_rcpt(client, to);
  if (!decision.accepted()) return to_verdict(std::move(decision));
  return local->receivers(to, to.domain.empty() ? local->postmaster() : to);
}

receive::Verdict PolicyGate::check_local(const mail::Address& to) const {
  const policy::Client client{IpAddress::v4(0x7f000001), policy::Service::submission,
                              policy::Authenticated::yes};
  return receivers(client, to);
}

}  // namespace waybill::daemon
