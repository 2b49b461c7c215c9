#include "deliver/callouts.h"

#include <algorithm>
#include <random>

namespace waybill::deliver {
namespace {
CalloutResult unknown(std::string why) {
  return {.answer = {RecipientWord::unknown, {451, {4, 4, 1}, std::move(why)}},
          .nobody = std::nullopt,
          .asked = false};
}

/// A local part that nobody has, and nobody can guess beforehand: a host that takes it takes everything.
mail::Address nobody_at(const mail::Domain& domain) {
  std::random_device device;
  return {fmt::format("waybill-callout-{:08x}{:08x}", device(), device()), domain};
}
}  // namespace

/// Until there is a question, or for so long.
struct Callouts::Rest {
  Callouts& self;
  Site& site;
  const std::shared_ptr<Line>& line;  // of the coroutine's frame
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    line->resting = handle;
    site.resting.push_back(line);
    line->timer = self.loop_.after(self.settings_.idle, [one = line.get()] {
      if (one->resting) std::exchange(one->resting, nullptr).resume();
    });
  }
  void await_resume() noexcept {
    line->timer.cancel();
    std::erase(site.resting, line);
  }
};

Callouts::Callouts(net::Loop& loop, Route route, Heard heard, CalloutSettings settings)
    : loop_(loop), route_(std::move(route)), heard_(std::move(heard)), settings_(std::move(settings)) {}

Callouts::~Callouts() = default;

Callouts::Site& Callouts::site_of(const mail::Domain& domain) {
  auto& site = sites_[domain.text()];
  if (!site) {
    site = std::make_shared<Site>();
    site->domain = domain;
    site->leave = settings_.per_minute;
    site->leave_at = net::steady_now();
  }
  return *site;
}

bool Callouts::take_leave(Site& site) {
  const Steady now = net::steady_now();
  const double per_ms = settings_.per_minute / 60'000.0;
  const double grown = static_cast<double>((now - site.leave_at).count()) * per_ms;
  site.leave = std::min<double>(settings_.per_minute, site.leave + grown);
  site.leave_at = now;
  if (site.leave < 1) return false;
  site.leave -= 1;
  return true;
}

void Callouts::ask(const mail::Address& recipient, TestNobody test, Done done) {
  Site& site = site_of(recipient.domain);
  if (const auto at = site.wanted.find(recipient); at != site.wanted.end()) {
    at->second.push_back(std::move(done));
    return;
  }
  const Steady now = net::steady_now();
  if (now < site.rest_until) {
    return done(unknown(fmt::format("the host gave no answer a moment ago, and is asked again in {}: {}",
                                    format_duration(site.rest_until - now), site.rest_why)));
  }
  if (site.waiting.size() >= kWaitingMax || !take_leave(site)) {
    return done(unknown(fmt::format(
        "more than {} recipients a minute were to be asked for (callout.per_minute)", settings_.per_minute)));
  }
  site.wanted[recipient].push_back(std::move(done));
  site.waiting.push_back({recipient, test});
  if (!site.resting.empty()) {
    // Woken by the loop, not from here: who asks may hold anything.
    loop_.post([line = site.resting.back()] {
      if (line->resting) std::exchange(line->resting, nullptr).resume();
    });
    site.resting.pop_back();
    return;
  }
  if (site.connections < settings_.connections_max) begin(sites_[recipient.domain.text()]);
}

void Callouts::begin(const std::shared_ptr<Site>& site) {
  ++site->connections;
  loop_.spawn(run(this, site));
}

void Callouts::host_is_back(const mail::Domain& domain) {
  if (const auto at = sites_.find(domain.text()); at != sites_.end()) at->second->rest_until = {};
}

void Callouts::answer(Site& site, const mail::Address& recipient, const CalloutResult& result) {
  const auto wanted = site.wanted.extract(recipient);
  if (heard_ && result.asked) heard_(recipient, result);
  if (wanted.empty()) return;
  for (const Done& done : wanted.mapped()) done(result);
}

