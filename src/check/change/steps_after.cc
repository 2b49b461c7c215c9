// The cut-over itself, and what clears up when nobody can be caught by it any more.
#include "check/change/order.h"

namespace waybill::check::change {

using policy::StsRecord;

void Order::cut_over() {
  const auto touched = [](const HostPair& host) {
    return !host.goes() && (host.a.changes() || host.aaaa.changes());
  };
  const bool hosts_move = std::ranges::any_of(view_.hosts, touched);
  if (view_.mx.changes() || hosts_move) {
    PlanStep& cut =
        step("cut-over", cut_, view_.mx.changes() ? "Change the MX records." : "Move the hosts' addresses.",
             lowered_.empty() ? "Everything that it needs is in place and known."
                              : "Everything that it needs is in place and known; with the low TTL the way "
                                "back is as quick.");
    if (view_.mx.changes()) replace_at_cut(cut, view_.mx);
    for (const HostPair& host : view_.hosts) {
      if (host.goes()) continue;
      for (const SetPair* set : {&host.a, &host.aaaa}) {
        if (!set->changes()) continue;
        if (host.comes())
          finish_beside(cut, *set);
        else
          replace_at_cut(cut, *set);
      }
    }
  }
  for (const HostPair& host : view_.hosts) {
    if (key_change(host) == KeyChange::replaced)
      step("key-change", cut_, fmt::format("Let {} use its new key and certificate.", host.name.to_string()),
           "Every cache has the new TLSA records.");
  }
}

/// What neither waits nor is waited for, beside the cut-over.
void Order::publish_policies() {
  const auto publish = [this](std::string id, const SetPair& set, std::string what, std::string why) {
    replace(step(std::move(id), cut_, std::move(what), std::move(why)), set);
  };
  if (view_.dmarc.changes())
    publish("dmarc", view_.dmarc, "Publish the new DMARC record.",
            fmt::format("Receivers follow it within {}.", format_duration(view_.dmarc.lifetime())));
  if (view_.tlsrpt.changes())
    publish("tlsrpt", view_.tlsrpt, "Publish the new TLS reporting record.",
            "Reports go there from the next day on.");
  if (view_.spf.changes() && !spf_widened_ && !spf_loses_senders())
    publish("spf", view_.spf, "Publish the new SPF record.",
            fmt::format("Receivers follow it within {}.", format_duration(view_.spf.lifetime())));
  const bool sts_comes = view_.live_sts.record.state != StsRecord::State::valid && view_.sts.changes() &&
                         view_.new_sts.record.state == StsRecord::State::valid;
  if (sts_comes)
    publish("sts-on", view_.sts, "Serve the MTA-STS policy, then publish its record.",
            "A record whose policy can't be fetched does nothing; mode testing first shows what would fail.");
  for (const HostPair& host : view_.hosts) {
    if (host.comes() && host.tlsa.changes() && host.tlsa.live->present())
      finish_beside(
          step("tlsa", cut_, fmt::format("Take the old TLSA records of {} away.", host.name.to_string()),
               "The MX names it from now on, with its new key."),
          host.tlsa);
    if (host.stays() && host.tlsa.changes() && key_change(host) != KeyChange::replaced)
      publish("tlsa", host.tlsa, fmt::format("Publish the TLSA records of {}.", host.name.to_string()),
              key_change(host) == KeyChange::overlaps ? "A record that stays matches all the while."
                                                      : "They must match the key that the host uses now.");
  }
}

void Order::clear_up_hosts() {
  const Time unseen = cut_ + Seconds{ttl_at_cut(view_.mx)};
  if (!going_.empty()) {
    const Time off = unseen + move_.queue_time;
    step("old-host-idle", unseen,
         fmt::format("See that {} get{} no new mail any more; leave {} running.", name_list(going_),
                     going_.size() == 1 ? "s" : "", going_.size() == 1 ? "it" : "them"),
         fmt::format("Senders may hold the old MX for {} after the cut-over, and what they sent there is "
                     "still in its queue.",
                     format_duration(Seconds{ttl_at_cut(view_.mx)})));
    PlanStep& gone = step("old-host-off", off, fmt::format("Switch {} off.", name_list(going_)),
                          fmt::format("Mail in its queue, and mail that waits at senders, is gone after {}.",
                                      format_duration(move_.queue_time)));
    for (const HostPair* host : going_) {
      for (const SetPair* set : {&host->a, &host->aaaa, &host->tlsa}) {
        if (set->changes()) replace(gone, *set);
      }
    }
  }
  for (const HostPair& host : view_.hosts) {
    if (!host.stays() || (host.a.removed().empty() && host.aaaa.removed().empty())) continue;
    const uint32_t ttl_s = std::max(host.a.removed().empty() ? 0 : ttl_at_cut(host.a),
                                    host.aaaa.removed().empty() ? 0 : ttl_at_cut(host.aaaa));
    step("old-address-off", cut_ + Seconds{ttl_s},
         fmt::format("Let go of the old addresses of {}.", host.name.to_string()),
         "Until then caches send there.");
  }
}

void Order::clear_up_rest() {
  for (const HostPair& host : view_.hosts) {
    if (key_change(host) != KeyChange::replaced) continue;
    PlanStep& old =
        step("tlsa-remove", cut_, fmt::format("Take the old TLSA records of {} away.", host.name.to_string()),
             "As soon as the new key is in use nothing matches them.");
    finish_beside(old, host.tlsa);
  }
  narrow_spf();
  for (const SetPair& selector : view_.selectors) {
    if (selector.unknown()) continue;
    const std::string before = dkim_key(selector, *selector.live);
    if (before.empty() || before == dkim_key(selector, *selector.proposed)) continue;
    PlanStep& key = step(
        "dkim-remove", cut_ + move_.queue_time, fmt::format("Change the key {}.", selector.name.to_string()),
        fmt::format("If nothing is signed with the old one after the cut-over: mail signed before may wait "
                    "up to {}.",
                    format_duration(move_.queue_time)));
    replace(key, selector);
  }
  end_sts();
}

void Order::narrow_spf() {
  const SetPair& spf = view_.spf;
  const bool merged = spf_widened_ && spf_meanwhile() != spf_text(spf, *spf.proposed);
  if (!merged && (spf_widened_ || !spf.changes() || !spf_loses_senders())) return;
  PlanStep& narrow = step("spf-narrow", cut_ + move_.queue_time, "Publish the new SPF record.",
                          fmt::format("The old senders may have mail in their queues up to {}.",
                                      format_duration(move_.queue_time)));
  if (merged)
    remove(narrow, text_record(spf.proposed->canonical, spf.proposed->ttl_s, spf_meanwhile()));
  else
    for (const dns::Record& record : spf.removed()) remove(narrow, record);
  for (const dns::Record& record : spf.added()) add(narrow, record);
}

void Order::end_sts() {
  if (view_.sts.unknown() || view_.live_sts.record.state != StsRecord::State::valid) return;
  const bool begun = sts_widened_ || (sts_goes() && view_.live_sts.in_force());
  const auto old = begun ? std::vector{sts_meanwhile()} : view_.sts.removed();
  if (sts_goes()) {
    const Seconds max_age{view_.live_sts.policy ? view_.live_sts.policy->max_age_s : policy::kStsMaxAgeMax_s};
    PlanStep& off =
        step("sts-off", std::max(cut_, move_.now + max_age), "Take the MTA-STS record and its policy away.",
             fmt::format("The policy of today is forgotten everywhere after {} (RFC 8461 8.3).",
                         format_duration(max_age)));
    for (const dns::Record& record : old) remove(off, record);
    return;
  }
  if (!sts_widened_ && !view_.sts.changes()) return;
  const Time when = going_.empty() ? cut_ : cut_ + Seconds{ttl_at_cut(view_.mx)};
  PlanStep& final = step("sts-final", when, "Serve the MTA-STS policy as it is to be, then publish its id.",
                         going_.empty() ? "The policy and its id change together (RFC 8461 8.1)."
                                        : "Nobody looks for the old hosts any more.");
  for (const dns::Record& record : old) remove(final, record);
  if (view_.sts.changes()) {
    for (const dns::Record& record : view_.sts.added()) add(final, record);
  } else {  // the id of today again would leave senders with what they have
    add(final, text_record(view_.sts.proposed->canonical, view_.sts.proposed->ttl_s,
                           fmt::format("v=STSv1; id={};", sts_id(when))));
  }
}

void Order::raise_ttls() {
  std::vector<const SetPair*> sets;
  for (const SetPair* set : view_.sets()) {
    const auto low = lowered_.find(set);
    const bool was_lowered =
        low != lowered_.end() && set->proposed->present() && set->proposed->ttl_s > kLowTtl_s;
    // Lowered to more than it is to have: the cut-over gave it the low TTL, whatever the new zone says.
    const bool lower_still =
        low != lowered_.end() && set->proposed->present() && set->proposed->ttl_s < kLowTtl_s;
    if (was_lowered || lower_still || set->only_ttl_changes()) sets.push_back(set);
  }
  if (sets.empty()) return;
  const bool moved = view_.mx.changes() || !lowered_.empty();
  const Seconds wait{view_.mx.changes() ? ttl_at_cut(view_.mx) : kLowTtl_s};
  PlanStep& raise =
      step("ttl-final", moved ? cut_ + wait : move_.now, "Give the records the TTLs that they are to have.",
           moved ? "When mail arrives as it should: from then on a way back takes as long as these TTLs."
                 : "Their data stay; caches follow when the TTL of today is over.");
  for (const SetPair* set : sets) {
    for (const dns::Record& record : set->records(*set->proposed)) add(raise, record);
  }
}

}  // namespace waybill::check::change
