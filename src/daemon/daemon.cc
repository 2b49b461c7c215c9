#include "daemon/daemon.h"

#include <unistd.h>

#include <csignal>

#include "base/log.h"
#include "base/thread.h"
#include "base/version.h"
#include "daemon/from_config.h"
#include "daemon/own_self.h"
#include "daemon/privileges.h"
#include "net/http_server.h"

namespace waybill::daemon {
namespace {
constexpr size_t kControlConnectionsMax = 64;
constexpr uint64_t kReadOnlyBodyOctetsMax = 64 * 1024;
/// Beside the I/O loops: conductor, reader, auditor, signals, resolver, commits, what is learnt, three for
/// mailboxes; RocksDB's two for background work and fifteen that open files at the start. It would abort()
/// where it gets none.
constexpr unsigned kThreadsBesideLoops = 26;

/// RocksDB has no code of its own for a lock that somebody else holds.
bool is_locked(const Error& error) { return error.what.find("While lock file") != std::string::npos; }
}  // namespace

Daemon::Daemon(std::string config_file, config::Config config)
    : config_file_(std::move(config_file)),
      config_(std::make_shared<const config::Config>(std::move(config))),
      running_(config_.load()),
      started_(clock_.now()),
      config_loaded_(started_) {}

Result<std::unique_ptr<Daemon>> Daemon::start(const std::string& config_file, config::Config config) {
  std::unique_ptr<Daemon> self(new Daemon(config_file, std::move(config)));
  const auto settings = self->config();
  log::configure(settings->log.level, settings->log.format);
  raise_descriptor_limit();
  // As root: the folder, the ports and the keys. Then never again.
  Status done = prepare_data_dir(settings->data_dir, settings->user, settings->group);
  if (done) done = self->bind_listeners();
  if (done) done = drop_privileges(settings->user, settings->group);
  // Under the limits of that user: a start that would end half-way begins nothing.
  if (done) done = room_for_threads(static_cast<unsigned>(self->io_loops_.size()) + kThreadsBesideLoops);
  if (done) done = self->read_recipients();
  if (done) done = self->open_store();
  if (done) done = self->open_resolver();
  if (!done) return pass(done.error());
  self->make_rooms();
  done = self->open_doors();
  if (done) done = self->open_control();
  if (done) done = self->start_threads();
  if (!done) return pass(done.error());
  return self;
}

Status Daemon::bind_listeners() {
  const unsigned wanted =
      config()->threads != 0 ? config()->threads : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < wanted; ++i) io_loops_.push_back(std::make_unique<net::Loop>());
  conductor_loop_ = std::make_unique<net::Loop>();
  control_loop_ = std::make_unique<net::Loop>();
  reader_loop_ = std::make_unique<net::Loop>();
  auditor_loop_ = std::make_unique<net::Loop>();
  mailbox_loop_ = std::make_unique<net::Loop>();
  TlsReader reader;
  for (const config::Listener& listener : config()->listeners) {
    auto tls = reader.read(listener.tls);  // the key may be root's alone
    if (!tls) return pass(tls.error());
    auto socket = net::Listener::open(*io_loops_.front(), listener.address);
    if (!socket) return pass(socket.error());
    auto settings = listener_settings(*config(), listener, tls->context);
    bound_.push_back({listener, std::move(*socket), std::move(*tls), std::move(settings)});
  }
  return {};
}

// As the user that reads them at a reload, too.
Status Daemon::read_recipients() {
  auto listed = config::load_recipients(*config(), config_file_);
  if (!listed) {
    const size_t more = listed.error().size() - 1;
    return fail(Errc::invalid, "{}{}", listed.error().front().to_string(),
                more > 0 ? fmt::format(" (and {} more: waybill config check)", more) : std::string());
  }
  listed_ = std::move(*listed);
  local_ = std::make_shared<const LocalMail>(*config(), listed_, clock_);
  return {};
}

Status Daemon::open_store() {
  queue::RocksStoreOptions options;
  options.path = config()->data_dir + "/spool";
  options.clock = &clock_;
  options.reserve_octets = config()->queue.reserve_octets;
  auto store = queue::RocksStore::open(std::move(options));
  if (!store && is_locked(store.error())) {
    return fail(Errc::busy, "another waybill has this spool open: {}/spool", config()->data_dir);
  }
  if (!store) return pass(store.error(), "cannot open the spool");
  store_ = std::move(*store);
  ids_.start_after(store_->highest_id());
  auto learnt = learn::Store::open(config()->data_dir + "/learnt.db", clock_);
  if (!learnt) {
    // Only hints: mail can be kept and sent without them.
    log::warning("what is learnt will not outlive a restart", {{"why", learnt.error().what}});
    learnt_ = learn::Store::in_memory(clock_);
  } else {
    learnt_ = std::move(*learnt);
  }
  return {};
}