void Callouts::answer_all(Site& site, const std::string& why) {
  const auto waiting = std::exchange(site.waiting, {});
  for (const Question& question : waiting) answer(site, question.recipient, unknown(why));
}

net::Task<void> Callouts::run(Callouts* self, std::shared_ptr<Site> site) {
  net::Callback<TargetsPtr> routed(self->loop_);
  self->route_(site->domain, routed.completer());
  const TargetsPtr targets = co_await routed;
  CalloutSession session(self->loop_, self->settings_.hostname, self->settings_.patience);
  const Status opened = co_await self->open_any(&session, targets);
  bool heard = false;
  if (opened) {
    heard = co_await self->serve(&session, site);
    co_await session.leave();
  }
  --site->connections;
  if (heard) {
    // More came than this session could take: another one, for the host does answer.
    if (!site->waiting.empty() && site->connections < self->settings_.connections_max) self->begin(site);
    co_return;
  }
  // Another connection may do better; the last one tells all who wait.
  if (site->connections > 0) co_return;
  site->rest_until = net::deadline_in(self->settings_.rest);
  site->rest_why = opened ? "it took no question" : opened.error().what;
  self->answer_all(*site, site->rest_why);
}

net::Task<Status> Callouts::open_any(CalloutSession* session, TargetsPtr targets) {
  if (targets == nullptr) co_return fail(Errc::not_found, "there is no route");
  if (targets->decision != TargetsDecision::deliver || targets->tiers.empty())
    co_return fail(Errc::refused, "{}", targets->reply.text);
  std::string why = "the host has no address that can be tried";
  uint32_t tried = 0;
  for (const Target& target : targets->tiers.front()) {
    for (const IpAddress& ip : target.addresses) {
      if (tried++ == settings_.addresses_max) break;
      CalloutHost host{.endpoint = {ip, target.port}, .host = target.host};
      if (targets->tls == TlsPolicy::never) host.tls = UseTls::never;
      const std::optional<IpAddress> source = ip.is_v4() ? settings_.source_v4 : settings_.source_v6;
      const Status opened = co_await session->open(host, source);
      if (opened) co_return Status{};
      why = fmt::format("{}: {}", target.host, opened.error().what);
    }
  }
  co_return fail(Errc::closed, "{}", why);
}

// True: the host had a word to say, if only a 4yz to RCPT.
net::Task<bool> Callouts::serve(CalloutSession* session, std::shared_ptr<Site> site) {
  const auto line = std::make_shared<Line>();
  const Steady leave_at = net::deadline_in(settings_.age_max);
  std::optional<RecipientWord> nobody;
  uint32_t questions = 0;
  while (!session->is_over() && questions < settings_.questions_max && net::steady_now() < leave_at) {
    if (site->waiting.empty()) {
      Rest rest{*this, *site, line};  // a temporary with members to destroy is destroyed twice by GCC 12
      co_await rest;
      if (site->waiting.empty()) break;
      continue;
    }
    Question question = std::move(site->waiting.front());
    site->waiting.pop_front();
    CalloutAnswer said;
    if (question.test == TestNobody::yes && !nobody) {
      const mail::Address nobody_here = nobody_at(site->domain);
      const CalloutAnswer test = co_await session->ask(nobody_here);
      nobody = test.word;
      said.reply = test.reply;  // of nobody: no word about the recipient, but why there may be none
    }
    if (!session->is_over()) said = co_await session->ask(question.recipient);
    if (session->is_over() && said.word == RecipientWord::unknown && questions > 0) {
      // It answered until now: a connection that rested may just be gone. Another one asks again.
      site->waiting.push_front(std::move(question));
      break;
    }
    const bool heard = !session->is_over() || said.word != RecipientWord::unknown;
    answer(*site, question.recipient, {.answer = said, .nobody = nobody, .asked = true});
    if (heard) ++questions;
  }
  co_return questions > 0;
}

}  // namespace waybill::deliver
