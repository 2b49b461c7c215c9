// scenario.h: a virtual world and what must come of it, as values: hosts and how they behave when, what the
// DNS says when, which messages come in, and the expected fates. Times are counted from the start of the run.
// docs/scenarios.md describes the text form, read.h reads it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "deliver/settings.h"
#include "dns/answer.h"
#include "mail/envelope.h"
#include "mail/outcome.h"
#include "queue/schedule.h"
#include "queue/scheduler.h"
#include "route/request.h"
#include "route/table.h"

namespace waybill::rehearse {

/// From `from` until just before `to`, in time since the start.
struct Window {
  Millis from{0};
  Millis to = Millis::max();
  [[nodiscard]] bool holds(Millis at) const { return from <= at && at < to; }
};

/// Where in the conversation a host does something.
enum class Moment : uint8_t { banner, ehlo, starttls, mail, rcpt, data, dot };

/// One thing that a host does while its window lasts.
struct Behaviour {
  enum class What : uint8_t {
    down,             ///< refuses connections
    silent,           ///< nobody answers: connections time out
    reply,            ///< says `reply` at `moment` (for RCPT: to addresses like `pattern`)
    drop,             ///< hangs up at `moment` instead of answering
    hang,             ///< says nothing any more from `moment` on
    greylist,         ///< 451 to a sender and recipient that it met less than `span` ago for the first time
    recipients,       ///< takes `addresses`, says 550 5.1.1 to all others
    rcpt_max,         ///< 452 to RCPT number `count` + 1 and on
    connections_max,  ///< 421 to the connection that would be one too many
    messages_max,     ///< 421 after `count` messages on one connection
    rate_max,         ///< 452 to MAIL while it took `count` messages within the last second
    tls_fails,        ///< the handshake after STARTTLS
    slow,             ///< takes `span` from a command to its reply, instead of the host's latency
  };
  enum class Family : uint8_t { both, v4, v6 };
  What what = What::down;
  Window window;
  Moment moment = Moment::banner;
  Family family = Family::both;      ///< of down and silent
  std::optional<IpNetwork> network;  ///< of down and silent: addresses in it alone
  std::string pattern = "*";
  mail::Reply reply;
  Millis span{0};
  uint64_t count = 0;
  std::vector<std::string> addresses;
};

/// All that our client uses but STARTTLS and DSN.
[[nodiscard]] std::vector<std::string> default_offers();

struct Host {
  std::string label;  ///< what the scenario calls it
  dns::Name name;
  std::vector<IpAddress> addresses;
  std::vector<std::string> offers = default_offers();  ///< EHLO lines
  Millis latency{20};                                  ///< from a command to its reply
  std::vector<Behaviour> behaviours;
  bool in_dns = true;       ///< its name has its addresses; false: `records` say what it has
  bool of_senders = false;  ///< where reports to senders go: no part of the picture
};

struct DnsRecord {
  dns::Record record;
  Window window;
};
/// Stands before the records: what the DNS says of a name instead.
struct DnsFault {
  dns::Name name;
  std::optional<dns::Type> type;  ///< none: all of them
  dns::Kind kind = dns::Kind::failed;
  std::string why;
  Millis after{0};  ///< a timeout takes its time
  Window window;
};

/// Messages that come in. "{n}" in an address becomes the number of the message, from 1.
struct Injection {
  Millis at{0};
  std::string from;  ///< empty: null
  std::vector<std::string> to;
  uint64_t size_octets = 1024;
  uint64_t count = 1;
  std::chrono::nanoseconds every{0};  ///< between two of them; a rate of 3,000/s is no whole number of ms
  uint8_t notify = mail::notify_unset;
};

struct ClockJump {
  Millis at{0};
  Millis by{0};
};

/// Somebody asks for a domain's mail now; empty: all of it.
struct Demand {
  enum class By : uint8_t { retry, etrn };
  Millis at{0};
  By by = By::retry;
  std::string domain;
};

/// "<= 3"
struct Count {
  enum class Is : uint8_t { equal, at_most, at_least, below, above };
  Is is = Is::at_least;
  uint64_t number = 1;
  [[nodiscard]] bool holds(uint64_t value) const;
};

struct Expectation {
  enum class What : uint8_t {
    fate,          ///< every recipient like `who` ends in `state`
    never_fate,    ///< none of them does
    waiting,       ///< every one of them is still queued at window.from
    deferred,      ///< every one of them was put off at least once with `status`
    attempt,       ///< attempt number `nth` of each falls into the window
    attempts_for,  ///< each has so many attempts in the window
    attempts_at,   ///< so many connections were tried to `host` in the window
    took,          ///< `host` took so many messages in the window
    most,          ///< so many messages did `host` take in the busiest second of the window
    took_share,    ///< so many percent of all that were taken in the window
    lookups,       ///< the DNS was asked for `question` so often
    queue,         ///< so many recipients are queued at window.from
    reports,       ///< so many reports (of `kind`, with `status`) went to `who` in the window
    report_fate,   ///< the reports to `who` end in `state`
  };
  What what = What::fate;
  int line = 0;
  std::string text;  ///< as written
  std::string who = "*";
  queue::State state = queue::State::delivered;
  std::string status;  ///< enhanced status or reply code; empty: any
  std::string host;
  Window window;
  Count count;
  uint64_t nth = 1;
  double share_min = 0, share_max = 1;
  dns::Name question_name;
  std::optional<dns::Type> question_type;
  std::optional<queue::ReportKind> kind;
};

struct Scenario {
  std::string file;
  uint64_t seed = 1;
  std::string hostname = "relay.example";
  route::Self self;  ///< `hostname` is added by the engine
  std::vector<std::string> backup_domains;
  route::RouteTable routes;
  queue::Schedule schedule;
  deliver::Settings deliver;
  queue::SchedulerLimits limits;
  route::Options route_options;
  std::vector<Host> hosts;
  std::vector<DnsRecord> records;
  std::vector<DnsFault> faults;
  std::vector<Injection> injections;
  std::vector<ClockJump> jumps;
  std::vector<Demand> demands;
  std::map<std::string, double> rate_max;  ///< by domain, messages a second
  std::vector<Expectation> expectations;
  std::optional<Millis> run;  ///< none: until nothing is queued, six days at most

  [[nodiscard]] const Host* find_host(std::string_view label_or_name) const;
};

/// "*" matches any run of characters; letters in either case.
[[nodiscard]] bool like(std::string_view text, std::string_view pattern);

}  // namespace waybill::rehearse
