// Deliveries in and out: what reaches a site, what comes back, and the answer to each.
#include "deliver/manager.h"

#include "base/log.h"
#include "deliver/manager_impl.h"

namespace waybill::deliver {
namespace {
/// A connection that turned out to be gone is no fault of the message; twice is.
constexpr uint8_t kStaleMax = 2;

mail::Outcome unreached() { return mail::Outcome::deferred(451, {4, 4, 1}, "no host could be reached"); }

mail::Fate fate_of(TargetsDecision decision) {
  switch (decision) {
    case TargetsDecision::bounce:
      return mail::Fate::rejected;
    case TargetsDecision::discard:
      return mail::Fate::discarded;
    case TargetsDecision::hold:
      return mail::Fate::held;
    default:
      return mail::Fate::deferred;
  }
}

mail::Outcome stopping() {
  mail::Outcome out = mail::Outcome::deferred(421, {4, 3, 2}, "this system is shutting down");
  out.retry_after = Millis{1};
  out.tried = false;
  return out;
}
}  // namespace

Manager::Impl::Impl(net::Loop& conductor, std::vector<net::Loop*> io_loops, Router& router, FileSystem& files,
                    Settings settings, SiteBack site_back)
    : conductor_(conductor),
      io_loops_(std::move(io_loops)),
      router_(router),
      files_(files),
      settings_(std::move(settings)),
      site_back_(std::move(site_back)),
      tls_(net::TlsContext::opportunistic_client()),
      memory_(settings_.memory) {}

void Manager::Impl::begin() {
  reports_ = std::make_shared<Reports>(conductor_, [weak = weak_from_this()](std::vector<Report> reports) {
    if (const auto self = weak.lock()) self->take_reports(std::move(reports));
  });
  conductor_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->schedule_tick();
  });
}

void Manager::Impl::start(mail::DeliveryPtr delivery, mail::DeliveryDone done) {
  ++deliveries_;
  auto job = std::make_unique<Job>();
  job->outcomes.resize(delivery->recipients.size());
  job->delivery = std::move(delivery);
  job->done = std::move(done);
  if (stopping_) return finish(std::move(job), stopping());
  if (job->outcomes.empty()) return answer(std::move(job));
  // std::function wants what can be copied; the job waits in a shared place for its route.
  const mail::Delivery& asked = *job->delivery;
  auto held = std::make_shared<JobPtr>(std::move(job));
  router_.targets(asked, [weak = weak_from_this(), held](const TargetsPtr& targets) {
    const auto self = weak.lock();
    if (self && *held) self->on_targets(std::move(*held), targets);
  });
}

void Manager::Impl::on_targets(JobPtr job, const TargetsPtr& targets) {
  if (stopping_) return finish(std::move(job), stopping());
  if (!targets)
    return finish(std::move(job), mail::Outcome::deferred(451, {4, 3, 0}, "no route could be computed"));
  if (targets->decision != TargetsDecision::deliver) {
    mail::Outcome out;
    out.fate = fate_of(targets->decision);
    out.reply = targets->reply;
    return finish(std::move(job), out);
  }
  if (targets->transport != Transport::maildir) return enqueue(std::move(job), targets);
  if (!maildir_) {
    auto workers = MaildirWorkers::start(files_, settings_, reports_);
    // Asked again with the next message: none is lost for want of a thread.
    if (!workers)
      return finish(std::move(job), mail::Outcome::deferred(451, {4, 3, 2}, std::move(workers.error().what)));
    maildir_ = std::move(*workers);
  }
  maildir_->submit(std::move(job), targets);
}