Status Daemon::open_resolver() {
  overlay_ = read_overlay(config()->dns.zones);
  auto stack = resolve::make_stack(resolver_options(*config()), clock_);
  if (!stack) return pass(stack.error(), "cannot resolve");
  for (const dns::ZoneError& notice : (*stack)->notices())
    log::warning("zone file", {{"what", notice.to_string()}});
  resolver_ = std::make_unique<ResolverHolder>(std::shared_ptr<resolve::Stack>(std::move(*stack)));
  return {};
}

std::vector<Endpoint> Daemon::listening() const {
  std::vector<Endpoint> out;
  for (const Bound& bound : bound_) out.push_back(bound.socket.local());
  for (const Door& door : doors_) out.push_back(door.local);
  return out;
}

void Daemon::make_rooms() {
  const auto settings = config();
  Conductor::Settings conducting{
      retry_schedule(*settings),
      scheduler_limits(*settings),
      {.hostname = settings->hostname, .return_octets = settings->bounce.return_octets},
      quiet_backups(settings),
      local_};
  const SpoolIntake::Settings taking{conducting.bounce, local_};
  conductor_ =
      std::make_unique<Conductor>(*conductor_loop_, *store_, ids_, clock_, counters_, std::move(conducting));
  targeter_ = std::make_unique<Targeter>(*conductor_loop_, *resolver_, clock_);
  targeter_->on_backup_plan(
      [this](const mail::Domain& domain, const route::Plan& plan) { places_.note(domain, plan); });
  targeter_->configure(settings, own_self(*settings, listening()), Lab(*settings, overlay_),
                       read_channels(*settings), *local_);
  primaries_ = std::make_unique<PrimaryPlaces>(*conductor_loop_, *resolver_);
  primaries_->configure(settings, own_self(*settings, listening()), Lab(*settings, overlay_));
  std::vector<net::Loop*> loops;
  for (const auto& loop : io_loops_) loops.push_back(loop.get());
  backup_ = std::make_unique<BackupRecipients>(
      *io_loops_.front(),
      [this](const mail::Domain& domain, std::function<void(deliver::TargetsPtr)> done) {
        conductor_loop_->post([this, domain, done = std::move(done)] {
          mail::Delivery asked;
          asked.domain = domain;
          targeter_->targets(asked, done);
        });
      },
      learnt_->table("recipients", settings->callout.entries), clock_, settings);
  manager_ = std::make_unique<deliver::Manager>(
      *conductor_loop_, loops, *targeter_, files_, delivery_settings(*settings),
      [this](const std::string&, const std::vector<mail::Domain>& domains, deliver::Manager::Release what) {
        if (what == deliver::Manager::Release::all) backup_->hosts_are_back(domains);
        return conductor_->release(domains, what);
      });
  conductor_->set_manager(*manager_);
  intake_ = std::make_unique<SpoolIntake>(*store_, ids_, clock_, counters_, overload_.commits(),
                                          [this](Fresh fresh) { conductor_->announce(std::move(fresh)); });
  intake_->configure(taking);
  sessions_ = std::make_unique<receive::SessionRegistry>(session_limits(*settings));
  drainer_ = std::make_unique<Drainer>(*conductor_loop_, *store_, *manager_);
  drainer_->configure(settings);
  server_ = std::make_unique<receive::Server>(receive::Services{gate_, *intake_, clock_, drainer_.get()},
                                              *sessions_, loops);
}

Status Daemon::open_doors() {
  auto rules = relay_rules(*config(), listed_);
  if (!rules) return pass(rules.error());
  gate_.set_rules(std::move(*rules));
  gate_.set_routes(usable_route_table(*config()));
  gate_.set_local(local_);
  gate_.set_resolver(*resolver_);
  gate_.set_backup(*backup_);
  room_ = std::make_unique<MailboxRoom>(
      MailboxRoom::Loops{*io_loops_.front(), *mailbox_loop_, *auditor_loop_}, files_, clock_);
  room_->configure(*config(), *local_);
  gate_.set_room(*room_);
  overload_.configure(*config(), config()->queue.reserve_octets);
  gate_.set_overload(overload_);
  gate_.set_null_mx_sender(config()->relay.null_mx_sender);
  clients_ = std::make_unique<ClientsGate>(clock_, *io_loops_.front(), *resolver_, *learnt_, *config());
  gate_.set_clients(*clients_);
  for (Bound& bound : bound_) {
    const Endpoint local = bound.socket.local();
    const size_t number = server_->add(std::move(bound.socket), *io_loops_.front(), bound.settings);
    doors_.push_back({bound.listener, local, number, std::move(bound.tls)});
  }
  bound_.clear();
  clients_->set_doors(client_doors());
  return {};
}

std::vector<ClientDoor> Daemon::client_doors() const {
  std::vector<ClientDoor> out;
  for (const Door& door : doors_) {
    if (door.listener.role != config::Role::mx) continue;
    out.push_back({door.local, door.listener.mx ? door.listener.mx->text() : std::string()});
  }
  return out;
}

