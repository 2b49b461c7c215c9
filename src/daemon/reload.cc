// reload.cc: a new configuration, applied without dropping a session, or refused as a whole with the reasons.
#include <algorithm>

#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/from_config.h"
#include "daemon/own_self.h"

namespace waybill::daemon {
namespace {
/// Names each key whose value two configurations have otherwise.
struct Differences {
  const config::Config& before;
  const config::Config& after;
  std::vector<std::string>& out;

  template <class T>
  void note(T config::Config::* key, std::string_view what) {
    if (!(before.*key == after.*key)) out.emplace_back(what);
  }
};

// What a running process cannot change: it is said, at every reload until the next start, and takes effect
// then.
void note_restarts(const config::Config& running, const config::Config& after,
                   control::ReloadAnswer& answer) {
  using config::Config;
  Differences differ{running, after, answer.restart_needed};
  differ.note(&Config::data_dir, "data_dir: the spool is open where it is");
  differ.note(&Config::threads, "threads");
  differ.note(&Config::user, "user: privileges were given up for good");
  differ.note(&Config::group, "group: privileges were given up for good");
  differ.note(&Config::control, "control.socket and control.mode");
  differ.note(&Config::http, "http.listen");
  if (running.clients.entries != after.clients.entries) differ.out.emplace_back("clients.entries");
  if (running.queue.reserve_octets != after.queue.reserve_octets) differ.out.emplace_back("queue.reserve");
  if (running.callout.entries != after.callout.entries) differ.out.emplace_back("callout.entries");
}

void note_changes(config::Config before, const config::Config& after, control::ReloadAnswer& answer) {
  using config::Config;
  // These need a restart, and were noted there.
  before.queue.reserve_octets = after.queue.reserve_octets;
  before.callout.entries = after.callout.entries;
  before.clients.entries = after.clients.entries;
  Differences differ{before, after, answer.changes};
  differ.note(&Config::hostname, "hostname");
  differ.note(&Config::self_names, "self_names");
  differ.note(&Config::self_addresses, "self_addresses");
  differ.note(&Config::shutdown_grace, "shutdown_grace");
  differ.note(&Config::postmaster, "postmaster");
  differ.note(&Config::log, "log");
  differ.note(&Config::dns, "dns: a new resolver with an empty cache");
  differ.note(&Config::limits, "limits: for new sessions");
  differ.note(&Config::relay, "relay");
  differ.note(&Config::clients, "clients");
  differ.note(&Config::policies, "policies of clients");
  differ.note(&Config::domains, "domains");
  differ.note(&Config::routes, "routes");
  differ.note(&Config::deliver, "deliver: for new connections");
  differ.note(&Config::queue, "queue: for what is decided from now on");
  differ.note(&Config::overload, "overload");
  differ.note(&Config::recovery, "recovery: for what comes back from now on");
  differ.note(&Config::bounce, "bounce");
  differ.note(&Config::callout, "callout");
  differ.note(&Config::srs, "srs");
}
}  // namespace

control::ReloadAnswer Daemon::refuse_reload(const config::Errors& errors) {
  control::ReloadAnswer answer;
  answer.outcome = control::ReloadOutcome::refused;
  for (const config::Located& error : errors) {
    answer.problems.push_back({error.file, error.line, error.column, error.message});
    log::error("reload refused", {{"where", fmt::format("{}:{}:{}", error.file, error.line, error.column)},
                                  {"why", error.message}});
  }
  counters_.reloads_refused.fetch_add(1);
  return answer;
}

control::ReloadAnswer Daemon::reload() {
  control::ReloadAnswer answer;
  if (phase_ == "stopping") {
    answer.outcome = control::ReloadOutcome::refused;
    answer.problems.push_back({config_file_, 0, 0, "waybill is stopping"});
    return answer;
  }
  auto next = config::load(config_file_);
  if (!next) return refuse_reload(next.error());
  auto listed = config::load_recipients(*next, config_file_);
  if (!listed) return refuse_reload(listed.error());
  if (Status applied = apply(*next, std::move(*listed), answer); !applied) {
    answer = {};
    answer.outcome = control::ReloadOutcome::refused;
    answer.problems.push_back({config_file_, 0, 0, applied.error().what});
    log::error("reload refused; the old configuration stays", {{"why", applied.error().what}});
    counters_.reloads_refused.fetch_add(1);
    return answer;
  }
  answer.outcome = answer.changes.empty() && answer.restart_needed.empty() ? control::ReloadOutcome::unchanged
                                                                           : control::ReloadOutcome::applied;
  config_loaded_ = clock_.now();
  counters_.reloads.fetch_add(1);
  log::info("reloaded", {{"changes", fmt::format("{}", fmt::join(answer.changes, ", "))},
                         {"need_restart", fmt::format("{}", fmt::join(answer.restart_needed, ", "))}});
  return answer;
}

// Everything that can fail comes first; from the first change of something in force on, nothing can.
Status Daemon::apply(const config::Config& next, config::Recipients listed, control::ReloadAnswer& answer) {
  const auto before = config();
  auto rules = relay_rules(next, listed);
  if (!rules) return pass(rules.error());
  std::shared_ptr<resolve::Stack> stack;
  // Before the resolver reads them: what changes in between is then found at the next reload, not overlooked.
  Overlay overlay = read_overlay(next.dns.zones);
  const bool same_dns = before->dns == next.dns;
  if (!same_dns || overlay != overlay_) {
    auto made = resolve::make_stack(resolver_options(next), clock_);
    if (!made) return pass(made.error(), "cannot resolve");
    stack = std::move(*made);
  }
  if (Status doors = reload_doors(next, answer); !doors) return doors;
  if (same_dns && stack)
    answer.changes.emplace_back("dns.zones: other records in the files: a new resolver with an empty cache");
  overlay_ = std::move(overlay);
  if (before->domains == next.domains && listed != listed_)
    answer.changes.emplace_back("users and aliases: others in their files");
  listed_ = std::move(listed);
  local_ = std::make_shared<const LocalMail>(next, listed_, clock_);
  note_changes(*before, next, answer);
  note_restarts(*running_, next, answer);

  const auto settings = std::make_shared<const config::Config>(next);
  config_.store(settings);
  log::configure(next.log.level, next.log.format);
  gate_.set_rules(std::move(*rules));
  gate_.set_routes(usable_route_table(next));
  gate_.set_null_mx_sender(next.relay.null_mx_sender);
  drainer_->configure(settings);
  clients_->configure(next);
  clients_->set_doors(client_doors());
  gate_.set_local(local_);
  room_->configure(next, *local_);
  intake_->configure({{.hostname = next.hostname, .return_octets = next.bounce.return_octets}, local_});
  sessions_->set_limits(session_limits(next));
  overload_.configure(*settings, running_->queue.reserve_octets);  // the open spool's
  if (stack) {
    auto old = resolver_->replace(std::move(stack));
    retiring_.push_back(control_loop_->after(before->dns.timeout + Seconds{5},
                                             [old = std::move(old)]() mutable { old.reset(); }));
    std::erase_if(retiring_, [](const net::Loop::Timer& timer) { return !timer.pending(); });
  }
  backup_->configure(settings);
  apply_to_conductor(settings);
  return {};
}

// Makes the new listeners and certificates, then swaps. Sessions under way keep what they began with.
Status Daemon::reload_doors(const config::Config& next, control::ReloadAnswer& answer) {
  struct Planned {
    config::Listener listener;
    ServerTls tls;
    const Door* kept = nullptr;
    std::optional<net::Listener> opened;
  };
  std::vector<ServerTls> in_use;
  for (const Door& door : doors_) in_use.push_back(door.tls);
  TlsReader reader(std::move(in_use));
  std::vector<Planned> planned;
  for (const config::Listener& listener : next.listeners) {
    auto tls = reader.read(listener.tls);
    if (!tls) return pass(tls.error());
    Planned one{listener, std::move(*tls), nullptr, std::nullopt};
    const auto at = std::ranges::find_if(
        doors_, [&](const Door& door) { return door.listener.address == listener.address; });
    if (at != doors_.end()) {
      one.kept = &*at;
    } else {
      auto opened = net::Listener::open(*io_loops_.front(), listener.address);
      if (!opened) return pass(opened.error());
      one.opened = std::move(*opened);
    }
    planned.push_back(std::move(one));
  }
  for (const std::string& file : reader.unreadable())
    answer.restart_needed.push_back(
        fmt::format("{}: {} can't read it, the one in use stays", file, config()->user));
  for (const std::string& file : reader.renewed())
    answer.changes.push_back(fmt::format("tls: another certificate in {}: for new sessions", file));
  std::vector<Door> doors;
  for (Planned& one : planned) {
    auto settings = listener_settings(next, one.listener, one.tls.context);
    if (one.kept != nullptr) {
      const Door& kept = *one.kept;
      if (kept.listener != one.listener)
        answer.changes.push_back(
            fmt::format("listener: role or tls of {}: for new sessions", kept.local.to_string()));
      server_->reload(kept.number, std::move(settings));
      doors.push_back({one.listener, kept.local, kept.number, std::move(one.tls)});
    } else {
      const Endpoint local = one.opened->local();
      const size_t number = server_->add(std::move(*one.opened), *io_loops_.front(), std::move(settings));
      doors.push_back({one.listener, local, number, std::move(one.tls)});
      answer.changes.push_back("listener: now also " + local.to_string());
    }
  }
  for (const Door& door : doors_) {
    if (std::ranges::any_of(doors, [&](const Door& kept) { return kept.number == door.number; })) continue;
    server_->close(door.number);
    answer.changes.push_back("listener: no longer " + door.local.to_string());
  }
  doors_ = std::move(doors);
  return {};
}

void Daemon::apply_to_conductor(std::shared_ptr<const config::Config> next) {
  route::Self self = own_self(*next, listening());
  Lab lab(*next, overlay_);
  std::vector<Channel> channels = read_channels(*next);
  auto accounts = accounts_of(channels);
  conductor_loop_->post([this, next = std::move(next), self = std::move(self), lab = std::move(lab),
                         channels = std::move(channels), accounts = std::move(accounts),
                         local = local_]() mutable {
    primaries_->configure(next, self, lab);
    targeter_->configure(next, std::move(self), std::move(lab), std::move(channels), *local);
    manager_->reconfigure(delivery_settings(*next));
    conductor_->reconfigure({retry_schedule(*next),
                             scheduler_limits(*next),
                             {.hostname = next->hostname, .return_octets = next->bounce.return_octets},
                             quiet_backups(next),
                             local});
    // What waited for a password that is mended goes now, one message first.
    if (const auto mended = targeter_->take_mended(); !mended.empty())
      (void)conductor_->release(mended, deliver::Manager::Release::all);
    manager_->sign_in_again(accounts);
    places_.forget();
    targeter_->look_at_backups();
    primaries_->look();
  });
}

}  // namespace waybill::daemon
