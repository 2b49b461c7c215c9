// smtp_load.h: the parts of smtp_load, a load that smtp-source and smtp-sink can't make: STARTTLS with
// resumption, many destinations and recipients, sessions that only wait, arrivals at a given rate, and the
// times of each message at both ends.
//   smtp_load source [--sessions N] [--messages N] [--size N] [--kept] [--tls]
//                    [--domains N] [--recipients N] [--first N] [--suffix NAME] [--rate R] [--times FILE]
//                    IP:PORT
//     sends N messages without pipelining, as smtp-source does, and prints one line of JSON: time, latency,
//     how many handshakes were resumed. Recipients: user@SUFFIX, or in turn to the domains d0.SUFFIX,
//     d1.SUFFIX, …; with --recipients that many to each message, all of different names, numbered from
//     --first. --rate: messages arrive at random (Poisson, R a second on average) whether or not the earlier
//     ones are done; one that finds all sessions busy waits, and its latency begins when it arrived.
//   smtp_load sink [--cert FILE --key FILE] [--times FILE] IP:PORT
//     takes everything, offers STARTTLS if it has a certificate, prints a running counter as smtp-sink -c
//     does.
//   smtp_load idle [--sessions N] [--with-message] [--tls] IP:PORT
//     opens N sessions up to EHLO, or up to the end of one message; prints one line of JSON once all are
//     open, and keeps them until its standard input ends.
// --times: a line a message. The source's: number, when it arrived, when it was acknowledged; the sink's:
// number, when it was complete, so for source and sink of one machine the way between can be told. All in
// nanoseconds of CLOCK_MONOTONIC.
//
// One blocking thread a session: it is the MTA that is measured, and twenty threads cost less than it does.
// Any unexpected reply ends the program with 1: a load that was not sent must not count. A bench tool: it
// checks no certificate, and is not for a network with strangers.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "channel.h"

namespace smtp_load {

using Clock = std::chrono::steady_clock;

struct Options {
  enum class Role : std::uint8_t { source, sink, idle } role = Role::source;
  bool kept = false, tls = false, with_message = false;
  long sessions = 20, messages = 1000, size = 4096, domains = 1, recipients = 1, first = 0;
  double rate = 0;  ///< messages a second; 0: as fast as they are taken
  std::string suffix = "sink.test", cert, key, times;
  sockaddr_in peer{};
};

inline std::int64_t nanoseconds(Clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

/// The header field by which the sink knows a message again.
inline constexpr char kNumberField[] = "X-Load: ";

/// Opens a connection and reads banner and EHLO, with STARTTLS if asked for. `session` may be resumed.
int connected(const sockaddr_in& peer);
void expect(Channel& channel, char digit, const char* after);
void ask(Channel& channel, const std::string& command, char digit, const char* name);

int run_source(const Options& options);
int run_sink(const Options& options);
int run_idle(const Options& options);

}  // namespace smtp_load
