#include "daemon/local_mail.h"

#include <algorithm>

#include "base/log.h"

namespace waybill::daemon {

LocalMail::LocalMail(const config::Config& config, config::Recipients listed, const Clock& clock)
    : srs_(std::move(listed.srs_secrets), config.srs.domain.empty() ? config.hostname : config.srs.domain),
      postmaster_(config.postmaster_address()),
      clock_(&clock) {
  std::map<std::string, policy::LocalDomain> domains;
  for (const config::Domain& domain : config.domains) {
    if (domain.role != config::DomainRole::primary) continue;
    const std::string& name = domain.name.text();
    config::DomainRecipients& from = listed.domains[name];
    if (domain.forward_srs) srs_domains_.insert(name);
    if (from.users) users_.emplace(name, std::make_shared<const Users>(*from.users));
    policy::ListedDirectory::Aliases aliases;
    for (auto& [alias, to] : from.aliases) aliases.emplace(alias, std::move(to.to));
    policy::LocalDomain local;
    local.directory =
        std::make_shared<const policy::ListedDirectory>(std::move(from.users), std::move(aliases));
    local.delimiter = domain.recipient_delimiter;
    local.catch_all = std::move(from.catch_all);
    domains.emplace(name, std::move(local));
  }
  recipients_ = policy::Recipients(std::move(domains));
}

receive::Verdict LocalMail::receivers(const mail::Address& given, const mail::Address& meant) const {
  policy::Expansion expansion = recipients_.expand(meant);
  receive::Verdict out;
  if (!expansion.accepted()) {
    // RFC 5321 4.5.1: a fault of ours is no reason to refuse the postmaster's mail.
    if (!given.domain.empty()) out.refusal = std::move(expansion.refusal);
    return out;
  }
  for (const mail::Address& lost : expansion.nowhere) {
    log::warning("an alias leads to nobody: that part of it is left out",
                 {{"alias", given.to_string()}, {"nobody", lost.to_string()}});
  }
  const bool itself = expansion.to.size() == 1 && expansion.to.front() == given;
  if (itself) return out;
  out.rewrite_sender = wants_srs(expansion);
  out.rewritten = std::move(expansion.to);
  return out;
}

bool LocalMail::wants_srs(const policy::Expansion& expansion) const {
  return srs_.on() && std::ranges::any_of(expansion.steps, [this](const policy::ExpansionStep& step) {
           return srs_domains_.contains(step.from.substr(step.from.rfind('@') + 1));
         });
}

std::optional<receive::Verdict> LocalMail::sender_of(const mail::Address& to) const {
  if (!srs_.is_ours(to)) return std::nullopt;
  auto sender = srs_.reverse(to, clock_->now());
  if (!sender) return receive::Verdict::refuse({550, {5, 1, 1}, sender.error().what});
  receive::Verdict out;
  out.rewritten.push_back(std::move(*sender));
  return out;
}

mail::Expanded LocalMail::expand(mail::Recipient recipient) const {
  mail::Expanded out;
  policy::Expansion expansion = recipients_.expand(recipient.address);
  out.rewrite_sender = wants_srs(expansion);
  out.to = expansion.accepted() ? std::move(expansion.to) : std::vector{recipient.address};
  out.given = std::move(recipient);
  return out;
}

std::shared_ptr<const mail::Envelope> LocalMail::outgoing(const mail::Delivery& delivery) const {
  const mail::Envelope& envelope = *delivery.envelope;
  // A report has no sender to rewrite, and our own domains' senders may come from here.
  if (!srs_.on() || !envelope.from || recipients_.is_local(envelope.from->domain)) return delivery.envelope;
  const bool wanted = std::ranges::any_of(
      delivery.recipients, [](const mail::DeliveryRecipient& one) { return one.recipient.rewrite_sender; });
  if (!wanted || recipients_.is_local(delivery.domain)) return delivery.envelope;
  auto sender = srs_.rewrite(*envelope.from, clock_->now());
  if (!sender) return delivery.envelope;
  auto out = std::make_shared<mail::Envelope>(envelope);
  out->from = std::move(*sender);
  return out;
}

std::shared_ptr<const LocalMail::Users> LocalMail::users(const mail::Domain& domain) const {
  const auto at = users_.find(domain.text());
  return at == users_.end() ? nullptr : at->second;
}

}  // namespace waybill::daemon
