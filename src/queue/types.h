// types.h: what the spool holds: messages, recipients (the unit of fate), and the ledger's events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "mail/body.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

namespace waybill::queue {

/// A recipient's state. The last four are final: exactly one of them ends every recipient's life.
enum class State : uint8_t { queued = 1, held = 2, delivered = 10, bounced = 11, expired = 12, deleted = 13 };
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] inline bool is_final(State state) { return state >= State::delivered; }

struct RecipientKey {
  MessageId message;
  uint32_t index = 0;
  auto operator<=>(const RecipientKey&) const = default;
};

struct RecipientRecord {
  mail::Recipient recipient;
  State state = State::queued;
  uint16_t attempts = 0;
  Time next_attempt{};  ///< queued: when it is due
  Time last_attempt{};  ///< zero: never tried
  mail::Reply last_reply;
  std::string last_host;  ///< host name of the last attempt; empty: none was reached
  std::string route_pin;  ///< set by reroute; empty: the route table decides
  bool delay_notified = false;
  bool reply_is_remote = false;  ///< last_reply is the host's own word, not ours on why it has none
  bool operator==(const RecipientRecord&) const = default;
};

struct MessageRecord {
  MessageId id;
  Time arrived{};
  mail::Envelope envelope;  ///< `recipients` is empty: they have records of their own
  mail::Origin origin;
  uint64_t size_octets = 0;
  uint32_t chunk_count = 0;
  uint32_t recipient_count = 0;  ///< as accepted; open ones are those whose record still stands
  bool operator==(const MessageRecord&) const = default;
};

enum class EventKind : uint8_t {
  accepted = 1,
  delivered = 2,
  deferred = 3,
  bounced = 4,
  expired = 5,
  deleted = 6,
  held = 7,
  released = 8,
  retry_asked = 9,
  rerouted = 10,
  report_sent = 11,
  delay_notice_sent = 12,
  set_aside = 13,
  expanded = 14,
};
[[nodiscard]] std::string_view to_string(EventKind kind);

/// One line of the custody ledger; outlives its message.
struct Event {
  Time time{};
  MessageId message;
  std::optional<uint32_t> recipient;  ///< none: concerns the whole message
  EventKind kind = EventKind::accepted;
  std::string address;  ///< the recipient's address, or for `accepted` the reverse-path
  mail::Reply reply;
  std::string host;    ///< who gave the reply
  std::string detail;  ///< accepted: "from 192.0.2.1 (helo) by ESMTPS, 4096 octets, 3 recipients"; deleted:
                       ///< by whom; report_sent: its id; expanded: to whom (`address` is the alias)
  bool operator==(const Event&) const = default;
};

}  // namespace waybill::queue