void Manager::Impl::enqueue(JobPtr job, const TargetsPtr& targets) {
  Site& where = site(targets->site_key);
  if (!where.targets) where.queue->limit(targets->rate_max, net::steady_now());
  where.targets = targets;
  where.used = net::steady_now();
  job->wish = wish_of(*targets);
  job->queued_at = where.used;
  job->backlog = job->delivery->backlog;
  where.asked.reset();
  if (job->backlog) note_backlog(where, *job);
  // RFC 5321 5.1 wants the load spread over equals: this delivery's own order says whose turn it is, whoever
  // else is idle. Where no connection may be made to that one, any will do.
  const bool shared = !job->wish.empty() && !where.connections.empty() && !where.queue->has_idle(job->wish) &&
                      open_wished(where, job->wish) == Walked::begun;
  const auto idle = where.queue->push(std::move(job), shared ? JobQueue::Wake::wished : JobQueue::Wake::any);
  if (idle) return idle->wake();
  pump(where);
}

void Manager::Impl::take_reports(std::vector<Report> reports) {
  answering_ = true;  // the flush below serves all of them
  const log::Together together;
  for (Report& report : reports) on_report(report);
  flush_answers();
  check_stopped();
}

void Manager::Impl::on_report(Report& report) {
  if (!report.connection) return answer(std::move(report.job));  // from a mailbox
  if (report.what == Report::What::done) return on_done(report);
  if (report.what == Report::What::returned) return on_returned(report);
  Site& where = site(report.connection->plan().site_key);
  if (report.what == Report::What::opened) return on_opened(where, report.connection);
  if (report.what == Report::What::leaving) {
    where.connections.erase(report.connection->id());
    proof_ended(where, report);
    where.queue->gone(*report.connection);
    rouse(where);
    return pump(where);
  }
  on_closed(where, report);
}

void Manager::Impl::on_done(Report& report) {
  Site& where = site(report.connection->plan().site_key);
  note_answers(where, report);
  where.used = net::steady_now();
  answer(std::move(report.job));
  if (where.queue->size() > 0) pump(where);
}

// Some recipients have no outcome, because the session ended before theirs: the next host, at once.
void Manager::Impl::on_returned(Report& report) {
  Site& where = site(report.connection->plan().site_key);
  JobPtr job = std::move(report.job);
  if (stopping_) return finish(std::move(job), *report.why);
  if (report.how == Dialogue::MessageEnd::stale && job->stale < kStaleMax) {
    ++job->stale;
    where.retire_idle(report.connection->peer());
  } else {
    job->tried.push_back(report.connection->peer());
    job->last = *report.why;
    job->wish.clear();  // its turn is over
  }
  if (const auto idle = where.queue->push_front(std::move(job))) idle->wake();
  // The connection's last report follows, and pumps.
}

// Whoever has no outcome yet gets the last host's words, or `otherwise`.
void Manager::Impl::finish(JobPtr job, const mail::Outcome& otherwise) {
  const mail::Outcome fallback = job->last ? *job->last : otherwise;
  for (auto& outcome : job->outcomes) {
    if (!outcome) outcome = fallback;
  }
  answer(std::move(job));
}

void Manager::Impl::answer(JobPtr job) {
  answers_.push_back(std::move(job));
  if (answering_) return;
  // Never from inside start(): a caller that starts the next delivery from `done` would recurse.
  answering_ = true;
  conductor_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->flush_answers();
      self->check_stopped();
    }
  });
}

void Manager::Impl::flush_answers() {
  answering_ = false;
  std::vector<JobPtr> ready;
  ready.swap(answers_);
  for (JobPtr& job : ready) {
    mail::DeliveryResult result;
    result.delivery = std::move(job->delivery);
    result.outcomes.reserve(job->outcomes.size());
    for (auto& outcome : job->outcomes)
      result.outcomes.push_back(outcome ? std::move(*outcome) : unreached());
    --deliveries_;
    job->done(std::move(result));
  }
}

std::vector<mail::DeliveryPtr> Manager::Impl::take_back(const Wanted& wanted) {
  std::vector<mail::DeliveryPtr> out;
  // What some host has answered already for one of its recipients is an attempt, and stays.
  const auto untouched = [&wanted](const Job& job) {
    return wanted(*job.delivery) && !job.last &&
           std::ranges::none_of(job.outcomes, [](const auto& one) { return one.has_value(); });
  };
  for (const auto& [key, where] : sites_) {
    for (const JobPtr& job : where->queue->take_if(untouched)) out.push_back(std::move(job->delivery));
  }
  deliveries_ -= out.size();
  return out;
}

