#include "queue/ledger.h"

#include <algorithm>

namespace waybill::queue {
namespace {
constexpr size_t kFaultsListedMax = 1000;
}

Event accepted_event(const NewMessage& added) {
  const MessageRecord& message = added.message;
  const mail::Origin& origin = message.origin;
  Event out;
  out.time = message.arrived;
  out.message = message.id;
  out.kind = EventKind::accepted;
  out.address = mail::to_string(message.envelope.from);
  out.detail =
      fmt::format("from {} ({}) by {}, {} octets, {} recipient{}", origin.client_ip.to_string(),
                  printable(origin.helo, 80), origin.protocol.empty() ? "local" : origin.protocol,
                  message.size_octets, message.recipient_count, message.recipient_count == 1 ? "" : "s");
  return out;
}

Status validate(const NewMessage& added) {
  const MessageRecord& message = added.message;
  const std::string name = message.id.to_string();
  if (added.recipients.empty()) return fail(Errc::invalid, "message {} has no recipient", name);
  if (message.recipient_count != added.recipients.size()) {
    return fail(Errc::invalid, "message {} says {} recipients and brings {}", name, message.recipient_count,
                added.recipients.size());
  }
  if (uint64_t{added.first_chunk} + added.chunks.size() != message.chunk_count) {
    return fail(Errc::invalid, "message {} says {} chunks and brings {} after {}", name, message.chunk_count,
                added.chunks.size(), added.first_chunk);
  }
  for (const Chunk& chunk : added.chunks) {
    if (chunk.size() > kChunkOctetsMax) return fail(Errc::invalid, "a chunk of message {} is too long", name);
  }
  for (const RecipientRecord& one : added.recipients) {
    if (is_final(one.state)) return fail(Errc::invalid, "message {} arrives with an ended recipient", name);
  }
  return {};
}

uint32_t attempts_of(uint32_t recipient, const std::vector<Event>& events) {
  return static_cast<uint32_t>(std::ranges::count_if(events, [recipient](const Event& event) {
    const bool tried = event.kind == EventKind::deferred || event.kind == EventKind::delivered ||
                       event.kind == EventKind::bounced || event.kind == EventKind::expired;
    return event.recipient == recipient && (tried || event.reply.code != 0);
  }));
}

bool ends_custody(EventKind kind) {
  switch (kind) {
    case EventKind::delivered:
    case EventKind::bounced:
    case EventKind::expired:
    case EventKind::deleted:
    case EventKind::set_aside:
    case EventKind::discarded:
      return true;
    default:
      return false;
  }
}

namespace {
Status validate_one(const Change& change) {
  const auto name = [&change] {
    return fmt::format("{}/{}", change.key.message.to_string(), change.key.index);
  };
  if (change.event.message != change.key.message || change.event.recipient != change.key.index) {
    return fail(Errc::invalid, "the event of a change to {} concerns another recipient", name());
  }
  EventKind expected = EventKind::accepted;
  switch (change.after.state) {
    case State::queued:
    case State::held:
      if (ends_custody(change.event.kind) || change.event.kind == EventKind::accepted) {
        return fail(Errc::invalid, "{} stays open, yet its event is '{}'", name(),
                    to_string(change.event.kind));
      }
      return {};
    case State::delivered:
      expected = EventKind::delivered;
      break;
    case State::bounced:
      expected = EventKind::bounced;
      break;
    case State::expired:
      expected = EventKind::expired;
      break;
    case State::deleted:
      expected = EventKind::deleted;
      break;
    case State::discarded:
      expected = EventKind::discarded;
      break;
  }
  if (change.event.kind != expected) {
    return fail(Errc::invalid, "{} ends as '{}', yet its event is '{}'", name(),
                to_string(change.after.state), to_string(change.event.kind));
  }
  return {};
}
}  // namespace

Status validate(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (auto one = validate_one(change); !one) return one;
  }
  if (changes.size() < 2) return {};
  // Several changes to one recipient are fine in their order, but nothing follows its end.
  std::vector<size_t> order(changes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&changes](size_t i) { return std::pair(changes[i].key, i); });
  for (size_t i = 1; i < order.size(); ++i) {
    const Change& before = changes[order[i - 1]];
    if (before.key == changes[order[i]].key && is_final(before.after.state)) {
      return fail(Errc::invalid, "{}/{} is changed after its end", before.key.message.to_string(),
                  before.key.index);
    }
  }
  return {};
}

void Auditor::event(const Event& event, uint32_t accepted_recipients) {
  if (event.kind == EventKind::accepted) {
    if (accepted_) fault(fmt::format("message {} was accepted twice", event.message.to_string()));
    accepted_ = true;
    accepted_recipients_ = accepted_recipients;
    report_.accepted += accepted_recipients;
    return;
  }
  if (!ends_custody(event.kind)) return;
  if (!event.recipient) {
    fault(fmt::format("message {} has a final event '{}' without a recipient", event.message.to_string(),
                      to_string(event.kind)));
    return;
  }
  ++fates_[*event.recipient].finals;
  switch (event.kind) {
    case EventKind::delivered:
      ++report_.delivered;
      break;
    case EventKind::bounced:
      ++report_.bounced;
      break;
    case EventKind::expired:
      ++report_.expired;
      break;
    case EventKind::deleted:
      ++report_.deleted;
      break;
    case EventKind::discarded:
      ++report_.discarded;
      break;
    default:
      ++report_.set_aside;
      break;
  }
}

void Auditor::open(uint32_t index) {
  fates_[index].open = true;
  ++report_.open;
}

void Auditor::fault(std::string text) {
  ++report_.faults_total;
  if (report_.faults.size() < kFaultsListedMax) report_.faults.push_back(std::move(text));
}

void Auditor::close(MessageId id) {
  const std::string name = id.to_string();
  if (!accepted_) fault(fmt::format("message {} has no accepted event", name));
  for (const auto& [index, fate] : fates_) {
    if (accepted_ && index >= accepted_recipients_) {
      fault(fmt::format("message {} has a recipient {} beyond the {} accepted", name, index,
                        accepted_recipients_));
    }
    if (fate.open && fate.finals > 0)
      fault(fmt::format("recipient {}/{} is open, yet it has ended", name, index));
    if (fate.finals > 1) fault(fmt::format("recipient {}/{} has ended {} times", name, index, fate.finals));
  }
  auto at = fates_.begin();
  for (uint32_t index = 0; accepted_ && index < accepted_recipients_; ++index) {
    while (at != fates_.end() && at->first < index) ++at;
    if (at == fates_.end() || at->first != index) {
      fault(fmt::format("recipient {}/{} is unaccounted for: neither open nor ended", name, index));
    }
  }
  accepted_ = false;
  accepted_recipients_ = 0;
  fates_.clear();
}

}  // namespace waybill::queue
