// strain.h: the sections that keep this host, and those that it talks to, from strain: [overload], [recovery]
// and [callout]. Part of config.h.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace waybill::config {

/// A limit that is given, or made from what the machine has.
struct Ceiling {
  bool automatic = true;
  uint64_t value = 0;  ///< when not automatic; 0: no limit
  bool operator==(const Ceiling&) const = default;
};

/// When clients are told to come back later (docs/overload.md). Each limit is 100 %; 0 is none.
struct Overload {
  uint64_t queue_recipients = 2'000'000;  ///< waiting in the queue
  Ceiling memory;                         ///< octets resident; automatic: of the machine or its control group
  Ceiling descriptors;                    ///< automatic: RLIMIT_NOFILE
  Millis commit_latency = Seconds{10};    ///< from the end of a message until it is on disk, 99 of 100
  uint32_t shed_strangers_percent = 85;   ///< of a limit: clients that are not trusted get 421 or 452
  uint32_t shed_everyone_percent = 95;
  uint32_t recover_percent = 70;  ///< below this, for `dwell`, all is well again
  Millis dwell = Seconds{10};
  bool operator==(const Overload&) const = default;
};

/// How a destination gets the mail that waited for it: slowly first. Rates are messages a second.
struct Recovery {
  double start_rate = 10;
  double growth = 2;               ///< by so much in each interval that went well
  Millis grow_every = Seconds{5};  ///< the interval
  double rate_max = 200;           ///< the most while what waited is drained
  Millis pause = Seconds{10};      ///< after a 421 or 452
  bool operator==(const Recovery&) const = default;
};

/// How a backup asks the better MX whether a recipient exists, and for how long it believes the answer.
struct Callout {
  Millis timeout = Seconds{5};                  ///< a RCPT waits no longer; then the recipient is unknown
  Millis known_for = std::chrono::days{31};     ///< one that was found to exist
  Millis refresh_after = std::chrono::days{7};  ///< and is asked for again, if the primary answers
  Millis refused_for = std::chrono::hours{3};   ///< one that was found not to exist
  uint32_t connections = 2;                     ///< at once, to one domain's MX
  uint32_t per_minute = 60;                     ///< recipients asked for, of one domain
  uint32_t entries = 100'000;                   ///< recipients remembered, of either kind
  bool operator==(const Callout&) const = default;
};

}  // namespace waybill::config
