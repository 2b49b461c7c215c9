// backend_why.cc: why a recipient is where it is: the scheduler's reasons and the planner's, by the same code
// that decided.
#include <algorithm>

#include "base/bytes.h"
#include "daemon/backend.h"
#include "daemon/convert.h"
#include "queue/ledger.h"

namespace waybill::daemon {
namespace {
std::string summary_of(const queue::RecipientRecord& record, queue::Phase phase, bool waits, Time now) {
  if (record.state == queue::State::held) return "held until an operator releases it";
  if (waits) return "ready: waits for a connection";
  if (phase == queue::Phase::in_flight) return "being delivered at this moment";
  if (phase == queue::Phase::ready) return "ready: waits for its turn and a free connection";
  if (record.next_attempt <= now) return "due: waits for room in memory and its turn";
  return fmt::format("waits: the next attempt is in {}", format_duration(record.next_attempt - now));
}

control::WhyRecipient ended(const queue::Event& event, uint32_t index, uint32_t attempts) {
  control::WhyRecipient out;
  out.recipient.index = index;
  out.recipient.attempts = attempts;
  if (auto address = mail::Address::parse(event.address)) out.recipient.recipient.address = *address;
  out.recipient.last_reply = event.reply;
  out.recipient.last_host = event.host;
  out.recipient.last_attempt = event.time;
  switch (event.kind) {
    case queue::EventKind::delivered:
      out.recipient.state = control::RecipientState::delivered;
      break;
    case queue::EventKind::bounced:
      out.recipient.state = control::RecipientState::bounced;
      break;
    case queue::EventKind::expired:
      out.recipient.state = control::RecipientState::expired;
      break;
    case queue::EventKind::discarded:
      out.recipient.state = control::RecipientState::discarded;
      break;
    default:
      out.recipient.state = control::RecipientState::deleted;
      break;
  }
  out.summary = fmt::format("{} at {}", queue::to_string(event.kind), format_rfc3339(event.time));
  if (!event.host.empty()) out.lines.push_back({"host", "", event.host});
  if (event.reply.code != 0) out.lines.push_back({"reply", "RFC 5321 4.2", event.reply.to_string()});
  if (!event.detail.empty()) out.lines.push_back({"detail", "", event.detail});
  return out;
}

bool ends(queue::EventKind kind) {
  return kind == queue::EventKind::delivered || kind == queue::EventKind::bounced ||
         kind == queue::EventKind::expired || kind == queue::EventKind::deleted ||
         kind == queue::EventKind::discarded;
}
}  // namespace

Targeter::Asked Backend::as_asked(MessageId id, const queue::RecipientRecord& record) const {
  Targeter::Asked out{.domain = record.recipient.address.domain,
                      .sender = {},
                      .listener = {},
                      .route_pin = record.route_pin,
                      .released = record.released};
  if (const auto message = parts_.store.message(id); message && *message) {
    out.sender = (*message)->envelope.from;
    out.listener = (*message)->origin.listener;
  }
  return out;
}

net::Task<control::WhyRecipient> Backend::why_one(MessageId id, uint32_t index,
                                                  queue::RecipientRecord record) {
  struct Asked {
    Result<queue::Why> why;
    std::string waiting;  ///< for what, when it is handed out and not yet on a connection
  };
  const mail::Domain domain = record.recipient.address.domain;
  std::move_only_function<Asked()> ask = [this, id, index] {
    return Asked{parts_.conductor.scheduler().why({id, index}, parts_.clock.now()),
                 parts_.conductor.why_waiting({id, index})};
  };
  Asked asked = co_await on_conductor<Asked>(std::move(ask));
  control::WhyRecipient out;
  out.recipient = to_control(index, record);
  const bool waits = !asked.waiting.empty();
  out.recipient.in_flight = asked.why && asked.why->phase == queue::Phase::in_flight && !waits;
  out.summary =
      summary_of(record, asked.why ? asked.why->phase : queue::Phase::none, waits, parts_.clock.now());
  if (asked.why) {
    for (std::string& reason : asked.why->reasons) out.lines.push_back({"queue", "", std::move(reason)});
  } else {
    out.lines.push_back({"queue", "", asked.why.error().what});
  }
  if (waits) out.lines.push_back({"delivery", "", std::move(asked.waiting)});
  const Targeter::Asked mail = as_asked(id, record);
  const config::Domain* known = parts_.config()->find_domain(domain);
  const bool handed_on =
      known == nullptr || known->role != config::DomainRole::primary || !record.route_pin.empty();
  if (handed_on) {
    std::optional<control::RecoveryStatus> recovery = co_await recovery_of(mail);
    out.recovery = std::move(recovery);
    if (out.recovery) out.lines.push_back({"recovery", "", describe(*out.recovery, parts_.clock.now())});
    if (out.recovery && !out.recovery->fault.empty())
      out.lines.push_back({"recovery.fault", "RFC 4954 4", out.recovery->fault});
  }
  if (known != nullptr && known->role == config::DomainRole::primary && record.route_pin.empty()) {
    out.lines.push_back({"route.local", "",
                         fmt::format("{} ends here: {}", domain.text(),
                                     known->mailboxes ? known->mailboxes->to_string() : "")});
    co_return std::move(out);
  }
  if (!record.route_pin.empty()) {
    out.lines.push_back(
        {"route.pin", "", fmt::format("an operator pinned its route to {}", record.route_pin)});
  }
  net::Callback<route::Plan> waiting(parts_.loop);
  parts_.conductor_loop.post([this, mail, answer = waiting.completer()]() mutable {
    parts_.targeter.explain(mail, std::move(answer));
  });
  const route::Plan plan = co_await waiting;
  for (const route::Reason& step : plan.steps) out.lines.push_back({step.rule, step.ref, step.text});
  for (const route::Attempt& attempt : plan.attempts) {
    out.lines.push_back({"attempt", "",
                         fmt::format("{} {} at {}", attempt.preference, attempt.host,
                                     Endpoint{attempt.ip, attempt.port}.to_string())});
  }
  if (plan.decision != route::Verdict::deliver)
    out.lines.push_back(
        {"decision", "", fmt::format("{}: {}", route::to_string(plan.decision), plan.reason)});
  co_return std::move(out);
}

net::Task<Result<control::WhyAnswer>> Backend::why(control::WhyRequest request) {
  auto events = parts_.store.events(request.message);
  if (!events) co_return pass(events.error());
  auto open = parts_.store.recipients(request.message);
  if (!open) co_return pass(open.error());
  control::WhyAnswer out;
  out.id = request.message;
  const auto wanted = [&request](std::string_view address) {
    return request.recipient.empty() || iequals(request.recipient, address);
  };
  for (const auto& [index, record] : *open) {
    if (!wanted(record.recipient.address.to_string())) continue;
    control::WhyRecipient one = co_await why_one(request.message, index, record);
    out.recipients.push_back(std::move(one));
  }
  for (const queue::Event& event : *events) {
    if (event.recipient && ends(event.kind) && wanted(event.address))
      out.recipients.push_back(ended(event, *event.recipient, queue::attempts_of(*event.recipient, *events)));
  }
  if (out.recipients.empty()) {
    co_return fail(Errc::not_found, "neither the queue nor the ledger knows {}{}",
                   request.message.to_string(), request.recipient.empty() ? "" : " to " + request.recipient);
  }
  co_return std::move(out);
}

}  // namespace waybill::daemon
