#include "queue/operate.h"

namespace waybill::queue {
namespace {

Intent intent_of(const Action& action) {
  Intent out{.who = action.who, .route_pin = action.route_pin};
  switch (action.kind) {
    case Action::Kind::retry:
    case Action::Kind::release:
      out.kind = Intent::Kind::retry;
      break;
    case Action::Kind::hold:
      out.kind = Intent::Kind::hold;
      break;
    case Action::Kind::remove:
      out.kind = Intent::Kind::remove;
      break;
    case Action::Kind::reroute:
      out.kind = Intent::Kind::reroute;
      break;
  }
  return out;
}

}  // namespace

std::string_view to_string(Action::Kind kind) {
  switch (kind) {
    case Action::Kind::retry:
      return "retry";
    case Action::Kind::hold:
      return "hold";
    case Action::Kind::release:
      return "release";
    case Action::Kind::remove:
      return "delete";
    case Action::Kind::reroute:
      return "reroute";
  }
  return "unknown";
}

std::optional<Change> change_for(const Action& action, RecipientKey key, const RecipientRecord& record,
                                 Time now) {
  Change out;
  out.key = key;
  out.after = record;
  out.event.time = now;
  out.event.message = key.message;
  out.event.recipient = key.index;
  out.event.address = record.recipient.address.to_string();
  out.event.detail = "by " + action.who;
  switch (action.kind) {
    case Action::Kind::retry:
      // A held one stays held: who holds mail back does not expect `retry` to let it go.
      if (record.state != State::queued || record.next_attempt <= now) return std::nullopt;
      out.after.next_attempt = now;
      out.event.kind = EventKind::retry_asked;
      return out;
    case Action::Kind::hold:
      if (record.state == State::held) return std::nullopt;
      out.after.state = State::held;
      out.event.kind = EventKind::held;
      return out;
    case Action::Kind::release:
      if (record.state != State::held) return std::nullopt;
      out.after.state = State::queued;
      out.after.released = true;  // or a route that holds would hold it again at once
      out.after.next_attempt = now;
      out.event.kind = EventKind::released;
      return out;
    case Action::Kind::remove:
      out.after.state = State::deleted;
      out.event.kind = EventKind::deleted;
      return out;
    case Action::Kind::reroute:
      if (record.route_pin == action.route_pin) return std::nullopt;
      out.after.route_pin = action.route_pin;
      if (record.state == State::queued) out.after.next_attempt = now;
      out.event.kind = EventKind::rerouted;
      out.event.detail += rerouted_to(action.route_pin);
      return out;
  }
  return std::nullopt;
}

Acted act(Scheduler& scheduler, const Store& store, const Action& action,
          const std::vector<RecipientKey>& keys, Time now) {
  Acted out;
  for (const RecipientKey key : keys) {
    const auto record = store.recipient(key);
    // Ended meanwhile, or damaged and named by the store: not ours to change.
    auto change = record && *record ? change_for(action, key, **record, now) : std::nullopt;
    if (!change) {
      ++out.unchanged;
      continue;
    }
    switch (scheduler.reserve(key, intent_of(action))) {
      case Scheduler::Reserved::yes:
        out.changes.push_back(std::move(*change));
        break;
      case Scheduler::Reserved::later:
        out.later.push_back(key);
        break;
      case Scheduler::Reserved::busy:
        out.busy.push_back(key);
        break;
    }
  }
  return out;
}

std::vector<RecipientKey> keys_of(const Page& page) {
  std::vector<RecipientKey> out;
  out.reserve(page.rows.size());
  for (const Listed& row : page.rows) out.push_back({row.message.id, row.index});
  return out;
}

void abandon_all(Scheduler& scheduler, const std::vector<Change>& changes) {
  for (const Change& change : changes)
    scheduler.abandon(change.key, change.after.recipient.address.domain.text());
}

}  // namespace waybill::queue
