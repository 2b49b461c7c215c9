#include "handover/reports.h"

namespace waybill::handover {
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

queue::Event told(const queue::Report& about, MessageId report, const queue::MessageRecord& original,
                  Time now) {
  queue::Event event;
  event.time = now;
  event.message = original.id;
  event.recipient = about.key.index;
  event.kind = about.kind == queue::ReportKind::delay ? queue::EventKind::delay_notice_sent
                                                      : queue::EventKind::report_sent;
  event.address = about.record.recipient.address.to_string();
  event.detail = fmt::format("{} report {} to {}", queue::to_string(about.kind), report.to_string(),
                             mail::to_string(original.envelope.from));
  return event;
}
}  // namespace

Fresh report_message(bounce::Report report, MessageId id, Time now, const Expand& expand,
                     queue::Transaction& transaction) {
  if (expand) {
    std::vector<mail::Recipient> receivers;
    for (mail::Recipient& one : report.envelope.recipients) {
      for (mail::Recipient& receiver : mail::recipients_of(expand(std::move(one))))
        receivers.push_back(std::move(receiver));
    }
    report.envelope.recipients = std::move(receivers);
  }
  mail::Origin origin;
  origin.via = mail::Origin::Via::bounce;
  origin.listener = "bounce";
  Fresh fresh = to_fresh(id, now, std::move(origin), std::move(report.envelope));
  set_body(fresh, report.chunks, report.size_octets);
  transaction.messages.push_back(to_store(fresh, std::move(report.chunks)));
  return fresh;
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

Reports add_reports(const queue::Plan& plan, const bounce::Settings& settings,
                    const queue::Schedule& schedule, IdSource& ids, Time now, queue::Transaction& transaction,
                    const Expand& expand) {
  Reports out;
  for (int news = 0; news < 3; ++news) {
    std::vector<bounce::Recipient> recipients;
    std::vector<const queue::Report*> about;
    for (const queue::Report& report : plan.reports) {
      if (!report.decision.wanted || news_of(report.kind) != news) continue;
      const Millis tried_for =
          queue::expire_after(schedule, plan.message->envelope.from, report.record.recipient.address.domain);
      recipients.push_back(to_bounce(report, plan.message->arrived + tried_for));
      about.push_back(&report);
    }
    if (recipients.empty()) continue;
    const bounce::Original original{plan.message->id, plan.message->arrived, plan.message->envelope,
                                    plan.message->origin, plan.body};
    const MessageId id = ids.next();
    auto report = bounce::compose(original, recipients, settings, id, now);
    if (!report) {
      out.failed.push_back(report.error());
      continue;
    }
    for (const queue::Report* one : about) transaction.events.push_back(told(*one, id, *plan.message, now));
    out.messages.push_back(report_message(std::move(*report), id, now, expand, transaction));
  }
  return out;
}

}  // namespace waybill::handover
