// gate.h: who may send what to whom, decided by policy/ for every session. A reload swaps the rules;
// transactions under way ask the new ones from their next command on. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

#include "base/published.h"
#include "config/config.h"
#include "daemon/local_mail.h"
#include "daemon/overload.h"
#include "dns/resolver.h"
#include "policy/relay_rules.h"
#include "receive/gate.h"

namespace waybill::daemon {

class PolicyGate final : public receive::Gate {
 public:
  /// Once, before sessions begin. The resolver outlives the gate's use.
  void set_resolver(dns::Resolver& resolver) { resolver_ = &resolver; }
  /// Once before sessions begin, and at every reload.
  void set_local(std::shared_ptr<const LocalMail> local) { local_.store(std::move(local)); }
  /// Once, before sessions begin. Outlives the gate's use; none in tests of the rules alone.
  void set_overload(Overload& overload) { overload_ = &overload; }
  void set_null_mx_sender(config::NullMxSender policy) { null_mx_sender_ = policy; }
  void set_rules(policy::RelayRules rules) {
    rules_.store(std::make_shared<const policy::RelayRules>(std::move(rules)));
  }
  void on_connect(const receive::ClientFacts& client, Answer answer) override;
  void on_mail(const receive::ClientFacts& client, const mail::ReversePath& from, uint64_t size_octets,
               Answer answer) override;
  void on_rcpt(const receive::ClientFacts& client, const mail::ReversePath& from, const mail::Address& to,
               Answer answer) override;

  /// For mail that a local user hands in over the control socket: relays anywhere, yet refuses an unknown
  /// user of a domain that ends here.
  [[nodiscard]] receive::Verdict check_local(const mail::Address& to) const;

 private:
  [[nodiscard]] receive::Verdict receivers(const policy::Client& client, const mail::Address& to) const;
  [[nodiscard]] policy::Standing standing_of(const receive::ClientFacts& client) const;

  Published<const LocalMail> local_{std::make_shared<const LocalMail>()};
  Published<const policy::RelayRules> rules_{std::make_shared<const policy::RelayRules>()};
  dns::Resolver* resolver_ = nullptr;
  Overload* overload_ = nullptr;
  std::atomic<config::NullMxSender> null_mx_sender_{config::NullMxSender::accept};
};

}  // namespace waybill::daemon
