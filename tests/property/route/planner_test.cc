// What holds for every domain, however its zone is broken.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "route/tiers.h"
#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;

/// What a random world says of one host.
enum class Fault : uint8_t { none, absent, a_fails, aaaa_fails, both_fail, forged, alias };

struct Case {
  MailWorld world;
  Request request;
  std::map<std::string, uint16_t> preferences;
  std::set<std::string> own_hosts;
  std::set<std::string> shaky_hosts;  ///< with an unknown answer
  bool mx_shaky = false;
};

int pick(int from, int to) { return *rc::gen::inRange(from, to); }

void add_host(Case& c, const std::string& host, int number) {
  const auto fault = static_cast<Fault>(pick(0, 7));
  const std::string where = fault == Fault::alias ? "real-" + host : host;
  if (fault == Fault::alias) c.world.alias(host, where);
  if (fault != Fault::absent) {
    // A few addresses are shared between hosts on purpose.
    for (int i = 0, count = pick(0, 4); i < count; ++i) {
      c.world.host(where, {fmt::format("192.0.2.{}", pick(0, 2) == 0 ? number : pick(1, 30))});
      if (pick(0, 2) == 0) c.world.host(where, {fmt::format("2001:db8::{}", pick(1, 30))});
    }
  }
  if (fault == Fault::a_fails || fault == Fault::both_fail) c.world.fails(host, dns::Type::a);
  if (fault == Fault::aaaa_fails || fault == Fault::both_fail) c.world.fails(host, dns::Type::aaaa);
  if (fault == Fault::forged) c.world.forged(host, dns::Type::a);
  if (fault >= Fault::a_fails && fault <= Fault::forged) c.shaky_hosts.insert(host);
}

void build(Case& c) {
  c.request.domain = domain("example.org");
  c.request.seed = *rc::gen::arbitrary<uint64_t>();
  c.request.role = pick(0, 2) == 0 ? Role::backup : Role::foreign;
  c.request.options.addresses_per_preference_max = static_cast<size_t>(pick(0, 7));
  c.request.options.families = static_cast<Families>(pick(0, 3));
  const int hosts = pick(0, 8);
  for (int i = 0; i < hosts; ++i) {
    const std::string host = fmt::format("mx{}.example", i);
    const auto preference = static_cast<uint16_t>(pick(0, 4) * 10);
    c.world.mx("example.org", {{preference, host}});
    c.preferences[host] = preference;
    add_host(c, host, i + 1);
    if (pick(0, 6) == 0) {
      c.request.self.names.push_back(name(host));
      c.own_hosts.insert(host);
    }
  }
  if (pick(0, 8) == 0) c.world.mx("example.org", {{static_cast<uint16_t>(pick(0, 2)), "."}});
  if (pick(0, 6) == 0) c.request.self.addresses.push_back(ip(fmt::format("192.0.2.{}", pick(1, 30))));
  if (pick(0, 3) == 0) c.world.host("example.org", {"192.0.2.200"});
  if (const int fault = pick(0, 12); fault < 2) {
    fault == 0 ? c.world.fails("example.org", dns::Type::mx) : c.world.forged("example.org", dns::Type::mx);
    c.mx_shaky = true;
  }
}

RC_GTEST_PROP(Planner, never_turns_the_unknown_into_a_bounce, ()) {
  Case c;
  build(c);
  const Plan plan = c.world.plan(c.request);
  if (c.mx_shaky) {
    RC_ASSERT(plan.decision == Verdict::defer);
    return;
  }
  if (plan.decision != Verdict::bounce) return;
  for (const Tier& tier : plan.tiers) {
    for (const Host& host : tier.hosts) RC_ASSERT(host.status != HostStatus::temp_failure);
  }
  // Were every host that nobody could tell about absent, the verdict would have to be the same: so each such
  // host was either ourselves, no better than ourselves, or known well enough by its other family.
  for (const std::string& shaky : c.shaky_hosts) {
    const Host* host = find_host(plan, shaky);
    if (host == nullptr) continue;
    RC_ASSERT(host->status == HostStatus::is_self || host->status == HostStatus::not_better);
  }
}

RC_GTEST_PROP(Planner, attempts_rise_in_preference_and_no_address_comes_twice, ()) {
  Case c;
  build(c);
  const Plan plan = c.world.plan(c.request);
  RC_ASSERT((plan.decision == Verdict::deliver) == !plan.attempts.empty());
  std::set<IpAddress> seen;
  std::map<uint16_t, size_t> at_preference;
  double shares = 0;
  for (size_t i = 0; i < plan.attempts.size(); ++i) {
    const Attempt& attempt = plan.attempts[i];
    if (i > 0) RC_ASSERT(plan.attempts[i - 1].preference <= attempt.preference);
    RC_ASSERT(seen.insert(attempt.ip).second);
    RC_ASSERT(++at_preference[attempt.preference] <=
              std::max<size_t>(2, c.request.options.addresses_per_preference_max));
    shares += attempt.first_share;
  }
  RC_ASSERT(shares <= 1.0 + 1e-9);
  if (!plan.attempts.empty()) RC_ASSERT(plan.attempts[0].first_share > 0);
}

RC_GTEST_PROP(Planner, never_tries_itself_or_what_is_no_better, ()) {
  Case c;
  build(c);
  const Plan plan = c.world.plan(c.request);
  uint16_t own = UINT16_MAX;
  for (const std::string& host : c.own_hosts) own = std::min(own, c.preferences[host]);
  for (const Attempt& attempt : plan.attempts) {
    RC_ASSERT(!c.own_hosts.contains(attempt.host));
    if (plan.source == HostSource::mx && !c.own_hosts.empty()) RC_ASSERT(attempt.preference < own);
    for (const IpAddress& address : c.request.self.addresses) RC_ASSERT(attempt.ip != address);
  }
}

RC_GTEST_PROP(Planner, a_backup_delivers_only_where_it_stands_itself_and_never_bounces_its_own_loop, ()) {
  Case c;
  build(c);
  c.request.role = Role::backup;
  const Plan plan = c.world.plan(c.request);
  const bool found = has_status(plan, HostStatus::is_self);
  RC_ASSERT(plan.decision != Verdict::deliver || found);
  RC_ASSERT(plan.decision != Verdict::bounce || plan.why != Why::loops_to_self);
  RC_ASSERT(plan.why != Why::not_an_mx || !found);
}

RC_GTEST_PROP(Planner, the_same_seed_gives_the_same_plan, ()) {
  Case c;
  build(c);
  const Plan one = c.world.plan(c.request);
  const Plan two = c.world.plan(c.request);
  RC_ASSERT(ips_of(one) == ips_of(two));
  RC_ASSERT(hosts_of(one) == hosts_of(two));
  RC_ASSERT(one.steps == two.steps);
  c.request.seed += 1;
  const Plan other = c.world.plan(c.request);
  RC_ASSERT(other.decision == one.decision);
  RC_ASSERT(other.why == one.why);
  RC_ASSERT(other.site_key == one.site_key);
}
}  // namespace
}  // namespace waybill::route
