#include "daemon/targeter.h"

#include <algorithm>
#include <optional>
#include <random>

#include "base/bytes.h"
#include "daemon/gate_quota.h"
#include "handover/targets.h"

namespace waybill::daemon {
namespace {
constexpr size_t kKeptMax = 50'000;
/// Domains whose mail a mended fault releases; beyond that the schedule alone brings their mail back.
constexpr size_t kFaultedMax = 10'000;
/// The resolver's cache honours TTLs; this only bounds how long a delivery may use a plan it made from them.
constexpr Seconds kKeepMax{300};

deliver::TlsPolicy tls_policy(config::ClientTls tls) {
  return tls == config::ClientTls::off ? deliver::TlsPolicy::never : deliver::TlsPolicy::opportunistic;
}

std::string entry_name(const route::Choice& choice) {
  return choice.entry == nullptr ? std::string() : choice.entry->to_string();
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
                         std::vector<Channel> channels, const LocalMail& mail) {
  config_ = std::move(config);
  self_ = std::move(self);
  lab_ = std::move(lab);
  table_ = usable_route_table(*config_);
  channels_ = std::move(channels);
  std::erase_if(faulted_, [this](const auto& one) {
    if (has_fault(one.first)) return false;
    mended_.insert(mended_.end(), one.second.begin(), one.second.end());
    return true;
  });
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
      out->maildir = maildir_target(*domain, mail);
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

route::Query Targeter::query_of(const Asked& asked) const {
  return {.domain = asked.domain,
          .role = role_of(asked.domain),
          .sender = asked.sender,
          .listener = asked.listener,
          .released = asked.released};
}

// Where an operator sends mail by hand to a host that an entry of the table knows, it goes as that entry's
// mail does: the host would not take it without the credentials.
const Channel* Targeter::channel_to(const route::Way& way) const {
  for (size_t n = 0; n < config_->routes.size() && n < channels_.size(); ++n) {
    const auto known = route::Way::parse(config_->routes[n].via.to_string());
    const bool all =
        known && std::ranges::all_of(way.vias, [&known](const route::Via& via) {
          return via.kind != route::Via::Kind::mx && std::ranges::find(known->vias, via) != known->vias.end();
        });
    if (all) return &channels_[n];
  }
  return nullptr;
}

// For each delivery: what only a plan needs is left to request_of().
Result<Targeter::Decided> Targeter::decide(const Asked& asked) const {
  Decided out;
  // A reload's questions are not answered by those from before it: entries are told by their numbers.
  out.key = fmt::format("{} {}", generation_, asked.domain.text());
  if (asked.route_pin.empty()) {
    out.choice = table_.choose(query_of(asked));
    out.way = out.choice.way;
    if (out.choice.entry != nullptr) {
      out.key += fmt::format(" by {}", out.choice.entry->number);
      if (out.choice.entry->number < channels_.size()) out.channel = &channels_[out.choice.entry->number];
    }
  } else {
    auto way = route::Way::parse(asked.route_pin);
    if (!way) return pass(way.error());
    out.way = std::move(*way);
    out.channel = channel_to(out.way);
    out.key += " via " + asked.route_pin;
  }
  return out;
}

route::Request Targeter::request_of(const mail::Domain& domain, route::Way way) {
  route::Request out;
  out.domain = domain;
  out.self = self_;
  out.role = role_of(domain);
  out.way = std::move(way);
  out.options.port = config_->deliver.port;
  out.options.reserved = lab_.reserved(domain);
  out.seed = random_.next();
  return out;
}

void Targeter::targets(const mail::Delivery& delivery, Done done) {
  if (delivery.route_pin.empty()) {
    if (const auto at = local_.find(delivery.domain.text()); at != local_.end()) return done(at->second);
  }
  auto decided = decide({.domain = delivery.domain,
                         .sender = delivery.envelope ? delivery.envelope->from : mail::ReversePath{},
                         .listener = delivery.listener,
                         .route_pin = delivery.route_pin,
                         .released = delivery.released});
  if (!decided) {
    auto out = std::make_shared<deliver::Targets>();
    out->reply = {451, {4, 3, 5}, decided.error().what};
    return done(std::move(out));
  }
  const std::string& key = decided->key;
  if (const auto at = kept_.find(key); at != kept_.end()) {
    if (at->second.until > clock_.steady()) return done(handover::deal(at->second.targets, random_));
    kept_.erase(at);
  }
  std::vector<Done>& waiting = asked_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  route::gather(
      request_of(delivery.domain, std::move(decided->way)), resolver_,
      [this](std::function<void()> work) { loop_.post(std::move(work)); },
      [alive = alive_, key, domain = delivery.domain, pinned = !delivery.route_pin.empty(),
       channel = decided->channel == nullptr ? std::nullopt : std::optional(*decided->channel),
       entry = entry_name(decided->choice), generation = generation_](route::Plan plan, const dns::Facts&) {
        if (*alive == nullptr) return;
        if (!pinned && (*alive)->generation_ == generation) (*alive)->tell(domain, plan);
        if ((*alive)->generation_ != generation) plan.ttl_s = 0;
        handover::name_entry(plan, entry);
        (*alive)->planned(key, domain, channel ? &*channel : nullptr, plan);
      });
}

bool Targeter::has_fault(const std::string& fault) const {
  return std::ranges::any_of(channels_, [&fault](const Channel& one) { return one.fault == fault; });
}

// A fault that a reload has mended meanwhile is not waited for: the schedule brings that mail back.
void Targeter::note_fault(const std::string& fault, const mail::Domain& domain) {
  if (fault.empty() || !has_fault(fault)) return;
  std::set<mail::Domain>& waiting = faulted_[fault];
  if (waiting.size() < kFaultedMax) waiting.insert(domain);
}

std::vector<std::string> Targeter::faults() const {
  std::vector<std::string> out;
  for (size_t n = 0; n < channels_.size() && n < config_->routes.size(); ++n) {
    if (channels_[n].fault.empty()) continue;
    out.push_back(fmt::format("the route \"{}\" can't be used, so its mail waits: {}; then 'waybill reload'",
                              config_->routes[n].pattern, channels_[n].fault));
  }
  return out;
}

void Targeter::tell(const mail::Domain& domain, const route::Plan& plan) const {
  if (on_backup_plan_ && role_of(domain) == route::Role::backup) on_backup_plan_(domain, plan);
}

void Targeter::look_at_backups() {
  for (const config::Domain& domain : config_->domains) {
    if (domain.role != config::DomainRole::backup) continue;
    mail::Delivery asked;
    asked.domain = domain.name;
    targets(asked, [](const deliver::TargetsPtr&) {});
  }
}

void Targeter::planned(const std::string& key, const mail::Domain& domain, const Channel* channel,
                       const route::Plan& plan) {
  auto made = handover::to_targets(plan, tls_policy(config_->deliver.tls));
  if (channel != nullptr) {
    if (made.decision == deliver::TargetsDecision::deliver) note_fault(channel->fault, domain);
    channel->apply(made);
  }
  if (const config::Domain* known = config_->find_domain(domain); known != nullptr)
    handover::limit_rate(made, known->rate_max);
  const auto targets = std::make_shared<const deliver::Targets>(std::move(made));
  const auto waiting = asked_.extract(key);
  if (plan.ttl_s > 0) {
    if (kept_.size() >= kKeptMax) kept_.erase(kept_.begin());
    const Steady until = clock_.steady() + std::min<Seconds>(Seconds{plan.ttl_s}, kKeepMax);
    kept_.insert_or_assign(key, Kept{targets, until});
  }
  if (waiting.empty()) return;
  for (const Done& done : waiting.mapped()) done(handover::deal(targets, random_));
}

void Targeter::explain(const Asked& asked, std::function<void(route::Plan)> done) {
  auto decided = decide(asked);
  if (!decided) {
    route::Plan plan;
    plan.reason = decided.error().what;
    return done(std::move(plan));
  }
  // The table may be another by the time that the answers are there; its words are not.
  route::Plan words;
  if (asked.route_pin.empty()) route::explain(decided->choice, query_of(asked), words);
  if (decided->channel != nullptr && !decided->channel->fault.empty())
    words.steps.push_back({"route.fault", "", decided->channel->fault});
  route::gather(
      request_of(asked.domain, std::move(decided->way)), resolver_,
      [this](std::function<void()> work) { loop_.post(std::move(work)); },
      [done = std::move(done), steps = std::move(words.steps)](route::Plan plan, const dns::Facts&) {
        plan.steps.insert(plan.steps.begin(), steps.begin(), steps.end());
        done(std::move(plan));
      });
}

}  // namespace waybill::daemon
