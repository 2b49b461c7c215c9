// config.h: the configuration as typed values, every key with its default. What stands in the TOML file is
// read by load(); from there on nobody parses text again. A room of its own, so that the daemon and the
// command line share it and neither reaches into the other.
//
// Thread rule: plain values; share a `std::shared_ptr<const Config>` between threads, replace it on reload.
// Failure: load() and parse() return every fault of the file at once, each with file, line and column.
// They never touch the network, and no file but the one named; what only the machine can prove (sockets,
// certificates, folders) is `waybill config check`'s work.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/log.h"
#include "config/strain.h"
#include "mail/address.h"
#include "mail/patterns.h"

namespace waybill::config {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

/// Where a value stands in the file; line 0: it is a default.
struct Where {
  uint32_t line = 0;
  uint32_t column = 0;
};

/// One fault of a configuration file. Line and column count from 1; 0: the file as a whole.
struct Located {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string message;

  /// "waybill.toml:12:8: error: unknown key …" on one line.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Located&) const = default;
};
using Errors = std::vector<Located>;

/// Positions of the values that the file gave, by dotted path ("limits.sessions", "listener[0].address",
/// `domain."example.org".users`), for messages of later checks. Never part of a comparison.
struct Positions {
  std::map<std::string, Where, std::less<>> by_path;
  [[nodiscard]] Where find(std::string_view path) const;
  bool operator==(const Positions&) const { return true; }
};

struct Log {
  log::Level level = log::Level::info;
  log::Format format = log::Format::text;
  bool operator==(const Log&) const = default;
};

enum class DnsMode : uint8_t { recursive, forward };

struct Dns {
  DnsMode mode = DnsMode::recursive;
  std::vector<Endpoint> servers;  ///< for forward; empty: those of /etc/resolv.conf
  bool dnssec = true;
  std::vector<std::string> trust_anchors;  ///< DS or DNSKEY records as text; empty: the root's
  std::vector<std::string> zones;          ///< overlay: answered from these files instead of the network
  Millis timeout = Seconds{15};            ///< of one question as a whole; then the answer is "failed"
  uint32_t cache_entries = 100'000;
  bool operator==(const Dns&) const = default;
};

/// A certificate chain and its key, PEM files. Both or neither.
struct TlsFiles {
  std::string certificate;
  std::string key;
  [[nodiscard]] bool present() const { return !certificate.empty(); }
  bool operator==(const TlsFiles&) const = default;
};

enum class Role : uint8_t { mx, submission, submissions, lmtp };

struct Listener {
  Endpoint address;
  Role role = Role::mx;
  std::optional<mail::Domain> mx;  ///< the MX host that this is, where its address does not tell (NAT)
  TlsFiles tls;                    ///< its own, or the global ones; absent: STARTTLS is not offered
  bool operator==(const Listener&) const = default;
};

/// What a bare CR or LF within a message gets: 5.6.0, or CRLF in its place. Never the end of data.
enum class BareNewline : uint8_t { reject, replace };

struct Limits {
  uint32_t sessions = 1000;  ///< at once, over all listeners
  uint32_t sessions_per_address =
      50;  ///< at once from one address (IPv6: from one /64); not trusted_networks
  uint32_t messages_per_session = 100'000;
  uint32_t recipients = 1000;           ///< of one message; RFC 5321 4.5.3.1.8 asks for 100 at least
  uint64_t message_octets = 50 * kMiB;  ///< announced as SIZE (RFC 1870)
  uint32_t commands = 10'000;           ///< of one session, beyond what its messages need
  uint32_t errors = 20;                 ///< bad commands and refused recipients in one session, then 421
  Millis session_deadline = std::chrono::hours{1};   ///< of a whole session, whatever the peer does
  Millis command_timeout = std::chrono::minutes{5};  ///< RFC 5321 4.5.3.2.7
  BareNewline bare_newline = BareNewline::reject;
  bool operator==(const Limits&) const = default;
};

/// Mail whose sender's domain says that it takes none (null MX, RFC 7505 4.2): no reply could ever reach it.
enum class NullMxSender : uint8_t { accept, refuse };

struct Relay {
  /// Who may send to any domain. Never as wide as the Internet: parse() refuses that.
  std::vector<IpNetwork> trusted_networks = default_networks();
  NullMxSender null_mx_sender = NullMxSender::accept;
  [[nodiscard]] bool trusts(const IpAddress& address) const;
  [[nodiscard]] static std::vector<IpNetwork> default_networks();  ///< loopback of both families
  bool operator==(const Relay&) const = default;
};

enum class DomainRole : uint8_t {
  primary,  ///< final destination: delivered to mailboxes
  backup,   ///< held, and forwarded only to better MXs
  relay,    ///< accepted from anyone and forwarded by the route table
};

/// How a backup knows who exists at the domain that it stands in for.
enum class RecipientSource : uint8_t {
  any,      ///< it does not: every name is taken
  list,     ///< `users`
  callout,  ///< it asks the better MX, and remembers
};
/// What becomes of a recipient of whom nothing is known while the primary does not answer.
enum class UnknownRecipients : uint8_t { accept, defer, refuse };

/// Where a primary domain's mail ends. The default is a Maildir for each user.
struct Mailboxes {
  enum class Kind : uint8_t { maildir, lmtp_unix, lmtp_tcp };
  Kind kind = Kind::maildir;
  /// maildir: template with {domain} and {user}; lmtp_unix: the socket
  std::string path = "/var/mail/{domain}/{user}";
  Endpoint server;  ///< lmtp_tcp
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Mailboxes&) const = default;
};

