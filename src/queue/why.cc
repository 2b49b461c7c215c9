// why.cc: what the scheduler knows about one recipient, in sentences: the same state that it decides by.
#include "queue/scheduler.h"

namespace waybill::queue {
namespace {

std::string last_attempt_of(const RecipientRecord& record) {
  if (record.attempts == 0) return "it was not tried yet";
  std::string out = fmt::format("attempt {} at {}", record.attempts, format_rfc3339(record.last_attempt));
  if (!record.last_host.empty()) out += " at " + printable(record.last_host, 255);
  if (record.last_reply.code != 0) {
    // Also when nobody answered there is a reply: ours, on what went wrong.
    out += record.reply_is_remote ? " was answered: " : " failed: ";
    out += printable(record.last_reply.to_string(), 500);
  }
  return out;
}

}  // namespace

Result<Why> Scheduler::why(RecipientKey key, Time now) const {
  Why out;
  auto record = store_.recipient(key);
  if (!record) return pass(record.error());
  out.phase = phase(key);
  out.record = std::move(*record);
  if (!out.record) {
    out.reasons.emplace_back("it is not in the queue: the ledger says how it ended");
    return out;
  }
  const RecipientRecord& one = *out.record;
  const std::string& domain = one.recipient.address.domain.text();
  const LaneStats here = lane(domain);
  if (out.phase == Phase::in_flight) out.reasons.emplace_back("it is handed out to delivery");
  if (out.phase == Phase::committing) out.reasons.emplace_back("its new state is being written");
  if (const auto slot = slots_.find(key);
      slot != slots_.end() && slot->second.intent.kind != Intent::Kind::none) {
    out.reasons.push_back(
        fmt::format("what {} asked for applies to the result of this attempt", slot->second.intent.who));
  }
  if (one.state == State::held) {
    out.reasons.emplace_back("it is held, and waits for release");
  } else if (out.phase == Phase::ready) {
    out.next_attempt = now;
    out.reasons.push_back(
        fmt::format("it is ready; {} recipients are ready for {}, {} deliveries are under way of {} at most",
                    here.ready, domain, here.outstanding, limits_.outstanding_per_domain_max));
  } else if (out.phase == Phase::none) {
    out.next_attempt = std::max(one.next_attempt, now);
    if (one.next_attempt <= now) {
      out.reasons.push_back(
          here.lagging
              ? fmt::format(
                    "it is due; {} has more mail due than fits in memory, and it is read in order of time",
                    domain)
              : std::string("it is due, and is read from the index next"));
    } else if (here.released) {
      out.next_attempt = now;
      out.reasons.push_back(fmt::format("the host of {} came back, so it does not wait until {}", domain,
                                        format_rfc3339(one.next_attempt)));
    } else {
      out.reasons.push_back(fmt::format("its next attempt is at {}, in {}", format_rfc3339(one.next_attempt),
                                        format_duration(one.next_attempt - now)));
    }
  }
  out.reasons.push_back(last_attempt_of(one));
  if (!one.route_pin.empty())
    out.reasons.push_back(fmt::format("an operator sent it by {}", printable(one.route_pin, 255)));
  const auto message = store_.message(key.message);
  if (message && *message) {
    const Millis tried_for = expire_after(schedule_, (*message)->envelope.from, one.recipient.address.domain);
    const Time expires = (*message)->arrived + tried_for;
    out.reasons.push_back(
        fmt::format("it is returned to its sender if it is not delivered by {}", format_rfc3339(expires)));
  }
  return out;
}

}  // namespace waybill::queue
