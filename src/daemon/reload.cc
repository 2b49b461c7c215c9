// reload.cc: a new configuration, applied without dropping a session, or refused as a whole with the reasons.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/from_config.h"
#include "daemon/own_self.h"

namespace waybill::daemon {
namespace {
template <class T>
void note(std::vector<std::string>& out, const T& before, const T& after, std::string_view what) {
  if (!(before == after)) out.emplace_back(what);
}

// What a running process cannot change: it is said, and takes effect at the next start.
void note_restarts(const config::Config& before, const config::Config& after, control::ReloadAnswer& answer) {
  auto& out = answer.restart_needed;
  note(out, before.data_dir, after.data_dir, "data_dir: the spool is open where it is");
  note(out, before.threads, after.threads, "threads");
  note(out, before.user, after.user, "user: privileges were given up for good");
  note(out, before.group, after.group, "group: privileges were given up for good");
  note(out, before.control, after.control, "control.socket and control.mode");
  note(out, before.http, after.http, "http.listen");
  note(out, before.queue.reserve_octets, after.queue.reserve_octets, "queue.reserve");
}

void note_changes(const config::Config& before, const config::Config& after, control::ReloadAnswer& answer) {
  auto& out = answer.changes;
  note(out, before.hostname, after.hostname, "hostname");
  note(out, before.self_names, after.self_names, "self_names");
  note(out, before.self_addresses, after.self_addresses, "self_addresses");
  note(out, before.shutdown_grace, after.shutdown_grace, "shutdown_grace");
  note(out, before.postmaster, after.postmaster, "postmaster");
  note(out, before.log, after.log, "log");
  note(out, before.dns, after.dns, "dns: a new resolver with an empty cache");
  note(out, before.limits, after.limits, "limits: for new sessions");
  note(out, before.relay, after.relay, "relay");
  note(out, before.domains, after.domains, "domains");
  note(out, before.routes, after.routes, "routes");
  note(out, before.deliver, after.deliver, "deliver: for new connections");
  config::Queue queue_before = before.queue;
  queue_before.reserve_octets = after.queue.reserve_octets;
  note(out, queue_before, after.queue, "queue: for what is decided from now on");
  note(out, before.bounce, after.bounce, "bounce");
}
}  // namespace

control::ReloadAnswer Daemon::reload() {
  control::ReloadAnswer answer;
  if (phase_ == "stopping") {
    answer.outcome = control::ReloadOutcome::refused;
    answer.problems.push_back({config_file_, 0, 0, "waybill is stopping"});
    return answer;
  }
  auto next = config::load(config_file_);
  if (!next) {
    answer.outcome = control::ReloadOutcome::refused;
    for (const config::Located& error : next.error()) {
      answer.problems.push_back({error.file, error.line, error.column, error.message});
      log::error("reload refused", {{"where", fmt::format("{}:{}:{}", error.file, error.line, error.column)},
                                    {"why", error.message}});
    }
    counters_.reloads_refused.fetch_add(1);
    return answer;
  }
  if (Status applied = apply(*next, answer); !applied) {
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
Status Daemon::apply(const config::Config& next, control::ReloadAnswer& answer) {
  const auto before = config();
  auto rules = relay_rules(next);
  if (!rules) return pass(rules.error());
  std::shared_ptr<resolve::Stack> stack;
  if (!(before->dns == next.dns)) {
    auto made = resolve::make_stack(resolver_options(next), clock_);
    if (!made) return pass(made.error(), "cannot resolve");
    stack = std::move(*made);
  }
  if (Status doors = reload_doors(next, answer); !doors) return doors;
  note_changes(*before, next, answer);
  note_restarts(*before, next, answer);

  const auto settings = std::make_shared<const config::Config>(next);
  config_.store(settings);
  log::configure(next.log.level, next.log.format);
  gate_.set_rules(std::move(*rules));
  gate_.set_null_mx_sender(next.relay.null_mx_sender);
  intake_->set_postmaster(next.postmaster_address());
  sessions_->set_limits(session_limits(next));
  if (stack) {
    auto old = resolver_->replace(std::move(stack));
    retiring_.push_back(control_loop_->after(before->dns.timeout + Seconds{5},
                                             [old = std::move(old)]() mutable { old.reset(); }));
    std::erase_if(retiring_, [](const net::Loop::Timer& timer) { return !timer.pending(); });
  }
  apply_to_conductor(settings);
  return {};
}

// With `user` a key may be root's alone: then the one that was read at the start goes on. Null: read the
// files.
std::shared_ptr<net::TlsContext> Daemon::unreadable_tls(const config::TlsFiles& files) const {
  const auto unreadable = [](const std::string& path) {
    return ::access(path.c_str(), R_OK) != 0 && errno == EACCES;
  };
  if (!files.present() || (!unreadable(files.certificate) && !unreadable(files.key))) return nullptr;
  const auto at = std::ranges::find_if(doors_, [&](const Door& door) { return door.listener.tls == files; });
  return at == doors_.end() ? nullptr : at->settings->tls;
}

// Makes the new listeners and certificates, then swaps. Sessions under way keep what they began with.
Status Daemon::reload_doors(const config::Config& next, control::ReloadAnswer& answer) {
  struct Planned {
    config::Listener listener;
    std::shared_ptr<const receive::Settings> settings;
    const Door* kept = nullptr;
    std::optional<net::Listener> opened;
  };
  std::vector<Planned> planned;
  for (const config::Listener& listener : next.listeners) {
    auto tls = unreadable_tls(listener.tls);
    if (tls != nullptr) {
      answer.restart_needed.push_back(
          fmt::format("{}: {} can't read it, the one in use stays", listener.tls.key, config()->user));
    }
    auto settings = listener_settings(next, listener, std::move(tls));
    if (!settings) return pass(settings.error());
    Planned one{listener, std::move(*settings), nullptr, std::nullopt};
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
  std::vector<Door> doors;
  for (Planned& one : planned) {
    if (one.kept != nullptr) {
      server_->reload(one.kept->number, one.settings);
      doors.push_back({one.listener, one.kept->local, one.kept->number, one.settings});
    } else {
      const Endpoint local = one.opened->local();
      const size_t number = server_->add(std::move(*one.opened), *io_loops_.front(), one.settings);
      doors.push_back({one.listener, local, number, one.settings});
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
  conductor_loop_->post([this, next = std::move(next), self = std::move(self)]() mutable {
    targeter_->configure(next, std::move(self));
    manager_->reconfigure(delivery_settings(*next));
    conductor_->reconfigure({retry_schedule(*next),
                             scheduler_limits(*next),
                             {.hostname = next->hostname, .return_octets = next->bounce.return_octets}});
  });
}

}  // namespace waybill::daemon
