// hosts.h: what the DNS says about single hosts: who we are, and what each candidate's addresses are worth.
// Inner part of the planner; pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dns/answer.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

/// Hands out facts and remembers what was missing. One a call of the planner.
class Inquiry {
 public:
  explicit Inquiry(const dns::Facts& facts) : facts_(facts) {}
  /// Null if not known yet; the question is then open.
  const dns::Answer* ask(const dns::Name& name, dns::Type type);
  [[nodiscard]] bool open() const { return !open_.empty(); }
  [[nodiscard]] Questions<dns::Question> take_open() { return std::move(open_); }

  /// Of every answer used: how long the verdict holds.
  [[nodiscard]] uint32_t ttl_s() const { return used_ ? ttl_s_ : 0; }

 private:
  const dns::Facts& facts_;
  Questions<dns::Question> open_;
  uint32_t ttl_s_ = UINT32_MAX;
  bool used_ = false;
};

/// How this host is known, by name and by address.
class SelfView {
 public:
  /// Asks for the addresses of our own names; complete only once nothing is open.
  SelfView(const Self& self, Inquiry& inquiry);
  [[nodiscard]] bool is(const dns::Name& name) const { return names_.contains(name); }
  [[nodiscard]] bool is(const IpAddress& ip) const { return addresses_.contains(ip); }
  /// Names of ours whose addresses the DNS could not tell.
  [[nodiscard]] const std::vector<dns::Name>& unknown() const { return unknown_; }

 private:
  void learn(const dns::Answer& answer, const dns::Name& asked);

  std::set<dns::Name> names_;
  std::set<IpAddress> addresses_;
  std::vector<dns::Name> unknown_;
};

/// Letters, digits, hyphens and underscores: what may stand as a host in a log, a key or a TLS handshake.
/// The DNS allows any octet; mail hosts don't need them, and attackers do.
[[nodiscard]] bool is_host_name(const dns::Name& name);

/// Loopback, unspecified, multicast, link-local IPv6, 0/8 and 240/4: nobody else's mail host can be there.
/// Private networks (RFC 1918, RFC 4193) are not among them: companies route mail inside theirs.
[[nodiscard]] bool is_reserved(const IpAddress& ip);

enum class SelfTest : uint8_t { by_all, by_address, off };

/// Asks for `name`'s addresses and judges them. Meaningless while the inquiry is open.
[[nodiscard]] Host assess_host(const dns::Name& name, const Request& request, const SelfView& self,
                               SelfTest test, Reserved reserved, Inquiry& inquiry);
/// Judges one address of a host (what-if, family, reserved), and the host by all of them.
void judge_addresses(Host& host, const Request& request, Reserved reserved);

}  // namespace waybill::route
