#include "handover/expansions.h"

namespace waybill::handover {
namespace {
queue::Event told(const mail::Expanded& one, MessageId message, Time now) {
  queue::Event event;
  event.time = now;
  event.message = message;
  event.kind = queue::EventKind::expanded;
  event.address = one.given.address.to_string();
  event.detail = "to " + mail::describe(one.to);
  return event;
}

bounce::Recipient to_bounce(const mail::Expanded& one) {
  bounce::Recipient out;
  out.recipient = one.given;
  out.action = bounce::Action::expanded;
  out.reply = {250, {2, 1, 5}, "the address stands for several others"};
  return out;
}
}  // namespace

Reports add_expansions(const Fresh& fresh, const std::vector<mail::Expanded>& expanded,
                       const bounce::Settings& settings, const Expand& expand, IdSource& ids, Time now,
                       queue::Transaction& transaction) {
  Reports out;
  std::vector<bounce::Recipient> asked;
  for (const mail::Expanded& one : expanded) {
    transaction.events.push_back(told(one, fresh.message.id, now));
    const bool wanted =
        mail::wants_expanded_report(one) &&
        bounce::should_report(bounce::Action::expanded, fresh.message.envelope.from, one.given.notify).send;
    if (wanted) asked.push_back(to_bounce(one));
  }
  if (asked.empty()) return out;
  const bounce::Original original{fresh.message.id, fresh.message.arrived, fresh.message.envelope,
                                  fresh.message.origin, fresh.body};
  const MessageId id = ids.next();
  auto report = bounce::compose(original, asked, settings, id, now);
  if (!report) {
    out.failed.push_back(report.error());
    return out;
  }
  for (const bounce::Recipient& one : asked) {
    queue::Event event;
    event.time = now;
    event.message = fresh.message.id;
    event.kind = queue::EventKind::report_sent;
    event.address = one.recipient.address.to_string();
    event.detail =
        fmt::format("expanded report {} to {}", id.to_string(), mail::to_string(fresh.message.envelope.from));
    transaction.events.push_back(std::move(event));
  }
  out.messages.push_back(report_message(std::move(*report), id, now, expand, transaction));
  return out;
}

}  // namespace waybill::handover
