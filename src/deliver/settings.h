// settings.h: what an operator may set about delivery, with defaults that suit a small server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ip.h"

namespace waybill::deliver {

/// RFC 5321 4.5.3.2 for what a client waits for. Each is the time for a whole reply, so a peer that drips
/// octets gains nothing.
struct Timeouts {
  Millis connect{30'000};       ///< to the last address left to try
  Millis connect_early{5'000};  ///< to an address that others follow: fall over quickly (RFC 8305)
  Millis banner{300'000};       ///< 4.5.3.2.1
  Millis hello{300'000};        ///< EHLO, HELO, LHLO, STARTTLS, RSET
  Millis tls_handshake{60'000};
  Millis mail{300'000};   ///< 4.5.3.2.2
  Millis rcpt{300'000};   ///< 4.5.3.2.3
  Millis data{120'000};   ///< 4.5.3.2.4
  Millis block{180'000};  ///< 4.5.3.2.5: one write of at most a chunk
  Millis dot{600'000};    ///< 4.5.3.2.6
  Millis quit{5'000};     ///< nobody waits long for a goodbye (conformance 56)
  Millis idle{3'000};     ///< a connection without work is kept this long
};

/// How many connections a site gets: grows with success, halves with trouble.
struct PacingSettings {
  double window_start = 2;
  double window_max = 20;
  uint32_t messages_per_connection_max = 100;
  /// A connection is not reused after this long, so that load spreads and a better host gets its turn.
  Millis connection_age_max{300'000};
};

/// How a host that failed is remembered: one probe at a time, further and further apart.
struct MemorySettings {
  Millis probe_first{10'000};
  Millis probe_max{600'000};
  /// STARTTLS that failed is not tried again for this long.
  Millis tls_broken_for{3'600'000};
  size_t hosts_max = 100'000;
};

/// The slow start of a destination that comes back, or that has a backlog when we start. Rates are messages a
/// second. By the interval: 10, 20, 40, 80, 160, 200 a second after 0, 5, 10, 15, 20 and 25 s.
struct RampSettings {
  double start_rate = 10;
  double growth = 2;         ///< by so much in each interval that was used and answered well
  Millis grow_every{5'000};  ///< the interval
  double rate_max = 200;     ///< while what waited is drained
  Millis pause{10'000};      ///< nothing goes for so long after the host asked for less
};

struct Settings {
  std::string hostname;  ///< what EHLO says
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  Timeouts timeouts;
  PacingSettings pacing;
  MemorySettings memory;
  RampSettings ramp;
  uint32_t recipients_per_transaction_max = 100;   ///< RFC 5321 4.5.3.1.8: any server takes as many
  uint32_t addresses_per_tier_max = 5;             ///< conformance 27: one crowded tier never hides the next
  uint64_t pipelined_body_octets_max = 64 * 1024;  ///< BDAT goes with the envelope up to this size
  uint32_t connections_max = 2'000;                ///< of all sites together
  uint32_t maildir_threads = 2;
  uint16_t maildir_mode = 0600;
};

}  // namespace waybill::deliver
