// etrn.h: who may ask for the mail that waits for a host (RFC 1985), and what then happens: the daemon's
// business. The session only knows the words.
//
// Thread rule: as Gate: called on any session's loop, answered once, within the call or later, on any thread.
#pragma once

#include <functional>

#include "mail/address.h"
#include "mail/outcome.h"
#include "receive/gate.h"

namespace waybill::receive {

struct EtrnNode {
  enum class What : uint8_t {
    node,           ///< mail for this domain
    and_all_below,  ///< "@": and for every one below it
    queue,          ///< "#": the queue of this name; ours are named by their domains
  };
  What what = What::node;
  mail::Domain name;
};

class Drains {
 public:
  using Answer = std::move_only_function<void(mail::Reply)>;
  virtual ~Drains() = default;
  /// The reply is RFC 1985's: 250 to 253, 458 or 459.
  virtual void etrn(const ClientFacts& client, const EtrnNode& node, Answer answer) = 0;
};

}  // namespace waybill::receive
