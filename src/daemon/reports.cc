#include "daemon/reports.h"

#include "base/log.h"

namespace waybill::daemon {
namespace {
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

// Failures, delays and successes are different news: each has a message of its own.
int news_of(queue::ReportKind kind) {
  if (kind == queue::ReportKind::failure) return 0;
  return kind == queue::ReportKind::delay ? 1 : 2;
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

Fresh to_fresh(bounce::Report&& report, MessageId id, Time now, queue::NewMessage& message) {
  Fresh fresh;
  fresh.message.id = id;
  fresh.message.arrived = now;
  fresh.message.origin.via = mail::Origin::Via::bounce;
  fresh.message.origin.listener = "bounce";
  fresh.message.size_octets = report.size_octets;
  fresh.message.chunk_count = static_cast<uint32_t>(report.chunks.size());
  for (mail::Recipient& recipient : report.envelope.recipients) {
    queue::RecipientRecord record;
    record.recipient = std::move(recipient);
    record.next_attempt = now;
    fresh.recipients.push_back(std::move(record));
  }
  report.envelope.recipients.clear();
  fresh.message.recipient_count = static_cast<uint32_t>(fresh.recipients.size());
  fresh.message.envelope = std::move(report.envelope);
  fresh.body = std::make_shared<mail::MemoryBody>(report.chunks);
  message.message = fresh.message;
  message.recipients = fresh.recipients;
  message.chunks = std::move(report.chunks);
  return fresh;
}
}  // namespace

std::vector<Fresh> add_reports(const queue::Plan& plan, const bounce::Settings& settings,
                               const queue::Schedule& schedule, IdSource& ids, Time now,
                               queue::Transaction& transaction) {
  std::vector<Fresh> out;
  for (int news = 0; news < 3; ++news) {
    std::vector<bounce::Recipient> recipients;
    std::vector<const queue::Report*> told;
    for (const queue::Report& report : plan.reports) {
      if (!report.decision.wanted || news_of(report.kind) != news) continue;
      recipients.push_back(to_bounce(report, plan.message->arrived + schedule.expire_after));
      told.push_back(&report);
    }
    if (recipients.empty()) continue;
    const bounce::Original original{plan.message->id, plan.message->arrived, plan.message->envelope,
                                    plan.message->origin, plan.body};
    const MessageId id = ids.next();
    auto report = bounce::compose(original, recipients, settings, id, now);
    if (!report) {
      log::error("no report", {{"id", plan.message->id}, {"why", report.error().what}});
      continue;
    }
    for (const queue::Report* one : told) {
      queue::Event event;
      event.time = now;
      event.message = plan.message->id;
      event.recipient = one->key.index;
      event.kind = one->kind == queue::ReportKind::delay ? queue::EventKind::delay_notice_sent
                                                         : queue::EventKind::report_sent;
      event.address = one->record.recipient.address.to_string();
      event.detail = fmt::format("{} report {} to {}", queue::to_string(one->kind), id.to_string(),
                                 mail::to_string(plan.message->envelope.from));
      transaction.events.push_back(std::move(event));
    }
    out.push_back(to_fresh(std::move(*report), id, now, transaction.messages.emplace_back()));
  }
  return out;
}

}  // namespace waybill::daemon
