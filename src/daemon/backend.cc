#include "daemon/backend.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/version.h"
#include "daemon/client_report.h"
#include "daemon/convert.h"
#include "daemon/from_config.h"
#include "daemon/injected.h"

namespace waybill::daemon {
namespace {
constexpr size_t kDestinationsShown = 50;

std::string state_of(const deliver::SiteStatus& site) {
  if (site.recovery.phase != deliver::Recovery::Phase::normal)
    return std::string(deliver::to_string(site.recovery.phase));
  return site.down ? "down" : "up";
}

std::vector<control::DestinationStatus> destinations(const deliver::ManagerStatus& status, Time now) {
  std::vector<control::DestinationStatus> out;
  for (const deliver::SiteStatus& site : status.sites) {
    control::DestinationStatus one;
    one.name = site.site_key;
    one.queued = site.queued + site.active;
    one.connections = site.connections.size();
    one.concurrency = static_cast<uint64_t>(site.window);
    one.state = state_of(site);
    if (site.recovery.phase == deliver::Recovery::Phase::slow_start) {
      one.rate_per_minute = per_minute(site.recovery.rate);
      one.rate_max_per_minute = per_minute(site.recovery.rate_max);
    }
    out.push_back(std::move(one));
  }
  for (const deliver::HostStatus& host : status.hosts) {
    control::DestinationStatus one;
    one.name = host.host.empty() ? host.address : fmt::format("{} [{}]", host.host, host.address);
    one.state = host.down ? "down" : "up";
    if (host.down) one.next_probe = now + host.next_probe_in;
    one.last_reply = host.last.to_string();
    out.push_back(std::move(one));
  }
  // The troubled first, then the busiest.
  std::ranges::stable_sort(out, [](const auto& a, const auto& b) {
    return std::pair(a.state == "up", ~a.queued) < std::pair(b.state == "up", ~b.queued);
  });
  if (out.size() > kDestinationsShown) out.resize(kDestinationsShown);
  return out;
}
// What only the operator can mend. Sites of one account (they may differ in their rate) say the same.
void add_warnings(const deliver::ManagerStatus& status, const std::vector<std::string>& route_faults,
                  std::vector<std::string>& out) {
  std::set<std::string> told(route_faults.begin(), route_faults.end());
  for (const deliver::SiteStatus& site : status.sites) {
    if (!site.recovery.fault.empty() && told.size() < kDestinationsShown) told.insert(site.recovery.fault);
  }
  out.insert(out.end(), told.begin(), told.end());
}
}  // namespace

net::Task<Result<control::StatusAnswer>> Backend::status() {
  struct Asked {
    deliver::ManagerStatus delivery;
    queue::SchedulerStats queue;
    std::vector<std::string> route_faults;
  };
  std::move_only_function<Asked()> ask = [this] {
    return Asked{parts_.manager.status(), parts_.conductor.scheduler().stats(), parts_.targeter.faults()};
  };
  const Asked asked = co_await on_conductor<Asked>(std::move(ask));
  const Time now = parts_.clock.now();
  const queue::StoreStats stats = parts_.store.stats();
  control::StatusAnswer out;
  out.version = kVersion;
  out.hostname = parts_.config()->hostname.text();
  out.pid = ::getpid();
  out.now = now;
  out.started = parts_.started;
  out.config_file = parts_.config_file;
  out.config_loaded = parts_.config_loaded();
  out.phase = parts_.phase();
  out.listeners = parts_.listeners();
  out.sessions = parts_.sessions.active();
  out.deliveries = asked.delivery.deliveries;
  out.messages = stats.messages;
  out.recipients_queued = stats.recipients_queued;
  out.recipients_held = stats.recipients_held;
  out.oldest_arrival = stats.oldest_arrival;
  if (auto due = parts_.store.next_due()) out.next_due = *due;
  out.spool_octets = stats.bytes_on_disk;
  out.commits = stats.commits;
  out.transactions = stats.transactions;
  const auto read = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  out.accepted = read(parts_.counters.messages_accepted);
  out.delivered = read(parts_.counters.delivered);
  out.deferred = read(parts_.counters.deferred);
  out.bounced = read(parts_.counters.bounced);
  out.expired = read(parts_.counters.expired);
  out.discarded = read(parts_.counters.discarded);
  out.refused_unreported = read(parts_.counters.refused_unreported);
  std::vector<control::BackupStatus> known = co_await backups();
  out.backups = std::move(known);
  for (const control::BackupStatus& backup : out.backups) {
    if (backup.place == "misplaced")
      out.warnings.push_back("mail for " + backup.domain + " waits: " + backup.why);
    if (backup.takes_all && backup.recipients == "callout") {
      out.warnings.push_back(fmt::format(
          "the primary of {} takes every recipient, so it can't tell who exists: give a list of users",
          backup.domain));
    }
  }
  for (std::string& fault : parts_.primaries.faults(kPrimaryFaultsShown))
    out.warnings.push_back(std::move(fault));
  for (const policy::ClientTest test : policy::kClientTests) {
    const auto number = static_cast<size_t>(test);
    const ClientsGate::Counters& counts = parts_.clients.counters();
    out.clients.push_back({std::string(policy::to_string(test)), read(counts.failed[number]),
                           read(counts.turned_away[number])});
  }
  if (const auto stack = parts_.resolver.current()) out.dns_cache_entries = stack->cache().counts().entries;
  out.overload = parts_.overload.status();
  out.destinations = destinations(asked.delivery, now);
  add_warnings(asked.delivery, asked.route_faults, out.warnings);
  if (!stats.files_set_aside.empty()) {
    out.warnings.push_back(
        fmt::format("the spool's files were damaged; as they were they are kept in {}: see the "
                    "log, and run 'waybill custody verify'",
                    stats.files_set_aside));
  }
  if (read(parts_.counters.commit_failures) > 0) {
    out.warnings.push_back(fmt::format("the disk refused {} commits since the start: see the log",
                                       read(parts_.counters.commit_failures)));
  }
  co_return std::move(out);
}

net::Task<Result<control::ReloadAnswer>> Backend::reload() {
  control::ReloadAnswer answer = parts_.reload();
  co_return std::move(answer);
}

net::Task<Result<control::HealthAnswer>> Backend::health() {
  control::HealthAnswer out;
  const std::string phase = parts_.phase();
  if (phase != "running") out.reasons.push_back("it is " + phase);
  if (const uint64_t waiting = parts_.counters.outcomes_waiting.load(std::memory_order_relaxed);
      waiting > 0) {
    out.reasons.push_back(
        fmt::format("{} outcomes can't be written to the spool: delivery rests until they can", waiting));
  }
  // A commit that does nothing still passes through the commit thread: it answers, so the thread lives.
  net::Callback<Status> waiting(parts_.loop);
  parts_.store.commit(queue::Transaction{}, waiting.completer());
  const Status status = co_await waiting;
  if (!status) out.reasons.push_back("the spool does not keep anything: " + status.error().what);
  out.healthy = out.reasons.empty();
  co_return std::move(out);
}

net::Task<Result<std::string>> Backend::metrics() {
  std::move_only_function<queue::SchedulerStats()> ask = [this] {
    return parts_.conductor.scheduler().stats();
  };
  const queue::SchedulerStats scheduler = co_await on_conductor<queue::SchedulerStats>(std::move(ask));
  const queue::StoreStats stats = parts_.store.stats();
  std::vector<Gauge> gauges{
      {"waybill_sessions", "SMTP sessions open now", static_cast<double>(parts_.sessions.active())},
      {"waybill_queue_messages", "Messages in the spool", static_cast<double>(stats.messages)},
      {"waybill_queue_recipients", "Recipients queued", static_cast<double>(stats.recipients_queued)},
      {"waybill_held_recipients", "Recipients held", static_cast<double>(stats.recipients_held)},
      {"waybill_ready_recipients", "Recipients ready in memory",
       static_cast<double>(scheduler.ready_recipients)},
      {"waybill_deliveries", "Deliveries under way", static_cast<double>(scheduler.outstanding)},
      {"waybill_spool_octets", "Octets of the spool on disk", static_cast<double>(stats.bytes_on_disk)},
      {"waybill_commits", "Synced commits since the start", static_cast<double>(stats.commits)},
  };
  for (Gauge& gauge : parts_.overload.gauges()) gauges.push_back(std::move(gauge));
  if (const auto stack = parts_.resolver.current()) {
    const resolve::CacheCounts counts = stack->cache().counts();
    gauges.push_back(
        {"waybill_dns_cache_entries", "Answers in the DNS cache", static_cast<double>(counts.entries)});
    gauges.push_back(
        {"waybill_dns_cache_hits", "Questions answered from the cache", static_cast<double>(counts.hits)});
    gauges.push_back(
        {"waybill_dns_cache_misses", "Questions that went further", static_cast<double>(counts.misses)});
  }
  add_client_gauges(parts_.clients.counters(), gauges);
  co_return render_metrics(parts_.counters, gauges);
}

net::Task<Result<control::SendAnswer>> Backend::send(control::SendRequest request) {
  control::SendAnswer out;
  if (const auto later = parts_.overload.at_injection()) {
    for (const mail::Recipient& recipient : request.envelope.recipients)
      out.refused.push_back({recipient.address.to_string(), *later});
    co_return std::move(out);
  }
  std::vector<mail::Expanded> expanded;
  for (mail::Recipient& recipient : std::exchange(request.envelope.recipients, {})) {
    receive::Verdict verdict = parts_.gate.check_local(request.envelope.from, recipient.address);
    if (verdict.refusal) {
      out.refused.push_back({recipient.address.to_string(), std::move(*verdict.refusal)});
      continue;
    }
    ++out.recipients_accepted;
    add_receivers(std::move(recipient), std::move(verdict), request.envelope.recipients, expanded);
  }
  if (out.recipients_accepted == 0) co_return std::move(out);
  out.id = parts_.intake.begin();
  auto accepted =
      accept_injected(std::move(request), message_settings(*parts_.config()), *out.id, parts_.clock.now());
  if (!accepted) co_return pass(accepted.error());
  accepted->expanded = std::move(expanded);
  net::Callback<Status> waiting(parts_.loop);
  parts_.intake.commit(std::move(*accepted), waiting.completer());
  Status status = co_await waiting;
  if (!status) co_return pass(status.error());
  co_return std::move(out);
}

net::Task<Result<control::ClientsAnswer>> Backend::clients(control::ClientsRequest request) {
  std::move_only_function<control::ClientsAnswer()> read = [this, request = std::move(request)] {
    return parts_.clients.report(request);
  };
  control::ClientsAnswer answer = co_await on_reader<control::ClientsAnswer>(std::move(read));
  co_return std::move(answer);
}

net::Task<Result<control::ClientsSeenAnswer>> Backend::clients_seen(control::ClientsSeenRequest request) {
  control::ClientsSeenAnswer answer = parts_.clients.seen(request);
  co_return std::move(answer);
}

net::Task<Result<control::DnsCacheAnswer>> Backend::dns_cache(control::DnsCacheRequest request) {
  std::optional<dns::Name> under;
  if (!request.name.empty()) {
    auto name = dns::Name::parse(request.name);
    if (!name) co_return pass(name.error());
    under = *name;
  }
  control::DnsCacheAnswer out;
  const auto stack = parts_.resolver.current();
  if (!stack) co_return std::move(out);
  out.entries_total = stack->cache().counts().entries;
  for (const resolve::CacheEntry& entry : stack->cache().list()) {
    if (under && !entry.question.name.is_within(*under)) continue;
    if (out.entries.size() == request.limit) break;
    control::DnsCacheEntry one;
    one.name = entry.question.name.to_string();
    one.type = dns::to_string(entry.question.type);
    one.status = entry.answer.absent() ? "absent" : dns::to_string(entry.answer.kind);
    one.security = entry.answer.secure                     ? "secure"
                   : entry.answer.kind == dns::Kind::bogus ? "bogus"
                                                           : "insecure";
    one.ttl_s = entry.answer.ttl_s;
    for (const dns::Record& record : entry.answer.records) one.records.push_back(dns::data_to_string(record));
    out.entries.push_back(std::move(one));
  }
  co_return std::move(out);
}

net::Task<Result<control::DnsFlushAnswer>> Backend::dns_flush(control::DnsFlushRequest request) {
  std::optional<dns::Name> name;
  if (!request.name.empty()) {
    auto parsed = dns::Name::parse(request.name);
    if (!parsed) co_return pass(parsed.error());
    name = *parsed;
  }
  control::DnsFlushAnswer out;
  if (const auto stack = parts_.resolver.current()) out.entries_removed = stack->cache().flush(name);
  // Then what was made from them: a plan may come from names that its domain's does not show.
  std::move_only_function<bool()> forget = [this] {
    parts_.targeter.forget();
    return true;
  };
  (void)co_await on_conductor<bool>(std::move(forget));
  co_return std::move(out);
}

}  // namespace waybill::daemon