/// What a test of a client leads to, for the domains whose policy says so (docs/clients.md).
enum class ClientAction : uint8_t {
  off,      ///< not tested
  observe,  ///< counted for `waybill clients`
  tag,      ///< told in a header field
  defer,    ///< 4yz
  refuse,   ///< 5yz
};

/// How the clients are judged that bring a domain's mail: [policy.NAME].
struct Policy {
  std::string name = "default";
  ClientAction iprev = ClientAction::observe;
  ClientAction early_talker = ClientAction::refuse;
  ClientAction wrong_mx = ClientAction::observe;
  Millis mx_memory = std::chrono::hours{4};  ///< a better MX tried so long ago still counts
  Millis mx_grace = std::chrono::hours{1};   ///< after a better MX was down, nobody is blamed
  ClientAction greylist = ClientAction::off;
  Millis greylist_delay = std::chrono::minutes{5};
  Millis greylist_window = std::chrono::hours{48};
  Millis greylist_keep = std::chrono::days{35};
  uint32_t greylist_known_after = 5;
  bool operator==(const Policy&) const = default;
};

/// What is learnt of clients, whatever the policy.
struct Clients {
  bool iprev = true;                    ///< whether reverse names are looked up at all
  Millis iprev_wait = Seconds{2};       ///< how long a decision waits for one; then it is unknown
  Millis early_wait{5};                 ///< before the banner, in which nobody may talk
  Millis suspicious_wait = Seconds{2};  ///< the same for clients that misbehaved before
  Millis remember = std::chrono::days{35};
  std::vector<Endpoint> peers;  ///< other daemons' http.listen, that are MXs of the same domains
  uint32_t entries = 100'000;   ///< of each kind, in memory
  bool operator==(const Clients&) const = default;
};

struct Domain {
  mail::Domain name;
  DomainRole role = DomainRole::primary;
  std::optional<Mailboxes> mailboxes;  ///< always present for primary
  /// Local parts in lower case; absent: every one is accepted. Never empty.
  std::optional<std::set<std::string, std::less<>>> users;
  // Of a backup:
  RecipientSource recipients = RecipientSource::any;  ///< after load; where not given: list if there is one
  UnknownRecipients unknown_recipients = UnknownRecipients::accept;
  std::optional<Millis> hold_for;  ///< how long its mail is tried; absent: queue.expire_after
  /// Whether a stranger hears of what the primary refuses; trusted and authenticated clients always do.
  bool bounce_refused = false;
  double rate_max = 0;               ///< messages a second that are handed on; 0: no limit of its own
  std::vector<IpNetwork> etrn_from;  ///< who may ask for its mail by ETRN (RFC 1985); empty: nobody
  std::string policy = "default";    ///< the [policy.NAME] by which clients are judged
  std::string users_file;            ///< further users, one a line; empty: none. See recipients.h
  /// primary: who receives the mail of a name that has no mailbox, as written: "john" of this domain, or
  /// "john@example.net". Names in lower case. See recipients.h
  std::map<std::string, std::vector<std::string>, std::less<>> aliases;
  std::string aliases_file;  ///< further aliases; empty: none
  std::vector<std::string>
      catch_all;  ///< who receives the mail of names that nobody has; empty: it is refused
  std::string recipient_delimiter = "+";  ///< john+lists is john; empty: nothing is
  uint64_t quota_octets = 0;              ///< of each Maildir; 0: no limit
  uint64_t quota_messages = 0;            ///< the same
  bool forward_srs = false;               ///< mail that an alias sends on has a sender of [srs] domain
  bool mx_here = true;                    ///< primary: its MX records are expected to name this host
  /// Without case, and without what follows the delimiter; `postmaster` always (RFC 5321 4.5.1). Knows
  /// nothing of the files: see recipients.h.
  [[nodiscard]] bool accepts(std::string_view local) const;
  bool operator==(const Domain&) const = default;
};

