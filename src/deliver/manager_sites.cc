// Connections: when one is made, to which host, what its failure means, and when a site is down or back.
#include <algorithm>

#include "base/log.h"
#include "deliver/manager_impl.h"

namespace waybill::deliver {
namespace {
constexpr size_t kAnyTier = ~size_t{0};
/// RFC 8314 7.3: TLS from the first octet.
constexpr uint16_t kSubmissionsPort = 465;
/// Domains remembered for on-site-back; beyond that the schedule alone brings their mail back.
constexpr size_t kWaitingDomainsMax = 10'000;
/// How long a job waits for the host whose turn it is before any other connection may take it.
constexpr Millis kWelcomePatience{1'000};
/// A site that nothing happened at is forgotten after this long, a down one after the longer time.
constexpr Millis kForgetAfter{60'000};
constexpr Millis kForgetDownAfter{24 * 3'600'000};

/// RFC 4954 4: 454 is a trouble of the server's own; 535 and its like are about us.
bool refuses_account(const mail::Outcome& why) { return why.remote && why.reply.permanent(); }

mail::Outcome nobody() {
  return mail::Outcome::deferred(451, {4, 4, 1}, "no host of the domain can be reached");
}
}  // namespace

Site& Manager::Impl::site(const std::string& key) {
  auto& place = sites_[key];
  if (!place) {
    place = std::make_unique<Site>(key, settings_.pacing);
    place->reckoned = net::steady_now();
  }
  return *place;
}

// Opens what the waiting jobs need and pacing allows. One connection at a time to a site that has none: a
// dead host gets one probe, however many messages wait (conformance 43).
void Manager::Impl::pump(Site& where) {
  while (!stopping_ && where.queue->unattended() > 0) {
    std::vector<Peer> met = where.queue->first_tried();
    const size_t live = where.connections.size();
    const size_t under_way = live + where.walks.size();
    if (live == 0 && !where.walks.empty()) return;
    if (where.phase == Site::Phase::proving && under_way > 0) return;
    if (live > 0 && where.careful() && where.queue->held()) return;
    // A job on its way to the next host may have one connection beyond the window, or it would wait for a
    // host that it can't use.
    if (live > 0 && under_way >= where.pacing.connections() + (met.empty() ? 0 : 1)) return;
    if (connections_.size() >= settings_.connections_max) {
      if (!std::exchange(where.starved, true)) starved_.push_back(where.key);
      return;
    }
    // While a better host takes mail, growth doesn't spill over to worse ones.
    const size_t tier_max = met.empty() ? where.best_tier().value_or(kAnyTier) : kAnyTier;
    if (start_walk(where, Walk::Purpose::mail, std::move(met), tier_max) == Walked::nobody_left && live > 0)
      return;
  }
}

void Manager::Impl::rouse(Site& where) {
  while (const auto idle = where.queue->match()) idle->wake();
}

std::string Manager::Impl::wish_of(const Targets& targets) const {
  const Steady now = net::steady_now();
  for (const Tier& tier : targets.tiers) {
    for (const Target& host : tier) {
      for (const IpAddress& address : host.addresses) {
        const Peer peer{{address, host.port}, {}, account_of(targets)};
        if (memory_.look(peer, now) == HostMemory::May::use) return host.host;
      }
    }
  }
  return {};
}

Manager::Impl::Walked Manager::Impl::open_wished(Site& where, const std::string& wish) {
  const bool full = where.phase == Site::Phase::proving || (where.careful() && where.queue->held()) ||
                    where.connections.size() + where.walks.size() >= where.pacing.connections() ||
                    connections_.size() >= settings_.connections_max;
  if (stopping_ || full || where.walks_to(wish)) return Walked::nobody_left;
  return start_walk(where, Walk::Purpose::mail, {}, kAnyTier, wish);
}

Manager::Impl::Walked Manager::Impl::start_walk(Site& where, Walk::Purpose purpose,
                                                std::vector<Peer> excluded, size_t tier_max,
                                                std::string only) {
  Walk walk;
  walk.purpose = purpose;
  walk.candidates = order_candidates(*where.targets, where.load(), settings_.addresses_per_tier_max);
  std::erase_if(walk.candidates, [&](const Candidate& one) {
    return one.tier > tier_max || (!only.empty() && one.host != only) ||
           std::ranges::find(excluded, one.peer) != excluded.end() || where.unproved(one.peer);
  });
  if (walk.candidates.empty() && !where.walks.empty()) return Walked::nobody_left;
  walk.excluded = std::move(excluded);
  walk.only = std::move(only);
  const size_t walks = where.walks.size();
  advance(where, std::move(walk));
  return where.walks.size() > walks ? Walked::begun : Walked::nobody_left;
}

// To the next candidate that memory lets us try.
void Manager::Impl::advance(Site& where, Walk walk) {
  const Steady now = net::steady_now();
  for (; walk.at < walk.candidates.size(); ++walk.at) {
    const Peer& peer = walk.candidates[walk.at].peer;
    if (memory_.may_try(peer, now) != HostMemory::May::skip) return connect(where, std::move(walk));
    // The remembered words stand for an answer that would be the same.
    if (const auto* known = memory_.find(peer); known && !walk.last) walk.last = known->last;
  }
  walk_failed(where, std::move(walk));
}

void Manager::Impl::connect(Site& where, Walk walk) {
  const Candidate& candidate = walk.candidates[walk.at];
  const bool last = walk.at + 1 == walk.candidates.size();
  ConnectionPlan plan =
      plan_for(where, candidate, last ? settings_.timeouts.connect : settings_.timeouts.connect_early);
  const HostMemory::Entry* known = memory_.find(candidate.peer);
  plan.proving = where.phase == Site::Phase::proving || where.down || (known != nullptr && known->down);
  if (plan.proving) where.queue->prove(plan.id);
  if (where.down) where.phase = Site::Phase::proving;
  net::Loop& loop = *io_loops_[next_loop_++ % io_loops_.size()];
  walk.connection = std::make_shared<Connection>(loop, std::move(plan));
  ++walk.asked;
  walk.began = net::steady_now();
  const auto connection = walk.connection;
  connections_[connection->id()] = connection;
  if (walk.purpose != Walk::Purpose::probe) where.queue->expect(*connection);
  where.walks[connection->id()] = std::move(walk);
  connection->start();
}

ConnectionPlan Manager::Impl::plan_for(const Site& where, const Candidate& candidate,
                                       Millis connect_timeout) {
  ConnectionPlan plan;
  plan.id = next_id_++;
  plan.site_key = where.key;
  plan.peer = candidate.peer;
  plan.host = candidate.host;
  plan.tier = candidate.tier;
  if (candidate.peer.unix_path.empty() && !candidate.peer.endpoint.ip.is_loopback()) {
    plan.source = candidate.peer.endpoint.ip.is_v4() ? settings_.source_v4 : settings_.source_v6;
  }
  plan.connect_timeout = connect_timeout;
  plan.timeouts = settings_.timeouts;
  plan.messages_max = settings_.pacing.messages_per_connection_max;
  plan.age_max = settings_.pacing.connection_age_max;
  const Targets& targets = *where.targets;
  const bool lmtp = targets.transport == Transport::lmtp;
  plan.dialogue = {.hostname = settings_.hostname,
                   .host = candidate.host,
                   .address = candidate.peer.to_string(),
                   .protocol = lmtp ? Protocol::lmtp : Protocol::smtp,
                   .tls = tls_use(targets, candidate.peer),
                   .credentials = lmtp ? nullptr : targets.credentials,
                   .recipients_max = settings_.recipients_per_transaction_max,
                   .pipelined_body_octets_max = settings_.pipelined_body_octets_max};
  plan.tls = targets.tls_context ? targets.tls_context : tls_;
  plan.jobs = where.queue;
  plan.reports = reports_;
  return plan;
}

UseTls Manager::Impl::tls_use(const Targets& targets, const Peer& peer) const {
  if (targets.transport == Transport::lmtp || targets.tls == TlsPolicy::never) return UseTls::never;
  if (peer.endpoint.port == kSubmissionsPort) return UseTls::from_start;
  if (targets.tls != TlsPolicy::opportunistic) return UseTls::required;
  return memory_.tls_broken(peer, net::steady_now()) ? UseTls::never : UseTls::when_offered;
}

// No candidate is left.
void Manager::Impl::walk_failed(Site& where, Walk walk) {
  if (!walk.only.empty()) return;  // says nothing about the others
  const mail::Outcome why = walk.last ? *walk.last : nobody();
  if (!walk.excluded.empty()) {
    // This walk was for a job that has met the other hosts already; it has met all of them now.
    while (JobPtr job = where.queue->take_exhausted(walk.excluded)) finish(std::move(job), why);
    return;
  }
  if (!where.connections.empty() || !where.walks.empty()) {
    if (walk.purpose == Walk::Purpose::mail) where.pacing.limited_to(where.connections.size());
    return;
  }
  // RFC 7504: hosts that all say 521 take no mail at all and never will. Anything less certain waits.
  const bool never = walk.asked > 0 && walk.hostile == walk.candidates.size();
  site_down(where, why, never ? mail::Fate::rejected : mail::Fate::deferred);
}

void Manager::Impl::site_down(Site& where, const mail::Outcome& why, mail::Fate fate) {
  mail::Outcome outcome = why;
  outcome.fate = fate;
  end_recovery(where);
  if (!where.down) {
    where.down = true;
    log::warning("site down", {{"site", where.key}, {"host", why.host}, {"reason", why.reply.to_string()}});
  }
  for (JobPtr& job : where.queue->drain()) {
    if (where.waiting.size() < kWaitingDomainsMax) where.waiting.insert(job->delivery->domain);
    where.deferred += job->outcomes.size();
    finish(std::move(job), outcome);
  }
}

void Manager::Impl::on_opened(Site& where, const std::shared_ptr<Connection>& connection) {
  where.walks.erase(connection->id());
  where.connections[connection->id()] = connection;
  where.used = net::steady_now();
  // A host that has yet to prove itself shows by its first message whether it works (manager_recovery.cc).
  if (!connection->plan().proving) {
    (void)memory_.worked(connection->peer());
    retire_worse(where, connection->plan().tier);
  }
  pump(where);
}

// RFC 5321 5.1: lower preferences first. Once a better host takes mail again, the worse ones finish what they
// have and no more.
void Manager::Impl::retire_worse(Site& where, size_t tier) {
  for (const auto& [id, connection] : where.connections) {
    if (connection->plan().tier > tier) connection->retire();
  }
}

void Manager::Impl::on_closed(Site& where, Report& report) {
  const auto& connection = report.connection;
  connections_.erase(connection->id());
  where.connections.erase(connection->id());
  const auto walking = where.walks.find(connection->id());
  if (walking != where.walks.end()) {
    where.queue->gone(*connection);
    Walk walk = std::move(walking->second);
    where.walks.erase(walking);
    walk_lost(where, std::move(walk), report);
  } else {
    proof_ended(where, report);
    where.queue->gone(*connection);
    const bool trouble = report.end != Dialogue::End::quit && report.end != Dialogue::End::local;
    if (trouble && !connection->plan().proving && connection->messages() == 0 && !connection->rested() &&
        where.connected_to(connection->peer()) == 0) {
      // It greets and then drops every message: no better than one that is not there.
      memory_.failed(connection->peer(), *report.why, net::steady_now());
    } else if (trouble && connection->state() == Connection::State::busy) {
      where.pacing.held_back();
    }
  }
  feed_starved();
  rouse(where);
  pump(where);
}

// Whoever has waited longest for a place goes before the site that freed it.
void Manager::Impl::feed_starved() {
  while (!starved_.empty() && connections_.size() < settings_.connections_max) {
    const std::string next = std::move(starved_.front());
    starved_.pop_front();
    const auto at = sites_.find(next);
    if (at == sites_.end()) continue;
    at->second->starved = false;
    pump(*at->second);
  }
}

// A connection that was being made did not come about.
void Manager::Impl::walk_lost(Site& where, Walk walk, const Report& report) {
  const Candidate candidate = walk.candidates[walk.at];
  const Steady now = net::steady_now();
  walk.connection.reset();
  if (stopping_) return memory_.given_up(candidate.peer);
  const bool may_be_plain = tls_use(*where.targets, candidate.peer) == UseTls::when_offered;
  if (report.end == Dialogue::End::tls_failed && may_be_plain) {
    // RFC 7435: once more without TLS, which connect() now does; only REQUIRETLS messages suffer.
    memory_.tls_failed(candidate.peer, candidate.host, now);
    log::warning("TLS failed", {{"host", candidate.host}, {"reason", report.why->reply.text}});
    return connect(where, std::move(walk));
  }
  if (report.end == Dialogue::End::unauthorized) {
    tell_unauthorized(where, candidate, *report.why);
  } else if (report.end == Dialogue::End::tls_failed) {
    log::warning("TLS failed, and the route wants it",
                 {{"host", candidate.host}, {"reason", report.why->reply.text}});
  }
  walk.last = *report.why;
  if (report.end == Dialogue::End::local) {
    memory_.given_up(candidate.peer);
    walk.at = walk.candidates.size();  // the next address would fare no better
    return advance(where, std::move(walk));
  }
  if (report.end == Dialogue::End::refused && report.why->reply.code == 521) ++walk.hostile;
  if (where.connected_to(candidate.peer) > 0) {
    // It holds other connections of ours and wants no more of them. That is a limit, not a failure.
    memory_.given_up(candidate.peer);
    if (walk.purpose == Walk::Purpose::mail) where.pacing.limited_to(where.connections.size());
    return;
  }
  const bool account = report.end == Dialogue::End::unauthorized && refuses_account(*report.why);
  memory_.failed(candidate.peer, *report.why, now,
                 account ? HostMemory::About::account : HostMemory::About::host);
  ++walk.at;
  advance(where, std::move(walk));
}

void Manager::Impl::tell_unauthorized(const Site& where, const Candidate& candidate,
                                      const mail::Outcome& why) const {
  log::error(refuses_account(why) ? "the smart host does not take our credentials: its mail waits"
                                  : "can't sign in at the smart host: its mail waits",
             {{"host", candidate.host},
              {"address", candidate.peer.to_string()},
              {"account", candidate.peer.account},
              {"reply", why.reply.to_string()},
              {"remedy", refuses_account(why) ? where.targets->credentials->remedy : std::string()}});
}

void Manager::Impl::schedule_tick() {
  if (stopping_) return;
  const Millis every = std::clamp(settings_.memory.probe_first / 2, Millis{20}, Millis{1'000});
  tick_timer_ = conductor_.after(every, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->tick();
      self->schedule_tick();
    }
  });
}

void Manager::Impl::tick() {
  const Steady now = net::steady_now();
  for (auto at = sites_.begin(); at != sites_.end();) {
    Site& where = *at->second;
    tick_waiting(where, now);
    tick_recovery(where, now);
    tick_site(where, now);
    const bool empty = where.connections.empty() && where.walks.empty() && where.queue->size() == 0;
    const Millis keep = where.waiting.empty() ? kForgetAfter : kForgetDownAfter;
    at = empty && now - where.used > keep ? sites_.erase(at) : std::next(at);
  }
}

// A host that is slow to welcome holds up no mail that another connection could take.
void Manager::Impl::tick_waiting(Site& where, Steady now) {
  if (stopping_ || where.queue->size() == 0) return;
  for (const auto& [id, walk] : where.walks) {
    if (now - walk.began >= kWelcomePatience) where.queue->give_up_on(*walk.connection);
  }
  rouse(where);
  pump(where);
}

// Probes: of a site that is down while mail waits for it, of a better host while a worse one stands in, and
// of an equal one that was down.
void Manager::Impl::tick_site(Site& where, Steady now) {
  if (stopping_ || !where.targets || !where.walks.empty()) return;
  const auto best = where.best_tier();
  const bool down = where.down && !best && !where.waiting.empty();
  if (!down && !best) return;
  if (down) return ask_for_probe(where, now);
  for (const Candidate& one : order_candidates(*where.targets, {}, settings_.addresses_per_tier_max)) {
    if (one.tier > *best) return;
    const auto may = memory_.look(one.peer, now);
    const bool due = may == HostMemory::May::probe || (may == HostMemory::May::use && one.tier < *best);
    if (!due) continue;
    (void)start_walk(where, Walk::Purpose::probe, {}, *best, one.tier == *best ? one.host : "");
    return;
  }
}

ManagerStatus Manager::Impl::status() const {
  const Steady now = net::steady_now();
  const auto since = [now](Steady then) { return std::chrono::duration_cast<Millis>(now - then); };
  ManagerStatus out;
  out.deliveries = deliveries_;
  std::map<std::string, std::vector<ConnectionStatus>> by_site;
  std::map<std::string, size_t> active;
  for (const auto& [id, connection] : connections_) {
    const auto state = connection->state();
    const bool busy = state == Connection::State::busy;
    active[connection->plan().site_key] += busy ? 1 : 0;
    by_site[connection->plan().site_key].push_back({.id = id,
                                                    .host = connection->plan().host,
                                                    .address = connection->peer().to_string(),
                                                    .state = busy                               ? "busy"
                                                             : state == Connection::State::idle ? "idle"
                                                                                                : "opening",
                                                    .messages = connection->messages(),
                                                    .tls = connection->tls(),
                                                    .age = since(connection->born())});
  }
  for (const auto& [key, where] : sites_) {
    out.sites.push_back({.site_key = key,
                         .queued = where->queue->size(),
                         .active = active[key],
                         .window = where->pacing.window(),
                         .delivered = where->delivered,
                         .deferred = where->deferred,
                         .rejected = where->rejected,
                         .down = where->down,
                         .domains_waiting = where->waiting.size(),
                         .recovery = recovery_of(*where, now),
                         .connections = std::move(by_site[key])});
  }
  for (const auto& [peer, known] : memory_.all()) {
    out.hosts.push_back(
        {.host = known.host,
         .address = peer.to_string(),
         .down = known.down,
         .down_for = known.down ? since(known.down_since) : Millis{0},
         .next_probe_in = known.down ? std::max(Millis{0}, -since(known.next_probe)) : Millis{0},
         .failures = known.failures,
         .tls_broken = memory_.tls_broken(peer, now),
         .last = known.last.reply});
  }
  return out;
}

}  // namespace waybill::deliver
