#include "rehearse/conductor.h"

#include <algorithm>
#include <utility>

#include "handover/release.h"
#include "handover/reports.h"
#include "mail/address.h"
#include "queue/operate.h"

namespace waybill::rehearse {
using handover::Fresh;
namespace {
/// As in daemon/conductor.cc.
constexpr Millis kWakeMin{20};
constexpr Millis kWakeMax{3'600'000};
constexpr size_t kHandOutMax = 256;
constexpr uint64_t kBodyOctetsMax = 64ULL << 20;
constexpr size_t kRetryPage = 1000;
constexpr uint64_t kCommitsToAudit = 20'000;
constexpr size_t kCustodyFaultsMax = 100;

std::string numbered(std::string text, uint64_t number) {
  for (size_t at = text.find("{n}"); at != std::string::npos; at = text.find("{n}", at))
    text.replace(at, 3, fmt::format("{}", number));
  return text;
}

// In long lines: every line is looked at anew for every message, and that is no part of what is rehearsed.
std::string body_text(uint64_t octets) {
  constexpr size_t kLineOctets = 900;  // RFC 5322 2.1.1: 998 at most
  std::string out = "Subject: a rehearsal\r\n\r\n";
  while (out.size() < octets) {
    const uint64_t left = octets - out.size();
    out.append(static_cast<size_t>(std::min<uint64_t>(left, kLineOctets)), 'x');
    out += "\r\n";
  }
  return out;
}

bounce::Settings bounce_settings(const Scenario& scenario) {
  bounce::Settings out;
  if (auto name = mail::Domain::parse(scenario.hostname)) out.hostname = std::move(*name);
  return out;
}

deliver::Settings deliver_settings(const Scenario& scenario) {
  deliver::Settings out = scenario.deliver;
  out.hostname = scenario.hostname;
  return out;
}
}  // namespace

Conductor::Conductor(const Scenario& scenario, net::Loop& loop, ManualClock& clock, deliver::Router& router,
                     Recorder& recorder)
    : scenario_(scenario),
      loop_(loop),
      clock_(clock),
      recorder_(recorder),
      start_(clock.steady()),
      ids_(clock),
      bounce_(bounce_settings(scenario)),
      scheduler_(store_, scenario.schedule, scenario.limits, scenario.seed),
      manager_(loop, {&loop}, router, files_, deliver_settings(scenario),
               [this](const std::string&, const std::vector<mail::Domain>& domains,
                      deliver::Manager::Release what) { return release(domains, what); }) {
  commits_to_audit_ = kCommitsToAudit;
  scheduler_.recover();
}

Conductor::~Conductor() = default;

Status Conductor::inject(const Injection& injection, uint64_t number) {
  mail::Envelope envelope;
  if (!injection.from.empty()) {
    auto from = mail::Address::parse(numbered(injection.from, number));
    if (!from) return pass(from.error());
    envelope.from = std::move(*from);
  }
  for (const std::string& to : injection.to) {
    auto address = mail::Address::parse(numbered(to, number));
    if (!address) return pass(address.error());
    envelope.recipients.push_back({std::move(*address), injection.notify, {}});
  }
  Chunk& body = bodies_[injection.size_octets];
  if (body.empty()) body = Chunk(body_text(std::min(injection.size_octets, kBodyOctetsMax)));
  std::vector<Chunk> chunks;
  if (body.size() <= kChunkOctetsMax) {
    chunks.push_back(body);
  } else {
    for (size_t at = 0; at < body.size(); at += kChunkOctetsMax)
      chunks.emplace_back(std::string(body.view().substr(at, kChunkOctetsMax)));
  }
  Fresh fresh = handover::to_fresh(ids_.next(), clock_.now(), {}, std::move(envelope));
  handover::set_body(fresh, chunks, body.size());
  queue::Transaction transaction;
  transaction.messages.push_back(handover::to_store(fresh, std::move(chunks)));
  commit(std::move(transaction));
  take(std::move(fresh));
  return fault_;
}

void Conductor::take(Fresh fresh) {
  const bool report = fresh.message.origin.via == mail::Origin::Via::bounce;
  for (uint32_t n = 0; n < fresh.recipients.size(); ++n) {
    recorder_.arrival(
        {elapsed(), fresh.message.id, n, fresh.recipients[n].recipient.address.to_string(), report});
  }
  depth(static_cast<int64_t>(fresh.recipients.size()));
  scheduler_.accepted(std::make_shared<const queue::MessageRecord>(std::move(fresh.message)),
                      std::move(fresh.recipients), std::move(fresh.body), clock_.now());
  pump_soon();
}

void Conductor::depth(int64_t change) {
  queued_ = static_cast<uint64_t>(static_cast<int64_t>(queued_) + change);
  recorder_.depth({elapsed(), queued_});
}

void Conductor::pump_soon() {
  if (std::exchange(pump_posted_, true)) return;
  loop_.post([this] {
    pump_posted_ = false;
    pump();
  });
}

void Conductor::pump() {
  const Time now = clock_.now();
  auto deliveries = scheduler_.next(now, kHandOutMax);
  if (!deliveries) {
    if (fault_) fault_ = pass(deliveries.error());
    return;
  }
  for (mail::DeliveryPtr& delivery : *deliveries)
    manager_.start(std::move(delivery), [this](const mail::DeliveryResult& result) { finished(result); });
  if (deliveries->size() == kHandOutMax) return pump_soon();
  const std::optional<Time> next = scheduler_.next_wake(now);
  if (!next) return;
  if (!deliveries->empty() && *next <= now) return pump_soon();
  if (wake_at_ && *wake_at_ == *next && wake_.pending()) return;
  wake_at_ = next;
  wake_ = loop_.after(std::clamp<Millis>(*next - now, kWakeMin, kWakeMax), [this] {
    wake_at_.reset();
    pump();
  });
}

void Conductor::finished(const mail::DeliveryResult& result) {
  queue::Plan plan = scheduler_.finished(result, clock_.now());
  if (plan.changes.empty()) return pump_soon();
  for (const queue::Change& change : plan.changes) {
    const auto& recipients = result.delivery->recipients;
    const auto at = std::ranges::find(recipients, change.key.index, &mail::DeliveryRecipient::index);
    const mail::Outcome* outcome =
        at == recipients.end() ? nullptr : &result.outcomes[static_cast<size_t>(at - recipients.begin())];
    recorder_.attempt({elapsed(), change.key.message, change.key.index, change.after.state,
                       outcome != nullptr ? outcome->reply : change.after.last_reply,
                       outcome != nullptr ? outcome->host : ""});
  }
  queue::Transaction transaction;
  std::vector<Fresh> reports = add_reports(plan, transaction);
  const std::vector<queue::Change> changes = plan.changes;
  transaction.changes = std::move(plan.changes);
  commit(std::move(transaction));
  scheduler_.settled(changes);
  const auto ended = std::ranges::count_if(
      changes, [](const queue::Change& change) { return queue::is_final(change.after.state); });
  if (ended > 0) depth(-ended);
  for (Fresh& report : reports) take(std::move(report));
  pump_soon();
}

// The ledger of what has ended is most of a long run's memory. Looking at it costs what it holds, so the next
// look waits until it may have doubled.
void Conductor::audit() {
  const auto report = store_.verify_custody();
  if (!report) {
    if (fault_) fault_ = pass(report.error());
    return;
  }
  for (const std::string& fault : report->faults) {
    if (custody_faults_.size() < kCustodyFaultsMax &&
        std::ranges::find(custody_faults_, fault) == custody_faults_.end())
      custody_faults_.push_back(fault);
  }
  (void)store_.prune_ledger(clock_.now());
  commits_to_audit_ = std::max<uint64_t>(kCommitsToAudit, queued_ * 2);
}

void Conductor::commit(queue::Transaction transaction) {
  store_.commit(std::move(transaction), [this](Status status) {
    if (!status && fault_) fault_ = std::move(status);
  });
  if (--commits_to_audit_ == 0) audit();
}

void Conductor::demand(const Demand& demand) {
  if (demand.by == Demand::By::etrn) {
    if (const auto domain = mail::Domain::parse(demand.domain)) manager_.drain(*domain);
    return;
  }
  manager_.probe_now();
  queue::Selector selector;
  selector.domain = demand.domain;
  std::optional<queue::RecipientKey> after;
  do {
    const auto page = store_.list(selector, clock_.now(), after, kRetryPage);
    if (!page) {
      if (fault_) fault_ = pass(page.error());
      return;
    }
    queue::Acted acted = queue::act(scheduler_, store_, {queue::Action::Kind::retry, "an operator", ""},
                                    queue::keys_of(*page), clock_.now());
    after = page->next;
    queue::Transaction transaction;
    transaction.changes = acted.changes;
    commit(std::move(transaction));
    scheduler_.settled(acted.changes);
  } while (after);
  pump_soon();
}

bool Conductor::release(const std::vector<mail::Domain>& domains, deliver::Manager::Release what) {
  std::vector<std::string> names;
  for (const mail::Domain& domain : domains) names.push_back(domain.text());
  const bool any = handover::release(scheduler_, names, what, clock_.now());
  if (what != deliver::Manager::Release::none) pump_soon();
  return any;
}

std::vector<Fresh> Conductor::add_reports(const queue::Plan& plan, queue::Transaction& transaction) {
  const Time give_up = plan.message->arrived + scenario_.schedule.expire_after;
  for (const queue::Report& report : plan.reports) {
    if (!report.decision.wanted) continue;
    recorder_.report({elapsed(), report.kind, mail::to_string(plan.message->envelope.from),
                      report.record.recipient.address.to_string(),
                      bounce::status_of(handover::to_bounce(report, give_up)).to_string()});
  }
  handover::Reports reports =
      handover::add_reports(plan, bounce_, scenario_.schedule, ids_, clock_.now(), transaction);
  if (fault_ && !reports.failed.empty()) fault_ = pass(reports.failed.front(), "report");
  return std::move(reports.messages);
}

}  // namespace waybill::rehearse
