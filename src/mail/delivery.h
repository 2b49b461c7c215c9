// delivery.h: one piece of delivery work: a message and those of its recipients that share a domain and a
// route. The queue makes it, delivery carries it out and answers with an Outcome a recipient.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mail/body.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

namespace waybill::mail {

struct DeliveryRecipient {
  uint32_t index = 0;  ///< the recipient's number within its message, for ever
  Recipient recipient;
  uint16_t attempts = 0;  ///< made before this one
};

struct Delivery {
  MessageId id;
  Time arrived;
  std::shared_ptr<const Envelope> envelope;  ///< its own recipient list is empty; see `recipients`
  BodyPtr body;
  Domain domain;          ///< of all `recipients`
  std::string listener;   ///< where it came in: Origin::listener
  std::string route_pin;  ///< a route that an operator pinned ("[host]:port", "host"); empty: by the table
  bool released = false;  ///< an operator let it go from hold: no route of the table holds it again
  std::vector<DeliveryRecipient> recipients;
};
using DeliveryPtr = std::shared_ptr<const Delivery>;

/// The answer to one Delivery: outcomes[i] belongs to recipients[i].
struct DeliveryResult {
  DeliveryPtr delivery;
  std::vector<Outcome> outcomes;
};
using DeliveryDone = std::move_only_function<void(DeliveryResult)>;

}  // namespace waybill::mail