/// How mail that matches a pattern leaves. "mx" | "relay.isp.example" | "[relay.isp.example]:587".
struct Via {
  enum class Kind : uint8_t {
    mx,        ///< the recipient domain's own MX records
    relay_mx,  ///< the MX records of `host`
    relay,     ///< `host` itself, no MX lookup
  };
  Kind kind = Kind::mx;
  mail::Domain host;             ///< for relay also an address literal
  std::optional<uint16_t> port;  ///< absent: deliver.port
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Via&) const = default;
};

enum class RouteAction : uint8_t {
  deliver,
  discard,  ///< accepted and dropped
  hold,     ///< kept until an operator releases it
  refuse,   ///< 550 5.7.1 with a text
};

/// `via` of a route: one way, several in order, or an action.
struct Way {
  RouteAction action = RouteAction::deliver;
  std::vector<Via> hosts = std::vector<Via>(1);  ///< of deliver; the later are tried when the earlier fail
  std::string text;                              ///< of refuse
  [[nodiscard]] std::string to_string() const;   ///< "[a.example]:25, [b.example]:25", "refuse \"text\""
  bool operator==(const Way&) const = default;
};

/// Who we are at a smart host (RFC 4954). The password itself is never part of a configuration.
struct RouteAuth {
  std::string user;
  std::string password_file;
  bool operator==(const RouteAuth&) const = default;
};

/// What a route's hosts must offer. automatic: as [deliver] tls says; with auth: verify.
enum class RouteTls : uint8_t { automatic, encrypt, verify };

struct Route {
  std::string pattern;  ///< "*", "example.org", "*.example.org" (everything below it), in lower case
  Way via;
  std::vector<mail::SenderPattern> senders;      ///< empty: any
  std::vector<mail::ListenerPattern> listeners;  ///< empty: any
  std::optional<RouteAuth> auth;
  RouteTls tls = RouteTls::automatic;
  std::string ca_file;   ///< whom to trust for tls = verify; empty: the system's roots
  std::string position;  ///< its path in Positions: `route."*"`, `route."*"[1]`; empty: the built-in one
  [[nodiscard]] bool matches(const mail::Domain& domain) const;
  [[nodiscard]] bool conditional() const { return !senders.empty() || !listeners.empty(); }
  bool operator==(const Route&) const = default;
};

enum class ClientTls : uint8_t { opportunistic, off };

struct Deliver {
  uint16_t port = 25;                         ///< the port of every MX
  uint32_t connections = 500;                 ///< at once, over all destinations
  uint32_t connections_per_destination = 20;  ///< the most that pacing may grow to
  uint32_t recipients_per_message = 100;      ///< of one transaction
  uint32_t messages_per_connection = 100;
  std::optional<IpAddress> source_ipv4;  ///< bind to these
  std::optional<IpAddress> source_ipv6;
  ClientTls tls = ClientTls::opportunistic;
  Millis idle_keepalive = Seconds{10};  ///< how long an idle connection waits for the next message
  Millis connect_timeout = Seconds{30};
  Millis greeting_timeout = std::chrono::minutes{5};  ///< these: RFC 5321 4.5.3.2
  Millis command_timeout = std::chrono::minutes{5};
  Millis data_timeout = std::chrono::minutes{2};
  Millis block_timeout = std::chrono::minutes{3};
  Millis final_timeout = std::chrono::minutes{10};
  bool operator==(const Deliver&) const = default;
};

struct Queue {
  Millis retry_first = std::chrono::minutes{30};  ///< RFC 5321 4.5.4.1
  double retry_factor = 2.0;
  Millis retry_max = std::chrono::hours{4};
  Millis expire_after = std::chrono::days{5};
  Millis expire_bounces_after = std::chrono::days{2};  ///< mail from the null sender
  Millis delay_notice_after = std::chrono::hours{4};   ///< zero: no notices
  Millis ledger_keep = std::chrono::days{30};          ///< after a message's end
  uint64_t reserve_octets = 64 * kMiB;                 ///< with less free disk than this, new mail gets 452
  uint32_t window = 20'000;                            ///< recipients held ready in memory at most
  uint32_t window_per_destination = 1000;
  bool operator==(const Queue&) const = default;
};

struct Bounce {
  uint64_t return_octets = 50 * kKiB;  ///< a larger message is returned as its header only
  bool operator==(const Bounce&) const = default;
};

/// The sender of mail that an alias sends on (forward_srs of a domain): an address of our own that leads
/// back to the original sender's, so that the next host's SPF check does not meet a stranger's domain.
struct Srs {
  std::string secret_file;  ///< first line signs; further lines are former secrets; empty: no SRS
  mail::Domain domain;      ///< of the rewritten senders; its MX must be this host; empty: the host name
  bool operator==(const Srs&) const = default;
};

