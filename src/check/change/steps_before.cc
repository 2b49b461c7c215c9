// What prepares a change, and must have worked before the cut-over.
#include "check/change/order.h"

namespace waybill::check::change {

void Order::lower_ttls() {
  Seconds longest{0};
  std::vector<const SetPair*> sets;
  for (const SetPair* set : view_.sets()) {
    // SPF is widened at once instead: to lower its TTL first would take as long.
    if (set->type == dns::Type::txt || !stale_does_harm(view_, *set)) continue;
    ready(move_.now + set->lifetime());
    if (set->live->ttl_s <= kLowTtl_s) continue;
    sets.push_back(set);
    lowered_[set] = set->live->ttl_s;
    longest = std::max(longest, set->lifetime());
  }
  if (sets.empty()) return;
  PlanStep& lower =
      step("ttl-lower", move_.now, fmt::format("Lower the TTL of what will change to {} s.", kLowTtl_s),
           fmt::format("Caches hold these records up to {}; from then on a change is seen everywhere "
                       "within {}.",
                       format_duration(longest), format_duration(Seconds{kLowTtl_s})));
  for (const SetPair* set : sets) {
    for (const dns::Record& record : set->live->records) add(lower, with_ttl(record, kLowTtl_s));
  }
}

void Order::add_hosts() {
  if (coming_.empty()) return;
  PlanStep& hosts =
      step("host-add", move_.now,
           fmt::format("Set up {} to take mail for {}, and give {} addresses, reverse names and keys.",
                       name_list(coming_), move_.subject.name.to_string(),
                       coming_.size() == 1 ? "it its" : "them their"),
           "A host that the MX names before it takes the domain's mail refuses it, for good.");
  for (const HostPair* host : coming_) {
    for (const SetPair* set : {&host->a, &host->aaaa, &host->tlsa}) {
      if (set->unknown() || set->added().empty()) continue;
      add_beside(hosts, *set);
      ready(move_.now + set->lifetime());  // an absence is remembered, too (RFC 2308 5)
    }
    for (const IpAddress& ip : host->without_ptr) {
      hosts.publish.push_back(
          {Publish::Do::add,
           fmt::format("{}. IN PTR {}.", dns::Name::reverse(ip).to_string(), host->name.to_string())});
    }
  }
}

void Order::add_spf() {
  const SetPair& spf = view_.spf;
  if (!spf.changes()) return;
  const std::string before = spf_text(spf, *spf.live);
  const std::string after = spf_text(spf, *spf.proposed);
  if (before.empty() || !spf_allows_more(before, after))
    return;  // at the cut-over, or when the old senders are done
  spf_widened_ = true;
  const std::string text = spf_meanwhile();
  ready(move_.now + spf.lifetime());
  PlanStep& widen = step(
      "spf-widen", move_.now,
      text != after ? "Let SPF allow the new senders beside the old ones." : "Publish the new SPF record.",
      fmt::format("Receivers hold the old record up to {}, and would refuse the new senders.",
                  format_duration(spf.lifetime())));
  for (const dns::Record& record : spf.removed()) remove(widen, record);
  add(widen, text_record(spf.proposed->canonical, spf.proposed->ttl_s, text));
}

void Order::add_selectors() {
  for (const SetPair& selector : view_.selectors) {
    if (selector.unknown() || !dkim_key(selector, *selector.live).empty() ||
        dkim_key(selector, *selector.proposed).empty())
      continue;
    ready(move_.now + selector.lifetime());
    PlanStep& key =
        step("dkim-add", move_.now, fmt::format("Publish the key {}.", selector.name.to_string()),
             fmt::format("Sign with it from {} on: until then a cache may hold that there is none.",
                         format_rfc3339(move_.now + selector.lifetime())));
    replace(key, selector);
  }
}

/// The policy that senders keep has to list the new hosts before the MX names them.
void Order::widen_sts() {
  const auto unlisted = view_.unlisted();
  if (unlisted.empty() || view_.sts.unknown()) return;
  sts_widened_ = true;
  ready(move_.now + view_.sts.lifetime());
  PlanStep& widen = step(
      "sts-widen", move_.now,
      sts_goes()
          ? "Serve an MTA-STS policy of mode none, then publish a new id."
          : fmt::format(
                "Serve an MTA-STS policy that lists {} beside the hosts of today, then publish a new id.",
                name_list(unlisted)),
      fmt::format("Senders look at the id whenever they send, and hold it up to {}; one that can't fetch the "
                  "new policy "
                  "keeps the old one up to {}.",
                  format_duration(view_.sts.lifetime()),
                  format_duration(Seconds{view_.live_sts.policy->max_age_s})));
  for (const dns::Record& record : view_.sts.records(*view_.sts.live)) remove(widen, record);
  add(widen, sts_meanwhile());
}

/// RFC 8461 8.3: first a policy of mode none, the record goes when the old policy is forgotten.
void Order::begin_sts_end() {
  if (!sts_goes() || sts_widened_ || !view_.live_sts.in_force()) return;
  PlanStep& none =
      step("sts-none", move_.now, "Serve an MTA-STS policy with 'mode: none', then publish a new id.",
           "The record alone taken away would leave senders with the old policy.");
  for (const dns::Record& record : view_.sts.removed()) remove(none, record);
  add(none, sts_meanwhile());
}

void Order::add_tlsa() {
  for (const HostPair& host : view_.hosts) {
    if (key_change(host) != KeyChange::replaced) continue;
    const Seconds wait = 2 * host.tlsa.lifetime();
    ready(move_.now + wait);
    PlanStep& both =
        step("tlsa-add", move_.now,
             fmt::format("Publish the new TLSA records of {} beside the old ones.", host.name.to_string()),
             fmt::format("Two TTLs ({}) later every cache has both, and the key may change (RFC 7671 8.1).",
                         format_duration(wait)));
    add_beside(both, host.tlsa);
  }
}

}  // namespace waybill::check::change
