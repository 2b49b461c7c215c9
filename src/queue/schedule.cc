#include "queue/schedule.h"

#include <algorithm>

namespace waybill::queue {
namespace {

// splitmix64: one well-mixed number from a seed, without state.
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

Change base_change(RecipientKey key, const RecipientRecord& before, const mail::Outcome& outcome, Time now) {
  Change out;
  out.key = key;
  out.after = before;
  if (out.after.attempts < UINT16_MAX) ++out.after.attempts;
  out.after.last_attempt = now;
  out.after.last_reply = outcome.reply;
  out.after.last_host = outcome.host;
  out.after.reply_is_remote = outcome.remote;
  out.event.time = now;
  out.event.message = key.message;
  out.event.recipient = key.index;
  out.event.address = before.recipient.address.to_string();
  out.event.reply = outcome.reply;
  out.event.host = outcome.host;
  return out;
}

void end(Change& change, State state, EventKind kind, std::string detail) {
  change.after.state = state;
  change.event.kind = kind;
  change.event.detail = std::move(detail);
}

void add_report(Verdict& verdict, ReportKind kind, const MessageRecord& message, mail::Outcome outcome) {
  auto decision = decide_report(kind, message.envelope.from, verdict.change.after.recipient);
  verdict.reports.push_back(
      {kind, verdict.change.key, verdict.change.after, std::move(outcome), std::move(decision)});
}

void judge_delivered(Verdict& verdict, const MessageRecord& message, const mail::Outcome& outcome) {
  end(verdict.change, State::delivered, EventKind::delivered,
      outcome.address.empty() ? "" : "at " + outcome.address);
  if (outcome.final_delivery) {
    add_report(verdict, ReportKind::delivered, message, outcome);
  } else if (!outcome.dsn_passed) {
    // RFC 3461 5.2.2: the next hop knows no DSN, so this is the last that the sender can hear.
    add_report(verdict, ReportKind::relayed, message, outcome);
  }
}

void judge_expired(Verdict& verdict, const Schedule& schedule, const MessageRecord& message,
                   mail::Outcome outcome) {
  end(verdict.change, State::expired, EventKind::expired,
      fmt::format("undelivered for {}, after {} attempts",
                  format_duration(expire_after(schedule, message.envelope.from,
                                               verdict.change.after.recipient.address.domain)),
                  verdict.change.after.attempts));
  outcome.reply.enhanced = {4, 4, 7};  // RFC 3463 3.5: delivery time expired
  add_report(verdict, ReportKind::failure, message, std::move(outcome));
}

// Applies what the operator asked for while the attempt was under way; false when there is nothing to apply.
bool apply_intent(Verdict& verdict, const Intent& intent, Time now) {
  Change& change = verdict.change;
  switch (intent.kind) {
    case Intent::Kind::none:
      return false;
    case Intent::Kind::remove:
      end(change, State::deleted, EventKind::deleted, "by " + intent.who);
      return true;
    case Intent::Kind::hold:
      end(change, State::held, EventKind::held, "by " + intent.who);
      return true;
    case Intent::Kind::reroute:
      change.after.route_pin = intent.route_pin;
      end(change, State::queued, EventKind::rerouted, "by " + intent.who + rerouted_to(intent.route_pin));
      change.after.next_attempt = now;
      return true;
    case Intent::Kind::retry:
      end(change, State::queued, EventKind::retry_asked, "by " + intent.who);
      change.after.next_attempt = now;
      return true;
  }
  return false;
}

// A route of our own dropped it or keeps it back: no host was asked, so this was no attempt. What a person
// asked for meanwhile comes first, but for "try it now", which is what led to this.
void judge_routed(Verdict& verdict, const RecipientRecord& before, const mail::Outcome& outcome,
                  const Intent& intent, Time now) {
  Change& change = verdict.change;
  change.after.attempts = before.attempts;
  change.after.last_attempt = before.last_attempt;
  change.after.last_reply = before.last_reply;
  change.after.last_host = before.last_host;
  change.after.reply_is_remote = before.reply_is_remote;
  change.event.reply = {};
  if (intent.kind != Intent::Kind::retry && apply_intent(verdict, intent, now)) return;
  if (outcome.fate == mail::Fate::discarded) {
    end(change, State::discarded, EventKind::discarded, outcome.reply.text);
  } else {
    end(change, State::held, EventKind::held, outcome.reply.text);
  }
}

void judge_deferred(Verdict& verdict, const Schedule& schedule, const MessageRecord& message,
                    const mail::Outcome& outcome, const Intent& intent, Time now, uint64_t seed) {
  if (apply_intent(verdict, intent, now)) return;
  const mail::Domain& domain = verdict.change.after.recipient.address.domain;
  const Time expires = message.arrived + expire_after(schedule, message.envelope.from, domain);
  if (now >= expires) return judge_expired(verdict, schedule, message, outcome);
  Change& change = verdict.change;
  Millis wait = retry_wait(schedule, change.after.attempts, seed);
  // The host is known to be back sooner (RFC 5321 4.5.4.1); never later than the schedule says.
  if (outcome.retry_after > Millis{0}) wait = std::min(wait, outcome.retry_after);
  // One last attempt when the time is up, rather than none in the last hours.
  change.after.next_attempt = std::min(now + wait, expires);
  end(change, State::queued, EventKind::deferred,
      fmt::format("attempt {}; next in {}", change.after.attempts,
                  format_duration(change.after.next_attempt - now)));
  const bool late =
      schedule.delay_notice_after > Millis{0} && now - message.arrived >= schedule.delay_notice_after;
  if (!change.after.delay_notified && late) {
    change.after.delay_notified = true;  // wanted or not: it is decided once
    add_report(verdict, ReportKind::delay, message, outcome);
  }
}

}  // namespace

Millis expire_after(const Schedule& schedule, const mail::ReversePath& from, const mail::Domain& domain) {
  if (const auto held = schedule.hold_for.find(domain.text()); held != schedule.hold_for.end())
    return held->second;
  return from ? schedule.expire_after : schedule.expire_null_after;
}

Status validate(const Schedule& schedule) {
  if (schedule.retry_after.empty()) return fail(Errc::invalid, "the retry schedule is empty");
  for (const Millis wait : schedule.retry_after) {
    if (wait < std::chrono::seconds(1))
      return fail(Errc::invalid, "a retry wait of {} is too short", format_duration(wait));
  }
  if (schedule.expire_after < schedule.retry_after.front()) {
    return fail(Errc::invalid, "mail would expire after {}, before its first retry",
                format_duration(schedule.expire_after));
  }
  // Shorter than the first retry is fine here: a report is tried once more when its time is up.
  if (schedule.expire_null_after < Millis{0})
    return fail(Errc::invalid, "mail from the null sender would expire before it came");
  if (schedule.jitter < 0 || schedule.jitter > 1)
    return fail(Errc::invalid, "the jitter must lie between 0 and 1");
  return {};
}

Millis retry_wait(const Schedule& schedule, uint16_t attempts, uint64_t seed) {
  if (schedule.retry_after.empty()) return std::chrono::minutes(30);
  const size_t step = std::min<size_t>(attempts > 0 ? attempts - 1U : 0U, schedule.retry_after.size() - 1);
  const Millis wait = schedule.retry_after[step];
  const double part = static_cast<double>(mix(seed) >> 11) * 0x1.0p-53;  // [0, 1)
  return wait + Millis{static_cast<Millis::rep>(static_cast<double>(wait.count()) * schedule.jitter * part)};
}

std::string rerouted_to(const std::string& route_pin) {
  return route_pin.empty() ? ", back to the route table" : ", to " + printable(route_pin, 255);
}

std::string_view to_string(ReportKind kind) {
  switch (kind) {
    case ReportKind::failure:
      return "failure";
    case ReportKind::delay:
      return "delay";
    case ReportKind::delivered:
      return "delivered";
    case ReportKind::relayed:
      return "relayed";
  }
  return "unknown";
}

ReportDecision decide_report(ReportKind kind, const mail::ReversePath& from,
                             const mail::Recipient& recipient) {
  if (!from) return {false, "the reverse-path is null (RFC 5321 4.5.5)"};
  const uint8_t notify = recipient.notify;
  if ((notify & mail::notify_never) != 0) return {false, "the sender asked for NOTIFY=NEVER (RFC 3461 4.1)"};
  const bool unset = notify == mail::notify_unset;
  switch (kind) {
    case ReportKind::failure:
      if (unset || (notify & mail::notify_failure) != 0)
        return {true, "a failure is reported unless NOTIFY excludes it"};
      return {false, "NOTIFY does not name FAILURE"};
    case ReportKind::delay:
      if (unset || (notify & mail::notify_delay) != 0)
        return {true, "a delay is reported once unless NOTIFY excludes it"};
      return {false, "NOTIFY does not name DELAY"};
    case ReportKind::delivered:
    case ReportKind::relayed:
      if ((notify & mail::notify_success) != 0) return {true, "the sender asked for NOTIFY=SUCCESS"};
      return {false, "nobody asked for NOTIFY=SUCCESS"};
  }
  return {false, ""};
}

Verdict judge(const Schedule& schedule, const MessageRecord& message, RecipientKey key,
              const RecipientRecord& before, const mail::Outcome& outcome, const Intent& intent, Time now,
              uint64_t seed) {
  Verdict verdict{.change = base_change(key, before, outcome, now), .reports = {}};
  switch (outcome.fate) {
    case mail::Fate::discarded:
    case mail::Fate::held:
      judge_routed(verdict, before, outcome, intent, now);
      break;
    case mail::Fate::delivered:
      judge_delivered(verdict, message, outcome);
      break;
    case mail::Fate::rejected:
      // Deleted by a person while it was tried: nobody asked to hear of the rejection any more.
      if (intent.kind == Intent::Kind::remove) {
        (void)apply_intent(verdict, intent, now);
      } else {
        end(verdict.change, State::bounced, EventKind::bounced,
            outcome.address.empty() ? "" : "at " + outcome.address);
        add_report(verdict, ReportKind::failure, message, outcome);
      }
      break;
    case mail::Fate::deferred:
      judge_deferred(
          verdict, schedule, message, outcome, intent, now,
          mix(seed ^ key.message.value) ^ (uint64_t{key.index} << 16 | verdict.change.after.attempts));
      break;
  }
  return verdict;
}

}  // namespace waybill::queue