struct Http {
  std::optional<Endpoint> listen;  ///< absent: off
  bool operator==(const Http&) const = default;
};

struct Control {
  std::string socket;    ///< after load: never empty (default: data_dir/control.sock)
  unsigned mode = 0600;  ///< permissions of the socket
  bool operator==(const Control&) const = default;
};

struct Config {
  mail::Domain hostname;                  ///< after load: never empty
  std::vector<mail::Domain> self_names;   ///< further names of this host among MXs
  std::vector<IpAddress> self_addresses;  ///< further addresses of it (behind NAT)
  std::string data_dir = "/var/lib/waybill";
  std::string user;                         ///< after the ports are bound; empty: stay who we are
  std::string group;                        ///< empty: the user's own
  uint32_t threads = 0;                     ///< 0: one for each processor
  Millis shutdown_grace = Seconds{30};      ///< what SIGTERM leaves to transfers under way
  std::optional<mail::Address> postmaster;  ///< gets <postmaster> without a domain; see postmaster_address()

  Log log;
  Dns dns;
  TlsFiles tls;
  std::vector<Listener> listeners = default_listeners();
  Limits limits;
  Relay relay;
  Clients clients;
  std::vector<Policy> policies;  ///< after load: "default" first, then by name
  std::vector<Domain> domains;   ///< in order of the name
  std::vector<Route> routes;     ///< most specific first; the last is always "*", without conditions
  Deliver deliver;
  Queue queue;
  Overload overload;
  Recovery recovery;
  Bounce bounce;
  Callout callout;
  Srs srs;
  Http http;
  Control control;

  Positions positions;

  [[nodiscard]] static std::vector<Listener> default_listeners();  ///< 0.0.0.0:25 and [::]:25, mx
  [[nodiscard]] const Domain* find_domain(const mail::Domain& name) const;
  /// After load never null for a name that a domain has.
  [[nodiscard]] const Policy* find_policy(std::string_view name) const;
  /// The route of a recipient domain's mail that no condition is for: never null after load.
  [[nodiscard]] const Route* find_route(const mail::Domain& name) const;
  /// `postmaster`, else postmaster@ the first primary domain, else postmaster@hostname.
  [[nodiscard]] mail::Address postmaster_address() const;
  bool operator==(const Config&) const = default;
};

/// Reads and checks a file. Relative paths in it are resolved against its folder.
[[nodiscard]] std::expected<Config, Errors> load(const std::filesystem::path& path);
/// The same for text; `filename` names it in messages, and its folder resolves relative paths.
/// Hostile text is fine: it ends in errors, at most `kErrorsMax` of them.
[[nodiscard]] std::expected<Config, Errors> parse(std::string_view text, const std::string& filename);
/// Where the daemon of this file listens for control: also when the file has errors, for the daemon may run
/// by an older one and must be asked then of all times. Errors: no such file.
[[nodiscard]] Result<std::string> control_socket_of(const std::filesystem::path& path);
inline constexpr size_t kErrorsMax = 100;
inline constexpr size_t kFileOctetsMax = 8 * kMiB;

/// What an empty file means on this machine.
[[nodiscard]] Config defaults();
/// The machine's name: its FQDN if that is a valid domain name, else its host name, else "localhost".
[[nodiscard]] mail::Domain machine_hostname();

/// A file for `waybill config init`: every key explained in a line, and set to its default in a comment
/// or in force, so that it parses back to defaults().
[[nodiscard]] std::string commented_default();

/// "50 MiB", "64KiB", "1 GB", "1000": octets. KiB/MiB/GiB/TiB are powers of 1024, kB/MB/GB/TB of 1000.
[[nodiscard]] Result<uint64_t> parse_size(std::string_view text);
/// "50 MiB", "1000": the largest binary unit that divides it.
[[nodiscard]] std::string format_size(uint64_t octets);

[[nodiscard]] std::string_view to_string(DnsMode mode);
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(BareNewline what);
[[nodiscard]] std::string_view to_string(NullMxSender what);
[[nodiscard]] std::string_view to_string(ClientAction action);
[[nodiscard]] std::string_view to_string(DomainRole role);
[[nodiscard]] std::string_view to_string(RecipientSource source);
[[nodiscard]] std::string_view to_string(UnknownRecipients policy);
[[nodiscard]] std::string_view to_string(ClientTls tls);
[[nodiscard]] std::string_view to_string(RouteTls tls);

/// Where the verbs look when no --config is given: $WAYBILL_CONFIG, else /etc/waybill/waybill.toml.
[[nodiscard]] std::string default_path();

}  // namespace waybill::config
