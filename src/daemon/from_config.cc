#include "daemon/from_config.h"

namespace waybill::daemon {

resolve::Options resolver_options(const config::Config& config) {
  resolve::Options out;
  out.mode = config.dns.mode == config::DnsMode::forward ? resolve::Mode::forward : resolve::Mode::recursive;
  out.servers = config.dns.servers;
  out.dnssec = config.dns.dnssec;
  out.zones = config.dns.zones;
  out.timeout = config.dns.timeout;
  out.trust_anchors = config.dns.trust_anchors;
  out.cache_entries_max = config.dns.cache_entries;
  return out;
}

deliver::Settings delivery_settings(const config::Config& config) {
  const config::Deliver& from = config.deliver;
  deliver::Settings out;
  out.hostname = config.hostname.text();
  out.source_v4 = from.source_ipv4;
  out.source_v6 = from.source_ipv6;
  out.timeouts.connect = from.connect_timeout;
  out.timeouts.connect_early = std::min(out.timeouts.connect_early, from.connect_timeout);
  out.timeouts.banner = from.greeting_timeout;
  out.timeouts.hello = out.timeouts.mail = out.timeouts.rcpt = from.command_timeout;
  out.timeouts.tls_handshake = std::min(out.timeouts.tls_handshake, from.command_timeout);
  out.timeouts.data = from.data_timeout;
  out.timeouts.block = from.block_timeout;
  out.timeouts.dot = from.final_timeout;
  out.timeouts.idle = from.idle_keepalive;
  out.pacing.window_max = from.connections_per_destination;
  out.pacing.window_start = std::min(out.pacing.window_start, out.pacing.window_max);
  out.pacing.messages_per_connection_max = from.messages_per_connection;
  // A host that is down is probed again no later than its mail would be tried anyway.
  out.memory.probe_first = std::min(out.memory.probe_first, config.queue.retry_first);
  out.memory.probe_max = std::min(out.memory.probe_max, config.queue.retry_max);
  out.recipients_per_transaction_max = from.recipients_per_message;
  out.connections_max = from.connections;
  return out;
}

queue::Schedule retry_schedule(const config::Config& config) {
  queue::Schedule out;
  out.retry_after.clear();
  Millis wait = config.queue.retry_first;
  while (wait < config.queue.retry_max && out.retry_after.size() < 32) {
    out.retry_after.push_back(wait);
    wait = Millis{static_cast<Millis::rep>(static_cast<double>(wait.count()) * config.queue.retry_factor)};
  }
  out.retry_after.push_back(config.queue.retry_max);
  out.expire_after = config.queue.expire_after;
  out.expire_null_after = config.queue.expire_bounces_after;
  out.delay_notice_after = config.queue.delay_notice_after;
  for (const config::Domain& domain : config.domains)
    if (domain.hold_for) out.hold_for.emplace(domain.name.text(), *domain.hold_for);
  return out;
}

queue::SchedulerLimits scheduler_limits(const config::Config& config) {
  queue::SchedulerLimits out;
  out.window_recipients_max = config.queue.window;
  out.window_per_domain_max = std::min(config.queue.window_per_destination, config.queue.window);
  // What waits for a slow destination waits in delivery's own queues, which cost little: slots must not run
  // out while other destinations could be served.
  out.outstanding_max = config.queue.window;
  out.recipients_per_delivery_max = config.deliver.recipients_per_message;
  return out;
}

handover::Quiet quiet_backups(std::shared_ptr<const config::Config> config) {
  return [config = std::move(config)](const queue::MessageRecord& message, const mail::Domain& to) {
    const config::Domain* domain = config->find_domain(to);
    if (domain == nullptr || domain->role != config::DomainRole::backup || domain->bounce_refused)
      return false;
    const mail::Origin& from = message.origin;
    return from.via == mail::Origin::Via::smtp && from.user.empty() && !config->relay.trusts(from.client_ip);
  };
}

receive::SessionLimits session_limits(const config::Config& config) {
  return {config.limits.sessions, config.limits.sessions_per_address, config.relay.trusted_networks};
}

Result<policy::RelayRules> relay_rules(const config::Config& config, const config::Recipients& listed) {
  policy::RelayTable table;
  for (const config::Domain& domain : config.domains) {
    policy::DomainRule rule;
    switch (domain.role) {
      case config::DomainRole::primary:
        rule.role = policy::DomainRole::primary;
        break;
      case config::DomainRole::backup:
        rule.role = policy::DomainRole::backup;
        break;
      case config::DomainRole::relay:
        rule.role = policy::DomainRole::relay;
        break;
    }
    // Whose mailboxes a primary domain has, its aliases know better: see LocalMail.
    const auto known = listed.domains.find(domain.name.text());
    if (domain.role != config::DomainRole::primary && known != listed.domains.end() && known->second.users)
      rule.users.emplace(known->second.users->begin(), known->second.users->end());
    table.domains.emplace(domain.name.text(), std::move(rule));
  }
  table.trusted_networks = config.relay.trusted_networks;
  table.postmaster_domain = config.postmaster_address().domain;
  return policy::RelayRules::make(std::move(table));
}

receive::Settings message_settings(const config::Config& config) {
  receive::Settings out;
  out.hostname = config.hostname.text();
  out.message_octets_max = config.limits.message_octets;
  out.recipients_max = config.limits.recipients;
  out.bare_newline = config.limits.bare_newline == config::BareNewline::replace
                         ? receive::BareNewline::replace
                         : receive::BareNewline::reject;
  return out;
}

std::shared_ptr<const receive::Settings> listener_settings(const config::Config& config,
                                                           const config::Listener& listener,
                                                           std::shared_ptr<net::TlsContext> tls) {
  auto out = std::make_shared<receive::Settings>(message_settings(config));
  out->listener = config::to_string(listener.role);
  switch (listener.role) {
    case config::Role::mx:
      out->role = receive::Role::mx;
      break;
    case config::Role::submission:
      out->role = receive::Role::submission;
      break;
    case config::Role::submissions:
      out->role = receive::Role::submissions;
      break;
    case config::Role::lmtp:
      out->role = receive::Role::lmtp;
      break;
  }
  if (tls != nullptr) {
    out->tls = std::move(tls);
    if (listener.role != config::Role::submissions) out->starttls = receive::StartTls::offered;
  }
  const config::Limits& limits = config.limits;
  out->messages_max = limits.messages_per_session;
  out->commands_max = limits.commands;
  out->errors_max = limits.errors;
  out->command_timeout = limits.command_timeout;
  out->session_timeout = limits.session_deadline;
  out->no_delay = config.relay.trusted_networks;
  return out;
}

}  // namespace waybill::daemon
