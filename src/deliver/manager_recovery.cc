// Recovery: a host that was down gets one message; when that got through, all that waits for it follows in a
// slow start (ramp.h). docs/recovery.md tells operators of it.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "deliver/manager_impl.h"

namespace waybill::deliver {
namespace {
/// As many of a backlog waiting at once at a destination that is not recovering: an operator's retry, or the
/// schedule, has brought them together. They follow in a slow start, too.
constexpr size_t kBacklogMany = 25;
/// A slow start is over when nothing of the backlog was seen for so long.
constexpr Millis kQuiet{10'000};
/// A message that was asked for to probe with, and did not come: ask again.
constexpr Millis kAskAgain{30'000};
constexpr size_t kDomainsMax = 10'000;
constexpr size_t kDomainsTold = 100;

/// A question for the router about all mail of a domain.
mail::Delivery asked_for(const mail::Domain& domain) {
  mail::Delivery out;
  out.domain = domain;
  return out;
}

std::vector<mail::Domain> listed(const std::set<mail::Domain>& domains) {
  return {domains.begin(), domains.end()};
}
}  // namespace

std::string_view to_string(Recovery::Phase phase) {
  switch (phase) {
    case Recovery::Phase::normal:
      return "normal";
    case Recovery::Phase::down:
      return "down";
    case Recovery::Phase::probing:
      return "probing";
    case Recovery::Phase::slow_start:
      return "slow start";
  }
  return "normal";
}

// What waited elsewhere comes in. Where nothing of this run shows that the destination takes mail (after a
// restart, or long quiet) one message goes first.
void Manager::Impl::note_backlog(Site& where, const Job& job) {
  const bool unknown = where.delivered == 0 && where.connections.empty() && where.walks.empty();
  if (where.phase == Site::Phase::normal && !where.down) {
    if (unknown) {
      where.phase = Site::Phase::proving;
    } else if (where.queue->backlog() >= kBacklogMany) {
      begin_ramp(where, std::max(settings_.ramp.start_rate, where.rate_seen));
    }
  }
  if (!job.delivery->unreached) return;
  const mail::Domain& domain = job.delivery->domain;
  if (where.phase == Site::Phase::proving && where.waiting.size() < kDomainsMax) where.waiting.insert(domain);
  if (where.phase != Site::Phase::ramp || where.released.size() >= kDomainsMax) return;
  if (where.released.insert(domain).second && site_back_) site_back_(where.key, {domain}, Release::all);
}

void Manager::Impl::note_answers(Site& where, const Report& report) {
  bool held_back = false;
  bool slower = false;
  for (const auto& outcome : report.job->outcomes) {
    if (!outcome) continue;
    where.delivered += outcome->fate == mail::Fate::delivered ? 1 : 0;
    where.deferred += outcome->fate == mail::Fate::deferred ? 1 : 0;
    where.rejected += outcome->fate == mail::Fate::rejected ? 1 : 0;
    held_back = held_back || (outcome->fate == mail::Fate::deferred && outcome->remote);
    slower = slower || asks_to_slow(*outcome);
  }
  // 4yz in the dialogue slows the site down; 5yz says nothing about its load.
  if (held_back) {
    where.pacing.held_back();
  } else {
    where.pacing.succeeded();
    ++where.well;
  }
  if (where.phase == Site::Phase::ramp) {
    const Steady now = net::steady_now();
    if (slower) where.queue->slow_down(now);
    if (!held_back) where.queue->answered_well(now);
  }
  if (report.connection->plan().proving && where.queue->proving(report.connection->id()))
    judge_proof(where, report.connection, report.job->outcomes);
}

// Taken: it works. "Less mail": it does not yet. Anything else is about that message alone, and the next one
// tells.
void Manager::Impl::judge_proof(Site& where, const std::shared_ptr<Connection>& connection,
                                const Outcomes& outcomes) {
  const auto any = [&outcomes](auto&& is) {
    return std::ranges::find_if(outcomes, [&](const auto& one) { return one && is(*one); });
  };
  const auto taken = any([](const mail::Outcome& one) { return one.fate == mail::Fate::delivered; });
  if (taken != outcomes.end()) return proof_succeeded(where, connection);
  const auto slower = any([](const mail::Outcome& one) { return asks_to_slow(one); });
  if (slower != outcomes.end()) return proof_failed(where, connection, **slower);
  if (const auto rested = where.queue->prove_again(connection->id())) rested->wake();
}

void Manager::Impl::proof_succeeded(Site& where, const std::shared_ptr<Connection>& connection) {
  if (memory_.worked(connection->peer()))
    log::info("host back", {{"host", connection->plan().host}, {"address", connection->peer().to_string()}});
  const auto rested = where.queue->proved(connection->id());
  retire_worse(where, connection->plan().tier);
  if (where.phase == Site::Phase::proving) {
    where.down = false;
    begin_ramp(where, settings_.ramp.start_rate);
  } else {
    where.pacing.restart();  // others have carried its share: it takes that over a connection at a time
  }
  if (rested) rested->wake();
}

void Manager::Impl::proof_failed(Site& where, const std::shared_ptr<Connection>& connection,
                                 const mail::Outcome& why) {
  memory_.failed(connection->peer(), why, net::steady_now());
  connection->retire();
  const bool alone = where.connections.size() <= 1 && where.walks.empty() && where.queue->size() == 0;
  if (where.phase == Site::Phase::proving && alone) site_down(where, why, mail::Fate::deferred);
}

// A connection that has not proved its host goes: broken, for want of a message, or because its message said
// nothing.
void Manager::Impl::proof_ended(Site& where, const Report& report) {
  const auto& connection = report.connection;
  if (!connection->plan().proving || !where.queue->proving(connection->id())) return;
  const bool trouble = report.what == Report::What::closed && report.end != Dialogue::End::quit &&
                       report.end != Dialogue::End::local;
  const bool idle = connection->messages() == 0 && report.end != Dialogue::End::local;
  if (trouble) {
    memory_.failed(connection->peer(), *report.why, net::steady_now());
  } else if (idle && where.phase == Site::Phase::normal) {
    (void)memory_.worked(connection->peer());  // so little comes that none was there to try it with
  } else {
    memory_.given_up(connection->peer());
  }
}

void Manager::Impl::begin_ramp(Site& where, double rate) {
  const Steady now = net::steady_now();
  where.phase = Site::Phase::ramp;
  where.pacing.restart();
  where.queue->begin_ramp(settings_.ramp, rate, now);
  where.released.merge(where.waiting);
  where.waiting.clear();
  log::info("slow start", {{"site", where.key},
                           {"domains", where.released.size()},
                           {"rate", fmt::format("{:g}/s", rate)},
                           {"rate_max", fmt::format("{:g}/s", std::max(rate, settings_.ramp.rate_max))}});
  if (!where.released.empty() && site_back_) site_back_(where.key, listed(where.released), Release::all);
}

// It failed again: what a slow start has not brought here yet stays where it is.
void Manager::Impl::end_recovery(Site& where) {
  if (where.phase == Site::Phase::ramp) {
    where.queue->end_ramp();
    if (!where.released.empty() && site_back_) site_back_(where.key, listed(where.released), Release::none);
    where.waiting.merge(where.released);
    where.released.clear();
  }
  where.phase = Site::Phase::normal;
}

// The message that the next probe carries is asked for first: a probe without one proves little.
void Manager::Impl::ask_for_probe(Site& where, Steady now) {
  if (where.asked && now - *where.asked < kAskAgain) return;
  bool due = false;
  bool down = false;
  for (const Candidate& one : order_candidates(*where.targets, {}, settings_.addresses_per_tier_max)) {
    const auto may = memory_.look(one.peer, now);
    due = due || may != HostMemory::May::skip;
    down = down || may != HostMemory::May::use;
  }
  if (!due) return;
  where.asked = now;
  if (site_back_ && site_back_(where.key, listed(where.waiting), Release::one)) return;
  where.waiting.clear();  // nothing of theirs is left
  where.down = down;
}

void Manager::Impl::tick_recovery(Site& where, Steady now) {
  if (const Millis span = now - where.reckoned; span >= Seconds{1}) {
    const double rate = static_cast<double>(where.well) * 1000 / static_cast<double>(span.count());
    where.rate_seen += (rate - where.rate_seen) * 0.3;
    where.well = 0;
    where.reckoned = now;
  }
  if (where.phase != Site::Phase::ramp) return;
  const auto pace = where.queue->pace(now);
  if (!pace || pace->paused_until || pace->backlog > 0 || now - pace->backlog_seen < kQuiet) return;
  where.queue->end_ramp();
  where.released.clear();
  where.phase = Site::Phase::normal;
  log::info("slow start over", {{"site", where.key}, {"rate", fmt::format("{:g}/s", pace->rate)}});
  rouse(where);
  pump(where);
}

void Manager::Impl::probe_now(const std::string& address) {
  const Steady now = net::steady_now();
  memory_.probe_now(address, now);
  for (auto& [key, where] : sites_) {
    where->asked.reset();
    tick_site(*where, now);
  }
}

void Manager::Impl::sign_in_again(const std::set<std::string>& accounts) {
  const Steady now = net::steady_now();
  memory_.probe_accounts_now(now);
  for (auto& [key, where] : sites_) {
    if (!where->down || !where->targets || !where->targets->credentials) continue;
    if (accounts.contains(account_of(*where->targets))) {
      where->asked.reset();
      tick_site(*where, now);
      continue;
    }
    where->down = false;
    const auto domains = listed(std::exchange(where->waiting, {}));
    if (!domains.empty() && site_back_) site_back_(key, domains, Release::all);
  }
}

void Manager::Impl::drain(const mail::Domain& domain) {
  router_.targets(asked_for(domain), [weak = weak_from_this(), domain](const TargetsPtr& targets) {
    const auto self = weak.lock();
    if (!self || self->stopping_ || !targets || targets->decision != TargetsDecision::deliver ||
        targets->transport == Transport::maildir)
      return;
    const Steady now = net::steady_now();
    Site& where = self->site(targets->site_key);
    if (!where.targets) where.queue->limit(targets->rate_max, now);
    where.targets = targets;
    where.used = now;
    if (where.phase == Site::Phase::ramp) {
      where.released.insert(domain);
      if (self->site_back_) self->site_back_(where.key, {domain}, Release::all);
      return;
    }
    where.waiting.insert(domain);
    if (where.phase == Site::Phase::proving) return;
    if (!where.down && where.best_tier()) return self->begin_ramp(where, self->settings_.ramp.start_rate);
    where.down = true;  // until a message shows otherwise
    for (const Candidate& one : order_candidates(*targets, {}, self->settings_.addresses_per_tier_max))
      self->memory_.probe_now(one.peer.to_string(), now);
    where.asked.reset();
    self->tick_site(where, now);
  });
}

Recovery Manager::Impl::recovery_of(const Site& where, Steady now) const {
  Recovery out;
  out.site_key = where.key;
  out.rate = where.rate_seen;
  out.rate_max = where.targets ? where.targets->rate_max : 0;
  if (const auto pace = where.queue->pace(now)) {
    out.phase = Recovery::Phase::slow_start;
    out.rate = pace->rate;
    out.rate_max = pace->rate_max;
    if (pace->paused_until) out.paused_for = *pace->paused_until - now;
    return out;
  }
  if (where.phase == Site::Phase::proving) out.phase = Recovery::Phase::probing;
  if (!where.targets || (!where.down && out.phase == Recovery::Phase::normal)) return out;
  std::optional<Steady> next;
  for (const Candidate& one : order_candidates(*where.targets, {}, settings_.addresses_per_tier_max)) {
    const auto* known = memory_.find(one.peer);
    if (known == nullptr || !known->down) continue;
    out.down_for = std::max(out.down_for, Millis{now - known->down_since});
    if (!next || known->next_probe < *next) out.last = known->last.reply;
    if (known->about == HostMemory::About::account && where.targets->credentials) {
      out.fault = fmt::format("{} does not take our credentials ({}): {}", known->host,
                              known->last.reply.to_string(), where.targets->credentials->remedy);
    }
    next = std::min(next.value_or(known->next_probe), known->next_probe);
  }
  if (!where.down) return out;
  if (out.phase == Recovery::Phase::normal) out.phase = Recovery::Phase::down;
  if (next) out.next_probe_in = std::max(Millis{0}, Millis{*next - now});
  return out;
}

void Manager::Impl::recovery(const mail::Delivery& asked, RecoveryDone done) {
  router_.targets(asked, [weak = weak_from_this(), done = std::move(done)](const TargetsPtr& targets) {
    const auto self = weak.lock();
    if (!self || !targets || targets->decision != TargetsDecision::deliver) return done(std::nullopt);
    const auto at = self->sites_.find(targets->site_key);
    if (at == self->sites_.end()) return done(Recovery{});
    Recovery out = self->recovery_of(*at->second, net::steady_now());
    for (const auto* domains : {&at->second->waiting, &at->second->released}) {
      for (const mail::Domain& one : *domains) {
        if (out.domains.size() < kDomainsTold) out.domains.push_back(one);
      }
    }
    done(std::move(out));
  });
}

}  // namespace waybill::deliver
