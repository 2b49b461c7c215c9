// callout.h: one session with one host in which it is asked for recipients (callout_dialogue.h says how): the
// coroutines that move its octets. Dialogue opens it, with STARTTLS where that is offered, as for mail.
//
// Thread rule: everything on the session's loop. Failure: open() fails with the reason; an ask() that gets no
// clear answer is answered `unknown`. Every wait ends at a deadline.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "deliver/callout_dialogue.h"
#include "net/loop.h"
#include "net/stream.h"

namespace waybill::deliver {

struct CalloutHost {
  Endpoint endpoint;
  std::string host;  ///< its name, for TLS
  UseTls tls = UseTls::when_offered;
};

struct CalloutPatience {
  Millis connect{5'000};
  Millis reply{30'000};  ///< to each command, and for a TLS handshake
  Millis quit{1'000};
};

class CalloutSession {
 public:
  CalloutSession(net::Loop& loop, std::string hostname, CalloutPatience patience)
      : loop_(loop), hostname_(std::move(hostname)), patience_(patience) {}

  /// Until the host is ready for MAIL. A host whose handshake fails is asked in plaintext, as mail would go
  /// (RFC 7435).
  [[nodiscard]] net::Task<Status> open(CalloutHost to, std::optional<IpAddress> source);
  /// REQUIRES: open() succeeded, and is_over() is false.
  [[nodiscard]] net::Task<CalloutAnswer> ask(mail::Address recipient);
  [[nodiscard]] bool is_over() const { return !asking_ || asking_->is_over(); }
  /// Says goodbye where somebody hears it, and closes.
  [[nodiscard]] net::Task<void> leave();

 private:
  enum class Opened : uint8_t { ready, tls_failed, no };
  [[nodiscard]] net::Task<Opened> try_open(CalloutHost to, std::optional<IpAddress> source);
  [[nodiscard]] net::Task<Result<size_t>> read(Steady deadline);

  net::Loop& loop_;
  const std::string hostname_;
  const CalloutPatience patience_;
  std::optional<net::Stream> stream_;
  std::optional<CalloutDialogue> asking_;
  std::string why_;
  std::array<char, 4096> buffer_{};
};

}  // namespace waybill::deliver
