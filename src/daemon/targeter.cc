#include "daemon/targeter.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "handover/targets.h"

namespace waybill::daemon {
namespace {
constexpr size_t kKeptMax = 50'000;
/// The resolver's cache honours TTLs; this only bounds how long a delivery may use a plan it made from them.
constexpr Seconds kKeepMax{300};

deliver::TlsPolicy tls_policy(config::ClientTls tls) {
  return tls == config::ClientTls::off ? deliver::TlsPolicy::never : deliver::TlsPolicy::opportunistic;
}

uint64_t seed() {
  std::random_device device;  // 32 bits a call
  return uint64_t{device()} << 32 | device();
}
}  // namespace

Targeter::Targeter(net::Loop& loop, dns::Resolver& resolver, const Clock& clock)
    : loop_(loop),
      resolver_(resolver),
      clock_(clock),
      random_(seed()),
      alive_(std::make_shared<Targeter*>(this)) {}

Targeter::~Targeter() { *alive_ = nullptr; }

void Targeter::configure(std::shared_ptr<const config::Config> config, route::Self self, Lab lab,
                         const LocalMail& mail) {
  config_ = std::move(config);
  self_ = std::move(self);
  lab_ = std::move(lab);
  table_ = {};
  for (const config::Route& route : config_->routes) {
    if (Status added = table_.add(route.pattern, route.via.to_string()); !added) {
      log::error("route left out", {{"pattern", route.pattern}, {"why", added.error().what}});
    }
  }
  kept_.clear();
  local_.clear();
  for (const config::Domain& domain : config_->domains) {
    if (auto made = local(domain.name, mail)) local_.emplace(domain.name.text(), std::move(made));
  }
  ++generation_;
}

void Targeter::forget() {
  kept_.clear();
  ++generation_;
}

deliver::TargetsPtr Targeter::local(const mail::Domain& name, const LocalMail& mail) const {
  const config::Domain* domain = config_->find_domain(name);
  if (domain == nullptr || domain->role != config::DomainRole::primary || !domain->mailboxes) return nullptr;
  const config::Mailboxes& boxes = *domain->mailboxes;
  auto out = std::make_shared<deliver::Targets>();
  out->decision = deliver::TargetsDecision::deliver;
  out->site_key = "local " + boxes.to_string();
  switch (boxes.kind) {
    case config::Mailboxes::Kind::maildir:
      out->transport = deliver::Transport::maildir;
      out->maildir.path_template = boxes.path;
      out->maildir.delimiter = domain->recipient_delimiter;
      out->maildir.quota_octets = domain->quota_octets;
      out->maildir.quota_messages = domain->quota_messages;
      if (const auto listed = mail.users(name)) {
        auto users = *listed;
        users.insert("postmaster");  // RFC 5321 4.5.1: accepted always, so it must have a mailbox
        out->maildir.users = std::make_shared<const std::set<std::string, std::less<>>>(std::move(users));
      }
      return out;
    case config::Mailboxes::Kind::lmtp_unix:
      out->transport = deliver::Transport::lmtp;
      out->lmtp.unix_path = boxes.path;
      return out;
    case config::Mailboxes::Kind::lmtp_tcp:
      out->transport = deliver::Transport::lmtp;
      out->lmtp.endpoint = boxes.server;
      return out;
  }
  return nullptr;
}

route::Role Targeter::role_of(const mail::Domain& domain) const {
  const config::Domain* known = config_->find_domain(domain);
  const bool backup = known != nullptr && known->role == config::DomainRole::backup;
  return backup ? route::Role::backup : route::Role::foreign;
}

Result<route::Request> Targeter::request(const mail::Domain& domain, const std::string& route_pin) {
  route::Request request;
  request.domain = domain;
  request.self = self_;
  request.role = role_of(domain);
  if (route_pin.empty()) {
    request.via = table_.find(domain, request.role);
  } else {
    auto via = route::Via::parse(route_pin);
    if (!via) return pass(via.error());
    request.via = *via;
  }
  request.options.port = config_->deliver.port;
  request.options.reserved = lab_.reserved(domain);
  request.seed = random_.next();
  return request;
}

void Targeter::targets(const mail::Domain& domain, const std::string& route_pin, Done done) {
  if (route_pin.empty()) {
    if (const auto at = local_.find(domain.text()); at != local_.end()) return done(at->second);
  }
  std::string key = domain.text();
  if (!route_pin.empty()) key += " via " + route_pin;
  if (const auto at = kept_.find(key); at != kept_.end()) {
    if (at->second.until > clock_.steady()) return done(handover::deal(at->second.targets, random_));
    kept_.erase(at);
  }
  std::vector<Done>& waiting = asked_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  auto asking = request(domain, route_pin);
  if (!asking) {
    route::Plan plan;
    plan.decision = route::Verdict::defer;
    plan.code = 451;
    plan.enhanced = {4, 3, 5};
    plan.reason = asking.error().what;
    return planned(key, plan);
  }
  route::gather(
      std::move(*asking), resolver_, [this](std::function<void()> work) { loop_.post(std::move(work)); },
      [alive = alive_, key, domain, route_pin, generation = generation_](route::Plan plan,
                                                                         const dns::Facts&) {
        if (*alive == nullptr) return;
        if ((*alive)->generation_ == generation) (*alive)->tell(domain, route_pin, plan);
        if ((*alive)->generation_ != generation) plan.ttl_s = 0;
        (*alive)->planned(key, plan);
      });
}

void Targeter::tell(const mail::Domain& domain, const std::string& route_pin, const route::Plan& plan) const {
  if (on_backup_plan_ && route_pin.empty() && role_of(domain) == route::Role::backup)
    on_backup_plan_(domain, plan);
}

void Targeter::look_at_backups() {
  for (const config::Domain& domain : config_->domains)
    if (domain.role == config::DomainRole::backup)
      targets(domain.name, "", [](const deliver::TargetsPtr&) {});
}

void Targeter::planned(const std::string& key, const route::Plan& plan) {
  const auto targets =
      std::make_shared<const deliver::Targets>(handover::to_targets(plan, tls_policy(config_->deliver.tls)));
  const auto waiting = asked_.extract(key);
  if (plan.ttl_s > 0) {
    if (kept_.size() >= kKeptMax) kept_.erase(kept_.begin());
    const Steady until = clock_.steady() + std::min<Seconds>(Seconds{plan.ttl_s}, kKeepMax);
    kept_.insert_or_assign(key, Kept{targets, until});
  }
  if (waiting.empty()) return;
  for (const Done& done : waiting.mapped()) done(handover::deal(targets, random_));
}

void Targeter::explain(const mail::Domain& domain, const std::string& route_pin,
                       std::function<void(route::Plan)> done) {
  auto asking = request(domain, route_pin);
  if (!asking) {
    route::Plan plan;
    plan.reason = asking.error().what;
    return done(std::move(plan));
  }
  route::gather(
      std::move(*asking), resolver_, [this](std::function<void()> work) { loop_.post(std::move(work)); },
      [done = std::move(done)](route::Plan plan, const dns::Facts&) { done(std::move(plan)); });
}

std::string Targeter::matched_pattern(const mail::Domain& domain) const {
  return std::string(table_.match(domain, role_of(domain)));
}

}  // namespace waybill::daemon
