#include "rehearse/conductor.h"

#include <algorithm>
#include <utility>

#include "mail/address.h"

namespace waybill::rehearse {
namespace {
/// As in daemon/conductor.cc.
constexpr Millis kWakeMin{20};
constexpr Millis kWakeMax{3'600'000};
constexpr size_t kHandOutMax = 256;
constexpr uint64_t kBodyOctetsMax = 64ULL << 20;

std::string numbered(std::string text, uint64_t number) {
  for (size_t at = text.find("{n}"); at != std::string::npos; at = text.find("{n}", at))
    text.replace(at, 3, fmt::format("{}", number));
  return text;
}

std::string body_text(uint64_t octets) {
  std::string out = "Subject: a rehearsal\r\n\r\n";
  static constexpr std::string_view kLine = "This line was sent by nobody to no one in particular.\r\n";
  while (out.size() < octets) out += kLine;
  return out;
}

bounce::Action action_of(queue::ReportKind kind) {
  switch (kind) {
    case queue::ReportKind::failure:
      return bounce::Action::failed;
    case queue::ReportKind::delay:
      return bounce::Action::delayed;
    case queue::ReportKind::delivered:
      return bounce::Action::delivered;
    case queue::ReportKind::relayed:
      return bounce::Action::relayed;
  }
  return bounce::Action::failed;
}

bounce::Recipient to_bounce(const queue::Report& report, Time give_up) {
  bounce::Recipient out;
  out.recipient = report.record.recipient;
  out.action = action_of(report.kind);
  out.reply = report.outcome.reply;
  out.remote = report.outcome.remote;
  out.host = report.outcome.host;
  out.address = report.outcome.address;
  out.last_attempt = report.record.last_attempt;
  out.expired = report.record.state == queue::State::expired;
  if (report.kind == queue::ReportKind::delay) out.will_retry_until = give_up;
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
                     Journal& journal)
    : scenario_(scenario),
      loop_(loop),
      clock_(clock),
      journal_(journal),
      start_(clock.steady()),
      ids_(clock),
      bounce_(bounce_settings(scenario)),
      scheduler_(store_, scenario.schedule, {}, scenario.seed),
      manager_(loop, {&loop}, router, files_, deliver_settings(scenario),
               [this](const std::string&, const std::vector<mail::Domain>& domains) { release(domains); }) {
  scheduler_.recover();
}

Conductor::~Conductor() = default;

queue::NewMessage Conductor::stored(const Fresh& fresh, std::vector<Chunk> chunks) {
  queue::NewMessage out;
  out.message = fresh.message;
  out.recipients = fresh.recipients;
  out.chunks = std::move(chunks);
  return out;
}

Status Conductor::inject(const Injection& injection, uint64_t number) {
  Fresh fresh;
  fresh.message.id = ids_.next();
  fresh.message.arrived = clock_.now();
  if (!injection.from.empty()) {
    auto from = mail::Address::parse(numbered(injection.from, number));
    if (!from) return pass(from.error());
    fresh.message.envelope.from = std::move(*from);
  }
  for (const std::string& to : injection.to) {
    auto address = mail::Address::parse(numbered(to, number));
    if (!address) return pass(address.error());
    queue::RecipientRecord record;
    record.recipient = {std::move(*address), injection.notify, {}};
    record.next_attempt = clock_.now();
    fresh.recipients.push_back(std::move(record));
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
  fresh.message.size_octets = body.size();
  fresh.message.chunk_count = static_cast<uint32_t>(chunks.size());
  fresh.message.recipient_count = static_cast<uint32_t>(fresh.recipients.size());
  fresh.body = std::make_shared<mail::MemoryBody>(chunks);
  queue::Transaction transaction;
  transaction.messages.push_back(stored(fresh, std::move(chunks)));
  commit(std::move(transaction));
  take(std::move(fresh));
  return fault_;
}

void Conductor::take(Fresh fresh) {
  const bool report = fresh.message.origin.via == mail::Origin::Via::bounce;
  for (uint32_t n = 0; n < fresh.recipients.size(); ++n) {
    journal_.arrivals.push_back(
        {elapsed(), fresh.message.id, n, fresh.recipients[n].recipient.address.to_string(), report});
  }
  depth(static_cast<int64_t>(fresh.recipients.size()));
  scheduler_.accepted(std::make_shared<const queue::MessageRecord>(std::move(fresh.message)),
                      std::move(fresh.recipients), std::move(fresh.body), clock_.now());
  pump_soon();
}

void Conductor::depth(int64_t change) {
  queued_ = static_cast<uint64_t>(static_cast<int64_t>(queued_) + change);
  journal_.depths.push_back({elapsed(), queued_});
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
    journal_.attempts.push_back({elapsed(), change.key.message, change.key.index, change.after.state,
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

void Conductor::commit(queue::Transaction transaction) {
  store_.commit(std::move(transaction), [this](Status status) {
    if (!status && fault_) fault_ = std::move(status);
  });
}

void Conductor::release(const std::vector<mail::Domain>& domains) {
  std::vector<std::string> names;
  for (const mail::Domain& domain : domains) names.push_back(domain.text());
  scheduler_.release_domains(names, clock_.now());
  pump_soon();
}

// One message for each kind of news, as daemon/reports.cc makes them.
std::vector<Conductor::Fresh> Conductor::add_reports(const queue::Plan& plan,
                                                     queue::Transaction& transaction) {
  std::vector<Fresh> out;
  std::map<bounce::Action, std::vector<bounce::Recipient>> news;
  for (const queue::Report& report : plan.reports) {
    if (!report.decision.wanted) continue;
    const bounce::Action action = action_of(report.kind);
    const bool success = action == bounce::Action::delivered || action == bounce::Action::relayed;
    const bounce::Recipient about =
        to_bounce(report, plan.message->arrived + scenario_.schedule.expire_after);
    journal_.reports.push_back({elapsed(), report.kind, mail::to_string(plan.message->envelope.from),
                                report.record.recipient.address.to_string(),
                                bounce::status_of(about).to_string()});
    news[success ? bounce::Action::delivered : action].push_back(about);
  }
  for (const auto& [action, recipients] : news) {
    const bounce::Original original{plan.message->id, plan.message->arrived, plan.message->envelope,
                                    plan.message->origin, plan.body};
    const MessageId id = ids_.next();
    auto report = bounce::compose(original, recipients, bounce_, id, clock_.now());
    if (!report) {
      if (fault_) fault_ = pass(report.error(), "report");
      continue;
    }
    Fresh fresh;
    fresh.message.id = id;
    fresh.message.arrived = clock_.now();
    fresh.message.origin.via = mail::Origin::Via::bounce;
    fresh.message.size_octets = report->size_octets;
    fresh.message.chunk_count = static_cast<uint32_t>(report->chunks.size());
    for (mail::Recipient& recipient : report->envelope.recipients) {
      queue::RecipientRecord record;
      record.recipient = std::move(recipient);
      record.next_attempt = clock_.now();
      fresh.recipients.push_back(std::move(record));
    }
    report->envelope.recipients.clear();
    fresh.message.recipient_count = static_cast<uint32_t>(fresh.recipients.size());
    fresh.message.envelope = std::move(report->envelope);
    fresh.body = std::make_shared<mail::MemoryBody>(report->chunks);
    transaction.messages.push_back(stored(fresh, std::move(report->chunks)));
    out.push_back(std::move(fresh));
  }
  return out;
}

}  // namespace waybill::rehearse
