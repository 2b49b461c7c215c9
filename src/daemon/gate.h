// gate.h: who may send what to whom, decided by policy/ for every session. A reload swaps the rules;
// transactions under way ask the new ones from their next command on. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

#include "base/published.h"
#include "config/config.h"
#include "daemon/gate_backup.h"
#include "daemon/gate_clients.h"
#include "daemon/gate_quota.h"
#include "daemon/local_mail.h"
#include "daemon/overload.h"
#include "dns/resolver.h"
#include "policy/relay_rules.h"
#include "receive/gate.h"
#include "route/table.h"

namespace waybill::daemon {

class PolicyGate final : public receive::Gate {
 public:
  /// Once, before sessions begin. The resolver outlives the gate's use.
  void set_resolver(dns::Resolver& resolver) { resolver_ = &resolver; }
  /// Once, before sessions begin; null: nobody asks a primary. It outlives the gate's use.
  void set_backup(BackupRecipients& backup) { backup_ = &backup; }
  /// Once, before sessions begin; null: delivery alone judges quotas. It outlives the gate's use.
  void set_room(MailboxRoom& room) { room_ = &room; }
  /// Once, before sessions begin. Outlives the gate's use; none in tests of the rules alone.
  void set_overload(Overload& overload) { overload_ = &overload; }
  /// Once before sessions begin, and at every reload.
  void set_local(std::shared_ptr<const LocalMail> local) { local_.store(std::move(local)); }
  void set_null_mx_sender(config::NullMxSender policy) { null_mx_sender_ = policy; }
  void set_rules(policy::RelayRules rules) {
    rules_.store(std::make_shared<const policy::RelayRules>(std::move(rules)));
  }
  /// What the route table refuses is refused in the dialogue.
  void set_routes(route::RouteTable table) {
    routes_.store(std::make_shared<const route::RouteTable>(std::move(table)));
  }
  /// Once, before sessions begin. Without it no client is looked at.
  void set_clients(ClientsGate& clients) { clients_ = &clients; }
  void on_connect(const receive::ClientFacts& client, Answer answer) override;
  void on_mail(const receive::ClientFacts& client, const mail::ReversePath& from, uint64_t size_octets,
               Answer answer) override;
  void on_rcpt(const receive::ClientFacts& client, const mail::ReversePath& from, const mail::Address& to,
               Answer answer) override;
  void on_end(const receive::ClientFacts& client) override;
  void on_turned_away(const receive::ClientFacts& client) override;

  /// For mail that a local user hands in over the control socket: relays anywhere, yet refuses an unknown
  /// user of a domain that ends here.
  [[nodiscard]] receive::Verdict check_local(const mail::ReversePath& from, const mail::Address& to) const;

 private:
  [[nodiscard]] policy::Standing standing_of(const receive::ClientFacts& client) const;
  [[nodiscard]] receive::Verdict receivers(const policy::Client& client, const mail::ReversePath& from,
                                           const mail::Address& to, const std::string& listener) const;
  /// The steps of RCPT for a recipient who exists.
  void accept_rcpt(const receive::ClientFacts& client, const mail::ReversePath& from, const mail::Address& to,
                   receive::Verdict verdict, Answer answer);
  /// The route table's word on a recipient that the relay rules take.
  [[nodiscard]] std::optional<mail::Reply> check_route(const policy::RelayRules& rules,
                                                       const mail::ReversePath& from, const mail::Address& to,
                                                       const std::string& listener) const;

  Published<const LocalMail> local_{std::make_shared<const LocalMail>()};
  Published<const policy::RelayRules> rules_{std::make_shared<const policy::RelayRules>()};
  Published<const route::RouteTable> routes_{std::make_shared<const route::RouteTable>()};
  dns::Resolver* resolver_ = nullptr;
  BackupRecipients* backup_ = nullptr;
  MailboxRoom* room_ = nullptr;
  Overload* overload_ = nullptr;
  ClientsGate* clients_ = nullptr;
  std::atomic<config::NullMxSender> null_mx_sender_{config::NullMxSender::accept};
};

}  // namespace waybill::daemon
