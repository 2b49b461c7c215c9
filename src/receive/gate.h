// gate.h: who may come in: the decisions of a session that need more than the dialogue itself. The daemon
// implements it over policy/.
//
// Thread rule: called on any session's loop, at once from several threads. An answer may be given within the
// call or later, on any thread, exactly once; the facts stay valid until then. A session waits for its answer
// and reads nothing meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "mail/address.h"
#include "mail/outcome.h"
#include "receive/settings.h"

namespace waybill::receive {

/// Yes, or the reply that says no (4yz or 5yz; 421 also ends the session).
struct Verdict {
  std::optional<mail::Reply> refusal;
  /// RCPT only: who receives it instead: what the bare `<postmaster>` stands for here, or an alias's
  /// addresses. Empty: the address that the client gave.
  std::vector<mail::Address> rewritten = {};
  bool rewrite_sender = false;  ///< RCPT only: `rewritten` wants a sender of our own (SRS)
  /// RCPT only: header fields that the message gets, each with its CRLF; the same text stands there once.
  std::vector<std::string> tags = {};
  /// On connect only: how long to see before the banner whether the client talks; the listener's own time
  /// where that is longer.
  Millis banner_delay{0};
  /// On connect only: what the gate wants to find again in ClientFacts.
  std::shared_ptr<void> notes = {};

  [[nodiscard]] static Verdict ok() { return {}; }
  [[nodiscard]] static Verdict refuse(mail::Reply reply) {
    Verdict verdict;
    verdict.refusal = std::move(reply);
    return verdict;
  }
};

enum class Secured : uint8_t { no, yes };

/// What a session knows about its client.
struct ClientFacts {
  Endpoint remote;
  std::string listener;
  Role role = Role::mx;
  std::string helo;  ///< as given; hostile text of printable ASCII; empty before HELO or EHLO
  Secured tls = Secured::no;
  std::string user;                  ///< authenticated user; empty: none
  Endpoint local = {};               ///< the address of ours that it came to
  std::string mx = {};               ///< the MX host that the listener stands for; empty: its address tells
  bool early = false;                ///< it talked before the banner, or before the reply to EHLO
  std::shared_ptr<void> notes = {};  ///< the gate's own, from its verdict on the connection
  uint64_t declared_octets = 0;  ///< of the message of this transaction (RFC 1870); 0: nothing was declared
};

class Gate {
 public:
  using Answer = std::move_only_function<void(Verdict)>;
  virtual ~Gate() = default;
  /// Before the banner.
  virtual void on_connect(const ClientFacts& client, Answer answer) = 0;
  /// `size_octets` is what the client declared (RFC 1870), 0 when it declared nothing.
  virtual void on_mail(const ClientFacts& client, const mail::ReversePath& from, uint64_t size_octets,
                       Answer answer) = 0;
  /// The session is over: once for each on_connect, when nothing of it is asked any more.
  virtual void on_end(const ClientFacts&) {}
  /// A connection that got no session: there are too many (421).
  virtual void on_turned_away(const ClientFacts&) {}
  /// `to` has an empty domain for the bare `<postmaster>` (RFC 5321 4.5.1).
  virtual void on_rcpt(const ClientFacts& client, const mail::ReversePath& from, const mail::Address& to,
                       Answer answer) = 0;
};

}  // namespace waybill::receive