Status Daemon::open_control() {
  Backend::Parts parts{
      .loop = *control_loop_,
      .conductor_loop = *conductor_loop_,
      .reader_loop = *reader_loop_,
      .auditor_loop = *auditor_loop_,
      .store = *store_,
      .conductor = *conductor_,
      .manager = *manager_,
      .targeter = *targeter_,
      .resolver = *resolver_,
      .sessions = *sessions_,
      .intake = *intake_,
      .gate = gate_,
      .backup = *backup_,
      .places = places_,
      .primaries = *primaries_,
      .overload = overload_,
      .clients = *clients_,
      .counters = counters_,
      .clock = clock_,
      .started = started_,
      .config_file = config_file_,
      .config = [this] { return config(); },
      .listeners =
          [this] {
            std::vector<control::ListenerStatus> out;
            for (const Door& door : doors_)
              out.push_back({door.local.to_string(), std::string(config::to_string(door.listener.role)), 0});
            return out;
          },
      .phase = [this] { return phase_; },
      .reload = [this] { return reload(); },
      .config_loaded = [this] { return std::optional(config_loaded_); }};
  backend_ = std::make_unique<Backend>(std::move(parts));
  service_ = std::make_unique<control::Service>(*backend_);
  auto socket = net::Listener::open_unix(*control_loop_, config()->control.socket, config()->control.mode);
  if (!socket) return pass(socket.error());
  control_listener_ = std::make_shared<net::Listener>(std::move(*socket));
  control_loop_->spawn(serve_control(this, control_listener_, control::Access::full));
  if (config()->http.listen) {
    auto http = net::Listener::open(*control_loop_, *config()->http.listen);
    if (!http) return pass(http.error());
    http_listener_ = std::make_shared<net::Listener>(std::move(*http));
    control_loop_->spawn(serve_control(this, http_listener_, control::Access::read_only));
  }
  return {};
}

net::Task<void> Daemon::serve_client(Daemon* self, net::Stream stream, control::Access access) {
  net::HttpLimits limits;
  // Those who may only read have nothing to send; their bodies must not fill our memory.
  if (access == control::Access::read_only) limits.body_octets_max = kReadOnlyBodyOctetsMax;
  ++self->control_connections_;
  co_await net::serve_http(std::move(stream), self->service_->handler(access), limits);
  --self->control_connections_;
}

net::Task<void> Daemon::serve_control(Daemon* self, std::shared_ptr<net::Listener> listener,
                                      control::Access access) {
  while (true) {
    Result<net::Stream> stream = co_await listener->accept(*self->control_loop_);
    if (stream && self->control_connections_ < kControlConnectionsMax) {
      self->control_loop_->spawn(serve_client(self, std::move(*stream), access));
      continue;
    }
    if (stream) continue;  // one too many: closed at once
    if (stream.error().code == Errc::closed) co_return;
    log::warning("control connections rest", {{"why", stream.error().what}});
    co_await self->control_loop_->sleep(Seconds{1});
  }
}

Status Daemon::start_threads() {
  std::vector<net::Loop*> loops;
  for (const auto& loop : io_loops_) loops.push_back(loop.get());
  loops.push_back(conductor_loop_.get());
  loops.push_back(reader_loop_.get());
  loops.push_back(auditor_loop_.get());
  loops.push_back(mailbox_loop_.get());
  for (net::Loop* loop : loops) {
    auto thread = start_thread([loop] { loop->run(); });
    if (!thread) return pass(thread.error());
    threads_.push_back(std::move(*thread));
  }
  auto signals = start_thread([this] { watch_signals(); });
  if (!signals) return pass(signals.error());
  signal_thread_ = std::move(*signals);
  conductor_loop_->post([this] { conductor_->start(); });
  return {};
}

void Daemon::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  while (true) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    if (ending_.load()) return;
    if (signal == SIGHUP) {
      control_loop_->post([this] { (void)reload(); });
      continue;
    }
    control_loop_->post([this] { begin_stop(); });
  }
}

void Daemon::announce_ready() {
  phase_ = "running";
  for (const Door& door : doors_) {
    log::info("listening",
              {{"address", door.local.to_string()}, {"role", config::to_string(door.listener.role)}});
  }
  const queue::StoreStats stats = store_->stats();
  log::info("ready", {{"version", kVersion},
                      {"hostname", config()->hostname.text()},
                      {"messages", stats.messages},
                      {"recipients", stats.recipients_queued},
                      {"control", config()->control.socket},
                      {"started_in", format_duration(clock_.now() - started_)}});
}

void Daemon::run() {
  control_loop_->post([this] {
    announce_ready();
    prune_ledger();
    look_at_places();
    watch_overload();
  });
  control_loop_->run();
}

}  // namespace waybill::daemon