std::string Manager::Impl::why_waiting(const Wanted& wanted) const {
  for (const auto& [key, where] : sites_) {
    if (!where->queue->holds([&wanted](const Job& job) { return wanted(*job.delivery); })) continue;
    const auto busy = std::ranges::count_if(
        where->connections, [](const auto& one) { return one.second->state() == Connection::State::busy; });
    return fmt::format(
        "it waits for a connection: {} deliveries wait for these hosts, {} of {} connections are busy, {} "
        "are "
        "being made, and pacing allows {} now",
        where->queue->size(), busy, where->connections.size(), where->walks.size(),
        where->pacing.connections());
  }
  return {};
}

void Manager::Impl::reconfigure(Settings settings) {
  settings_ = std::move(settings);
  memory_.reconfigure(settings_.memory);
}

void Manager::Impl::stop(Steady deadline, std::move_only_function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  tick_timer_.cancel();
  for (auto& [key, where] : sites_) {
    for (JobPtr& job : where->queue->drain()) finish(std::move(job), stopping());
  }
  if (maildir_) {
    for (JobPtr& job : maildir_->take_back()) finish(std::move(job), stopping());
  }
  for (const auto& [id, connection] : connections_) connection->retire();
  const Millis left = std::max(Millis{0}, std::chrono::duration_cast<Millis>(deadline - net::steady_now()));
  stop_timer_ = conductor_.after(left, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->aborted_ = true;
    for (const auto& [id, connection] : self->connections_) connection->abort();
    self->check_stopped();
  });
  conductor_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->check_stopped();
  });
}

void Manager::Impl::check_stopped() {
  // A connection that is still being made holds no delivery; after the deadline nobody waits for it.
  if (!stopping_ || !stopped_ || deliveries_ != 0 || (!connections_.empty() && !aborted_)) return;
  stop_timer_.cancel();
  auto done = std::move(stopped_);
  stopped_ = nullptr;
  maildir_.reset();
  done();
}

void Manager::Impl::shut() {
  if (reports_) reports_->shut();
  for (auto& [key, where] : sites_) where->queue->shut();
  maildir_.reset();
  tick_timer_.cancel();
  stop_timer_.cancel();
}

Manager::Manager(net::Loop& conductor, std::vector<net::Loop*> io_loops, Router& router, FileSystem& files,
                 Settings settings, SiteBack site_back)
    : impl_(std::make_shared<Impl>(conductor, std::move(io_loops), router, files, std::move(settings),
                                   std::move(site_back))) {
  impl_->begin();
}
Manager::~Manager() { impl_->shut(); }
void Manager::start(mail::DeliveryPtr delivery, mail::DeliveryDone done) {
  impl_->start(std::move(delivery), std::move(done));
}
void Manager::reconfigure(Settings settings) { impl_->reconfigure(std::move(settings)); }
void Manager::probe_now(const std::string& address) { impl_->probe_now(address); }
void Manager::drain(const mail::Domain& domain) { impl_->drain(domain); }
void Manager::sign_in_again(const std::set<std::string>& accounts) { impl_->sign_in_again(accounts); }
void Manager::recovery(const mail::Delivery& asked, RecoveryDone done) {
  impl_->recovery(asked, std::move(done));
}
ManagerStatus Manager::status() const { return impl_->status(); }
std::vector<mail::DeliveryPtr> Manager::take_back(const Wanted& wanted) { return impl_->take_back(wanted); }
std::string Manager::why_waiting(const Wanted& wanted) const { return impl_->why_waiting(wanted); }
void Manager::stop(Steady deadline, std::move_only_function<void()> done) {
  impl_->stop(deadline, std::move(done));
}

}  // namespace waybill::deliver
