// types.h: the questions that can be asked of a running daemon, and its answers, as plain values. They
// mirror what the spool holds (queue/types.h) without including it: the daemon converts.
// No behaviour here; JSON forms are in codec.h, the HTTP paths in service.h, all of it for people in
// docs/control-api.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "control/recovery_status.h"
#include "control/types_backup.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

namespace waybill::control {

// ---- which recipients ------------------------------------------------------------------------------------

enum class RecipientState : uint8_t { queued, held, delivered, bounced, expired, deleted, discarded };
[[nodiscard]] std::string_view to_string(RecipientState state);

/// Which recipients an operator means. Empty fields don't restrict; all given ones must match. One that
/// restricts nothing is refused by every verb that changes something, unless `all` is set.
struct Selector {
  std::optional<MessageId> message;
  std::string domain;                   ///< of the recipient: exact, or "*.example.org" for everything below
  std::string sender;                   ///< reverse-path: an address, "@domain", or "<>" for null
  std::string recipient;                ///< an address, exact
  std::string host;                     ///< host of the last attempt
  std::string last_reply;               ///< a part of the last reply, without regard to case
  std::optional<RecipientState> state;  ///< queued or held
  std::optional<Millis> older_than, younger_than;  ///< by arrival
  bool all = false;  ///< the operator really means everything that the other fields leave

