#include "daemon/convert.h"

namespace waybill::daemon {
namespace {
control::RecipientState to_control(queue::State state) {
  switch (state) {
    case queue::State::queued:
      return control::RecipientState::queued;
    case queue::State::held:
      return control::RecipientState::held;
    case queue::State::delivered:
      return control::RecipientState::delivered;
    case queue::State::bounced:
      return control::RecipientState::bounced;
    case queue::State::expired:
      return control::RecipientState::expired;
    case queue::State::deleted:
      return control::RecipientState::deleted;
  }
  return control::RecipientState::queued;
}

queue::State to_queue(control::RecipientState state) {
  switch (state) {
    case control::RecipientState::queued:
      return queue::State::queued;
    case control::RecipientState::held:
      return queue::State::held;
    case control::RecipientState::delivered:
      return queue::State::delivered;
    case control::RecipientState::bounced:
      return queue::State::bounced;
    case control::RecipientState::expired:
      return queue::State::expired;
    case control::RecipientState::deleted:
      return queue::State::deleted;
  }
  return queue::State::queued;
}

control::EventKind to_control(queue::EventKind kind) {
  switch (kind) {
    case queue::EventKind::accepted:
      return control::EventKind::accepted;
    case queue::EventKind::delivered:
      return control::EventKind::delivered;
    case queue::EventKind::deferred:
      return control::EventKind::deferred;
    case queue::EventKind::bounced:
      return control::EventKind::bounced;
    case queue::EventKind::expired:
      return control::EventKind::expired;
    case queue::EventKind::deleted:
      return control::EventKind::deleted;
    case queue::EventKind::held:
      return control::EventKind::held;
    case queue::EventKind::released:
      return control::EventKind::released;
    case queue::EventKind::retry_asked:
      return control::EventKind::retry_asked;
    case queue::EventKind::rerouted:
      return control::EventKind::rerouted;
    case queue::EventKind::report_sent:
      return control::EventKind::report_sent;
    case queue::EventKind::delay_notice_sent:
      return control::EventKind::delay_notice_sent;
    case queue::EventKind::set_aside:
      return control::EventKind::set_aside;
    case queue::EventKind::expanded:
      return control::EventKind::expanded;
  }
  return control::EventKind::set_aside;
}

std::optional<Time> unless_zero(Time time) { return time == Time{} ? std::nullopt : std::optional(time); }
}  // namespace

Result<queue::Selector> to_queue(const control::Selector& selector) {
  if (selector.state && queue::is_final(to_queue(*selector.state))) {
    return fail(
        Errc::invalid,
        "the queue holds only queued and held recipients; ended ones are in the ledger: `waybill trace ID`");
  }
  queue::Selector out;
  out.message = selector.message;
  out.domain = selector.domain;
  out.sender = selector.sender;
  out.recipient = selector.recipient;
  out.host = selector.host;
  out.last_reply = selector.last_reply;
  if (selector.state) out.state = to_queue(*selector.state);
  out.older_than = selector.older_than;
  out.younger_than = selector.younger_than;
  return out;
}

control::MessageInfo to_control(const queue::MessageRecord& message) {
  return {message.id,     message.arrived,     message.envelope,
          message.origin, message.size_octets, message.recipient_count};
}

control::RecipientInfo to_control(uint32_t index, const queue::RecipientRecord& recipient) {
  control::RecipientInfo out;
  out.index = index;
  out.recipient = recipient.recipient;
  out.state = to_control(recipient.state);
  out.attempts = recipient.attempts;
  if (recipient.state == queue::State::queued) out.next_attempt = unless_zero(recipient.next_attempt);
  out.last_attempt = unless_zero(recipient.last_attempt);
  out.last_reply = recipient.last_reply;
  out.last_host = recipient.last_host;
  out.route_pin = recipient.route_pin;
  out.delay_notified = recipient.delay_notified;
  return out;
}

control::TraceEvent to_control(const queue::Event& event) {
  return {event.time, event.recipient, to_control(event.kind), event.address, event.reply,
          event.host, event.detail};
}

control::CustodyAnswer to_control(const queue::CustodyReport& report) {
  control::CustodyAnswer out;
  out.accepted = report.accepted;
  out.open = report.open;
  out.delivered = report.delivered;
  out.bounced = report.bounced;
  out.expired = report.expired;
  out.deleted = report.deleted;
  out.set_aside = report.set_aside;
  out.faults_total = report.faults_total;
  out.faults = report.faults;
  return out;
}

}  // namespace waybill::daemon
