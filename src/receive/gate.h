// gate.h: who may come in: the decisions of a session that need more than the dialogue itself. The daemon
// implements it over policy/.
//
// Thread rule: called on any session's loop, at once from several threads. An answer may be given within the
// call or later, on any thread, exactly once; the facts stay valid until then. A session waits for its answer
// and reads nothing meanwhile.
#pragma once

#include <cstdint>
#include <functional>
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
  std::vector<mail::Address> rewritten;
  bool rewrite_sender = false;  ///< RCPT only: `rewritten` wants a sender of our own (SRS)

  [[nodiscard]] static Verdict ok() { return {}; }
  [[nodiscard]] static Verdict refuse(mail::Reply reply) { return {std::move(reply), {}, false}; }
};

enum class Secured : uint8_t { no, yes };

/// What a session knows about its client.
struct ClientFacts {
  Endpoint remote;
  std::string listener;
  Role role = Role::mx;
  std::string helo;  ///< as given; hostile text of printable ASCII; empty before HELO or EHLO
  Secured tls = Secured::no;
  std::string user;  ///< authenticated user; empty: none
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
  /// `to` has an empty domain for the bare `<postmaster>` (RFC 5321 4.5.1).
  virtual void on_rcpt(const ClientFacts& client, const mail::ReversePath& from, const mail::Address& to,
                       Answer answer) = 0;
};

}  // namespace waybill::receive