  /// True if no field restricts (`all` does not count).
  [[nodiscard]] bool unrestricted() const;
  bool operator==(const Selector&) const = default;
};

// ---- the queue -------------------------------------------------------------------------------------------

struct MessageInfo {
  MessageId id;
  Time arrived{};
  mail::Envelope envelope;  ///< its recipient list is empty
  mail::Origin origin;
  uint64_t size_octets = 0;
  uint32_t recipient_count = 0;  ///< as accepted
  bool operator==(const MessageInfo&) const = default;
};

struct RecipientInfo {
  uint32_t index = 0;  ///< its number within the message, for ever
  mail::Recipient recipient;
  RecipientState state = RecipientState::queued;
  uint16_t attempts = 0;
  std::optional<Time> next_attempt;  ///< queued: when it is due
  std::optional<Time> last_attempt;  ///< none: never tried
  mail::Reply last_reply;
  std::string last_host;
  std::string route_pin;
  bool delay_notified = false;
  bool in_flight = false;  ///< being delivered at this moment
  bool operator==(const RecipientInfo&) const = default;
};

/// One open recipient of one message: a row of `queue list`.
struct QueueRow {
  MessageInfo message;
  RecipientInfo recipient;
  bool operator==(const QueueRow&) const = default;
};

/// Where a page ended: to be given back for the next one.
struct Cursor {
  MessageId message;
  uint32_t index = 0;
  bool operator==(const Cursor&) const = default;
};

struct QueueListRequest {
  Selector selector;
  std::optional<Cursor> after;
  uint32_t limit = 100;  ///< 1 … kListLimitMax
  bool operator==(const QueueListRequest&) const = default;
};
inline constexpr uint32_t kListLimitMax = 10'000;

struct QueueListAnswer {
  std::vector<QueueRow> rows;
  std::optional<Cursor> next;  ///< none at the end
  bool operator==(const QueueListAnswer&) const = default;
};

struct QueueCountAnswer {
  uint64_t recipients = 0;
  std::optional<uint64_t> messages;  ///< none: not worth counting (too many)
  bool operator==(const QueueCountAnswer&) const = default;
};

enum class Action : uint8_t {
  retry,    ///< due now
  hold,     ///< not tried until released
  release,  ///< from hold back to due now
  drop,     ///< `queue delete`: ends as deleted by a named person, without a report to the sender
  reroute,  ///< pins `via` ("" unpins) and makes it due now
};
[[nodiscard]] std::string_view to_string(Action action);

struct ActRequest {
  Action action = Action::retry;
  Selector selector;
  std::string via;                      ///< reroute: "[host]:587", "host"; empty: back to the route table
  std::string who;                      ///< who asks: "root (sudo: alice)"; goes into the ledger
  std::string reason;                   ///< for delete required, else optional; goes into the ledger
  std::optional<uint64_t> matched_max;  ///< refuse when more match: what the operator saw is what is done
  bool operator==(const ActRequest&) const = default;
};

struct ActionReport {
  uint64_t matched = 0;
  uint64_t acted = 0;
  uint64_t skipped = 0;            ///< matched, but in flight or already so
  std::vector<std::string> notes;  ///< why some were skipped; a few sentences at most
  bool operator==(const ActionReport&) const = default;
};

// ---- history and explanation -----------------------------------------------------------------------------

enum class EventKind : uint8_t {
  accepted,
  delivered,
  deferred,
  bounced,
  expired,
  deleted,
  held,
  released,
  retry_asked,
  rerouted,
  report_sent,
  delay_notice_sent,
  set_aside,
  discarded,
  expanded,
};
[[nodiscard]] std::string_view to_string(EventKind kind);

/// One line of the custody ledger.
struct TraceEvent {
  Time time{};
  std::optional<uint32_t> recipient;  ///< none: concerns the whole message
  EventKind kind = EventKind::accepted;
  std::string address;  ///< the recipient's address, or for `accepted` the reverse-path
  mail::Reply reply;
  std::string host;  ///< who gave the reply
  std::string detail;
  bool operator==(const TraceEvent&) const = default;
};

struct TraceAnswer {
  MessageId id;
  std::vector<TraceEvent> events;         ///< oldest first
  std::optional<MessageInfo> message;     ///< while it is in the spool
  std::vector<RecipientInfo> recipients;  ///< those still open
  bool operator==(const TraceAnswer&) const = default;
};

struct WhyRequest {
  MessageId message;
  std::string recipient;  ///< an address; empty: all open recipients
  bool operator==(const WhyRequest&) const = default;
};

/// One step of an explanation, in the order in which it was decided.
struct WhyLine {
  std::string rule;  ///< short name of the rule; may be empty
  std::string ref;   ///< "RFC 5321 5.1"; may be empty
  std::string text;
  bool operator==(const WhyLine&) const = default;
};

struct WhyRecipient {
  RecipientInfo recipient;
  std::string summary;                     ///< one sentence: what it waits for, or why it ended
  std::optional<RecoveryStatus> recovery;  ///< null: it ended, or goes to no host
  std::vector<WhyLine> lines;
  bool operator==(const WhyRecipient&) const = default;
};

struct WhyAnswer {
  MessageId id;
  std::vector<WhyRecipient> recipients;
  bool operator==(const WhyAnswer&) const = default;
};

/// Every accepted recipient is open, or ended in exactly one final event; what breaks that is a fault.
struct CustodyAnswer {
  uint64_t accepted = 0, open = 0, delivered = 0, bounced = 0, expired = 0, deleted = 0, discarded = 0,
           set_aside = 0;
  uint64_t faults_total = 0;
  std::vector<std::string> faults;  ///< the first of them, one sentence each
  bool operator==(const CustodyAnswer&) const = default;
};

// ---- the daemon itself -----------------------------------------------------------------------------------

struct ListenerStatus {
  std::string address;
  std::string role;
  uint64_t sessions = 0;
  bool operator==(const ListenerStatus&) const = default;
};

/// A test of clients, since the start.
struct ClientTestCount {
  std::string test;
  uint64_t failed = 0;       ///< messages
  uint64_t turned_away = 0;  ///< of these, deferred or refused
  bool operator==(const ClientTestCount&) const = default;
};

struct DestinationStatus {
  std::string name;
  uint64_t queued = 0;  ///< ready or in flight, in memory
  uint64_t connections = 0;
  uint64_t concurrency = 0;  ///< how many connections it may have now
  std::string state;         ///< "up", "slow start", "probing", "down"
  std::optional<Time> next_probe;
  std::string last_reply;
  uint64_t rate_per_minute = 0;      ///< messages allowed in a slow start; 0: none is under way
  uint64_t rate_max_per_minute = 0;  ///< what it may grow to
  bool operator==(const DestinationStatus&) const = default;
};

/// One thing that can run short, how near it is to its limit, and what follows.
struct PressureStatus {
  std::string name;               ///< "queue", "disk", "memory", "descriptors", "commit_latency"
  std::string unit;               ///< of value and limit: "recipients", "octets", "descriptors", "ms"
  std::optional<uint64_t> value;  ///< none: not known, or switched off; disk: octets free
  std::optional<uint64_t> limit;  ///< none: switched off; disk: the reserve
  uint64_t percent = 0;           ///< of the limit; disk: the reserve, of what is free
  std::string shed;               ///< "nobody", "strangers", "everyone"
  Time since{};                   ///< of `shed`
  uint64_t told = 0;              ///< connections and commands told to come back for it since the start
  bool operator==(const PressureStatus&) const = default;
};

struct OverloadStatus {
  std::string shed;  ///< the most of all pressures
  Time since{};
  uint64_t recover_percent = 0, strangers_percent = 0, everyone_percent = 0;  ///< the marks
  uint64_t connections_told = 0;  ///< 421 instead of a banner, since the start
  uint64_t commands_told = 0;     ///< 421 or 452 to MAIL, RCPT or `waybill send`
  uint64_t sessions_ended = 0;    ///< idle ones of strangers, 421
  std::vector<PressureStatus> pressures;
  bool operator==(const OverloadStatus&) const = default;
};

struct StatusAnswer {
  std::string version, hostname;
  int64_t pid = 0;
  Time now{}, started{};
  std::string config_file;
  std::optional<Time> config_loaded;
  std::string phase;  ///< "starting", "running", "stopping"
  std::vector<ListenerStatus> listeners;
  uint64_t sessions = 0;
  uint64_t deliveries = 0;  ///< under way
  uint64_t messages = 0, recipients_queued = 0, recipients_held = 0;
  std::optional<Time> oldest_arrival, next_due;
  uint64_t spool_octets = 0, commits = 0, transactions = 0;
  uint64_t accepted = 0, delivered = 0, deferred = 0, bounced = 0, expired = 0,
           discarded = 0;           ///< since the start
  uint64_t refused_unreported = 0;  ///< by a backup's primary, of strangers' mail: no report; the same
  uint64_t dns_cache_entries = 0;
  std::vector<BackupStatus> backups;
  OverloadStatus overload;
  std::vector<ClientTestCount> clients;         ///< what the tests of clients found
  std::vector<DestinationStatus> destinations;  ///< the busiest and the troubled
  std::vector<std::string> warnings;            ///< what an operator should look at
  bool operator==(const StatusAnswer&) const = default;
};

/// Something wrong in the configuration; line 0: the file as a whole.
struct ConfigProblem {
  std::string file;
  uint32_t line = 0, column = 0;
  std::string what;
  bool operator==(const ConfigProblem&) const = default;
};

enum class ReloadOutcome : uint8_t { applied, unchanged, refused };
[[nodiscard]] std::string_view to_string(ReloadOutcome outcome);

struct ReloadAnswer {
  ReloadOutcome outcome = ReloadOutcome::unchanged;
  std::vector<std::string> changes;         ///< what is different now, a sentence each
  std::vector<std::string> restart_needed;  ///< changes that wait for a restart
  std::vector<ConfigProblem> problems;      ///< why it was refused: the old configuration stays
  bool operator==(const ReloadAnswer&) const = default;
};

struct HealthAnswer {
  bool healthy = true;
  std::vector<std::string> reasons;  ///< why not
  bool operator==(const HealthAnswer&) const = default;
};

// ---- mail in ---------------------------------------------------------------------------------------------

struct SendRequest {
  mail::Envelope envelope;
  std::string who;      ///< the user who sends, for trace
  std::string message;  ///< header and text with CRLF line ends (the service makes them so), not dot-stuffed
  bool operator==(const SendRequest&) const = default;
};

struct SendRefusal {
  std::string address;
  mail::Reply reply;
  bool operator==(const SendRefusal&) const = default;
};

/// Durable when answered. No id: every recipient was refused, and nothing was taken.
struct SendAnswer {
  std::optional<MessageId> id;
  uint32_t recipients_accepted = 0;
  std::vector<SendRefusal> refused;
  bool operator==(const SendAnswer&) const = default;
};

// ---- who is knocking -------------------------------------------------------------------------------------

enum class ClientsBy : uint8_t { policy, domain };
[[nodiscard]] std::string_view to_string(ClientsBy by);

struct ClientsRequest {
  ClientsBy by = ClientsBy::policy;
  std::string domain;     ///< this one alone; empty: all
  uint32_t examples = 3;  ///< for each test, 0 … kClientExamplesMax
  bool operator==(const ClientsRequest&) const = default;
};
inline constexpr uint32_t kClientExamplesMax = 100;

struct ClientExample {
  std::string client;  ///< an IPv4 address, or an IPv6 /64
  std::string name;    ///< its confirmed reverse name; empty: none
  std::string helo, from;
  std::string place;  ///< where it came in: an address of ours, or the MX host that the listener was given
  std::string why;
  uint64_t messages = 0;  ///< in which it failed
  Time last{};
  bool operator==(const ClientExample&) const = default;
};

/// What one test found, which is what it would lead to where it only observes: the same code decides.
struct ClientTestReport {
  std::string test;                     ///< "iprev", "early_talker", "wrong_mx", "greylist"
  std::string action;                   ///< now; of domains with several policies: "mixed"
  uint64_t clients = 0, messages = 0;   ///< that failed
  uint64_t turned_away = 0;             ///< of these messages, how many were deferred or refused for it
  std::vector<ClientExample> examples;  ///< the latest first
  bool operator==(const ClientTestReport&) const = default;
};

struct ClientsGroup {
  std::string name;  ///< of the policy, or of the domain
  uint64_t clients = 0, messages = 0;
  std::optional<Time> since;  ///< the first of them
  std::vector<ClientTestReport> tests;
  bool operator==(const ClientsGroup&) const = default;
};

struct ClientsAnswer {
  Time now{};
  ClientsBy by = ClientsBy::policy;
  std::optional<Time> since;
  uint64_t clients = 0;
  bool full = false;  ///< as many are remembered as may be: older ones were forgotten
  std::vector<ClientsGroup> groups;
  bool operator==(const ClientsAnswer&) const = default;
};

/// One daemon asks another: where was this client, and since when are your MXs up?
struct ClientsSeenRequest {
  std::string client;  ///< as in ClientExample
  std::string name;    ///< its confirmed reverse name; empty: none
  bool operator==(const ClientsSeenRequest&) const = default;
};

struct ClientVisit {
  std::string place;
  Time last{};
  bool operator==(const ClientVisit&) const = default;
};

struct ClientPlace {
  std::string place;  ///< as in ClientExample
  Time up_since{};
  std::optional<Time> refused_last;  ///< when it last turned a client away for want of room
  bool operator==(const ClientPlace&) const = default;
};

struct ClientsSeenAnswer {
  Time now{};  ///< of the clock by which the times here are given
  std::vector<ClientVisit> visits;
  std::vector<ClientPlace> places;
  bool operator==(const ClientsSeenAnswer&) const = default;
};

// ---- the resolver's cache --------------------------------------------------------------------------------

struct DnsCacheRequest {
  std::string name;  ///< this name and those below; empty: all
  uint32_t limit = 1000;
  bool operator==(const DnsCacheRequest&) const = default;
};

struct DnsCacheEntry {
  std::string name, type;
  std::string status;    ///< "present", "absent", "failed", "bogus"
  std::string security;  ///< "secure", "insecure", …
  uint32_t ttl_s = 0;
  std::vector<std::string> records;  ///< presentation form
  bool operator==(const DnsCacheEntry&) const = default;
};

struct DnsCacheAnswer {
  std::vector<DnsCacheEntry> entries;
  uint64_t entries_total = 0;
  bool operator==(const DnsCacheAnswer&) const = default;
};

struct DnsFlushRequest {
  std::string name;  ///< this name and those below; empty: the whole cache
  bool operator==(const DnsFlushRequest&) const = default;
};

struct DnsFlushAnswer {
  uint64_t entries_removed = 0;
  bool operator==(const DnsFlushAnswer&) const = default;
};

}  // namespace waybill::control
