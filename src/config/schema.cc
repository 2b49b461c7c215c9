#include "config/schema.h"

#include "config/kinds.h"
#include "config/schema_key.h"

namespace waybill::config {
namespace {
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

// A peer's timeouts: shorter than a second finds nobody, longer than an hour holds a connection for nothing.
constexpr Duration kPeerTimeout{Seconds{1}, hours{1}};
constexpr std::string_view kCertificateDoc = "PEM file with the certificate and its chain";
constexpr std::string_view kKeyDoc = "PEM file with the certificate's private key";

// A listener's TLS files sit one level deeper than a member pointer reaches.
Key<Listener> listener_file(std::string_view name, std::string_view doc, std::string TlsFiles::* member) {
  return {name, Path{}.type(), doc,
          [=](const Scope& scope, const toml::node& node, Listener& out) {
            Path{}.read(scope, node, out.tls.*member);
          },
          [=](const Listener& from) { return Path{}.show(from.tls.*member); }};
}
}  // namespace

const Section<Config>& top_section() {
  static const Section<Config> section{
      "",
      "",
      {
          key("hostname",
              "this host's name: in the banner, EHLO and Received, and how it knows itself among MXs",
              &Config::hostname, DomainName{}),
          key("self_names", "further names of this host among MXs (aliases)", &Config::self_names,
              List<DomainName>{}),
          key("self_addresses", "further addresses of this host, such as the public one in front of NAT",
              &Config::self_addresses, List<Parsed<IpAddress>>{{"IP address"}}),
          key("data_dir", "the folder of the queue and the ledger", &Config::data_dir, Path{}),
          key("user", "the user to become once the ports are bound; \"\": stay the one that started it",
              &Config::user, Text{"user name"}),
          key("group", "the group to take with it; \"\": the user's own", &Config::group, Text{"group name"}),
          key("threads", "threads for network work; 0: one for each processor", &Config::threads,
              Count{0, 256}),
          key("shutdown_grace", "how long SIGTERM lets transfers under way finish", &Config::shutdown_grace,
              Duration{Seconds{0}, minutes{10}}),
          key("postmaster",
              "who gets mail to postmaster without a domain; \"\": postmaster@ the first primary domain",
              &Config::postmaster, Optional<Parsed<mail::Address>>{{"address"}}),
      }};
  return section;
}

const Section<Log>& log_section() {
  static const Section<Log> section{
      "log",
      "One event a line, on stderr.",
      {
          key("level", "the least that is logged", &Log::level,
              choice(log::Level::debug, log::Level::info, log::Level::warning, log::Level::error)),
          key("format", "text for people, json for programs", &Log::format,
              choice(log::Format::text, log::Format::json)),
      }};
  return section;
}

const Section<Dns>& dns_section() {
  static const Section<Dns> section{
      "dns",
      "Where answers from the DNS come from.",
      {
          key("mode", "recursive asks the authoritative servers itself; forward asks `servers`", &Dns::mode,
              choice(DnsMode::recursive, DnsMode::forward)),
          key("servers", "resolvers to forward to; empty: those of /etc/resolv.conf", &Dns::servers,
              List<Parsed<Endpoint>>{{"address and port"}, 16}),
          key("dnssec", "validate answers; a forged one is never taken for a missing one", &Dns::dnssec,
              Flag{}),
          key("trust_anchors", "DS or DNSKEY records to trust, as text; empty: the root's own",
              &Dns::trust_anchors, List<Text>{{"record"}, 100}),
          key("zones", "zone files that are answered from instead of the network", &Dns::zones,
              List<Path>{{}, 1000}),
          key("timeout", "of one question as a whole; after it the answer is \"failed\", never \"missing\"",
              &Dns::timeout, Duration{Seconds{1}, minutes{5}}),
          key("cache_entries", "answers kept in memory at most", &Dns::cache_entries,
              Count{1000, 100'000'000}),
      }};
  return section;
}

const Section<TlsFiles>& tls_section() {
  static const Section<TlsFiles> section{
      "tls",
      "The certificate of every listener that names none of its own; without one STARTTLS is not offered.",
      {
          key("certificate", kCertificateDoc, &TlsFiles::certificate, Path{}),
          key("key", kKeyDoc, &TlsFiles::key, Path{}),
      }};
  return section;
}

const Section<Listener>& listener_section() {
  static const Section<Listener> section{
      "listener",
      "Where mail comes in; one table each. None given: 0.0.0.0:25 and [::]:25, role mx.",
      {
          key("address", "address and port; IPv6 in brackets; port 0 takes a free one", &Listener::address,
              Parsed<Endpoint>{"address and port"}),
          key("role",
              "mx takes mail for our domains; submission and submissions (TLS from the start) serve trusted "
              "networks",
              &Listener::role, choice(Role::mx, Role::submission, Role::submissions, Role::lmtp)),
          key("mx", "the MX host that this listener is, where its address does not tell it (behind NAT)",
              &Listener::mx, Optional<DomainName>{}),
          listener_file("tls_certificate", kCertificateDoc, &TlsFiles::certificate),
          listener_file("tls_key", kKeyDoc, &TlsFiles::key),
      }};
  return section;
}

const Section<Limits>& limits_section() {
  static const Section<Limits> section{
      "limits",
      "What one client, or all of them, may take.",
      {
          key("sessions", "sessions at once, over all listeners; more get 421", &Limits::sessions,
              Count{1, 1'000'000}),
          key("sessions_per_address",
              "sessions at once from one address (IPv6: one /64); relay.trusted_networks are exempt",
              &Limits::sessions_per_address, Count{1, 1'000'000}),
          key("messages_per_session", "messages in one session, then 421", &Limits::messages_per_session,
              Count{1, 1'000'000}),
          key("recipients", "recipients of one message, then 452; at least 100 (RFC 5321 4.5.3.1.8)",
              &Limits::recipients, Count{100, 100'000}),
          key("message_size", "the largest message, announced as SIZE; more gets 552",
              &Limits::message_octets, Size{64 * kKiB, 16 * kGiB}),
          key("commands", "commands in one session, then 421", &Limits::commands, Count{100, 1'000'000'000}),
          key("errors", "bad commands and refused recipients in one session, then 421", &Limits::errors,
              Count{1, 1'000'000}),
          key("session_deadline", "of a whole session, however busy it keeps itself",
              &Limits::session_deadline, Duration{Seconds{1}, days{1}}),
          key("command_timeout", "how long a silent client is waited for; 5m by RFC 5321 4.5.3.2.7",
              &Limits::command_timeout, Duration{Seconds{1}, hours{1}}),
          key("bare_newline",
              "a bare CR or LF within a message: reject the message, or put a space in its place",
              &Limits::bare_newline, choice(BareNewline::reject, BareNewline::replace)),
      }};
  return section;
}

const Section<Relay>& relay_section() {
  static const Section<Relay> section{
      "relay",
      "Who may send to domains that are not ours.",
      {
          key("trusted_networks",
              "networks whose clients may send to anyone; wider than /8 (IPv6: /16) is refused",
              &Relay::trusted_networks, List<TrustedNetwork>{}),
          key("null_mx_sender",
              "mail of strangers whose sender's domain takes no mail (null MX): accept, or refuse with 550 "
              "5.7.27",
              &Relay::null_mx_sender, choice(NullMxSender::accept, NullMxSender::refuse)),
      }};
  return section;
}

const Section<Domain>& domain_section() {
  static const Section<Domain> section{
      "domain",
      "A domain that mail is accepted for, from anyone.",
      {
          key("role",
              "primary: final destination; backup: hold, and forward only to better MXs; relay: forward by "
              "the routes",
              &Domain::role, choice(DomainRole::primary, DomainRole::backup, DomainRole::relay)),
          key("mailboxes",
              "primary: \"maildir:PATH\" with {domain} and {user}, \"lmtp:unix:PATH\" or \"lmtp:IP:PORT\"",
              &Domain::mailboxes, Optional<MailboxesKind>{}),
          key("users", "who exists, others get 550 at once; [\"*\"]: everyone; a Maildir needs this list",
              &Domain::users, Users{}),
          key("recipients",
              "backup: who exists: list: `users`; callout: whom the better MX takes when asked; any: "
              "everyone; "
              "default: list where there is one, else any",
              &Domain::recipients,
              choice(RecipientSource::any, RecipientSource::list, RecipientSource::callout)),
          key("unknown_recipients",
              "backup with callout: one of whom nothing is known while the better MX does not answer: accept "
              "and hold, defer (450), or refuse (550)",
              &Domain::unknown_recipients,
              choice(UnknownRecipients::accept, UnknownRecipients::defer, UnknownRecipients::refuse)),
          key("hold_for", "backup: how long its mail is tried; \"\": queue.expire_after", &Domain::hold_for,
              Optional<Duration>{{minutes{1}, days{366}}}),
          key("bounce_refused",
              "backup: whether a stranger is told when the better MX refuses his mail; trusted and "
              "authenticated clients always are",
              &Domain::bounce_refused, Flag{}),
          key("rate_max",
              "backup, relay: messages a second handed on at most, always; domains of the same hosts and "
              "limit "
              "share it; 0: no limit",
              &Domain::rate_max, Ratio{0, 100'000}),
          key("etrn_from",
              "backup, relay: networks whose hosts may ask for this domain's mail by ETRN (RFC 1985)",
              &Domain::etrn_from, List<TrustedNetwork>{}),
          key("policy", "the [policy.NAME] by which the clients are judged that bring its mail",
              &Domain::policy, Text{"policy name"}),
          key("users_file", "a file of further users, one a line; read again at every reload",
              &Domain::users_file, Path{}),
          key("aliases",
              "primary: names that stand for others: { sales = [\"john\", \"ann@example.net\"], boss = "
              "\"john\" }",
              &Domain::aliases, Aliases{}),
          key("aliases_file",
              "a file of further aliases, \"sales: john, ann\" a line; read again at every reload",
              &Domain::aliases_file, Path{}),
          key("catch_all", "who gets mail to names that nobody has; []: it is refused", &Domain::catch_all,
              Receivers{}),
          key("recipient_delimiter", "john+lists is john; \"\": it is a name of its own",
              &Domain::recipient_delimiter, Delimiter{}),
          key("quota_octets", "of each Maildir: mail for a full one is put off (452 4.2.2); 0: no limit",
              &Domain::quota_octets, Size{}),
          key("quota_messages", "messages in each Maildir; 0: no limit", &Domain::quota_messages,
              Count{0, 1'000'000'000}),
          key("forward_srs", "mail that an alias sends to other hosts gets a sender of [srs]",
              &Domain::forward_srs, Flag{}),
          key("mx_here",
              "primary: its MX records name this host, and it is told when they don't; false: another host "
              "hands its mail on, or nobody elsewhere writes to it",
              &Domain::mx_here, Flag{}),
      }};
  return section;
}

const Section<Route>& route_section() {
  static const Section<Route> section{
      "route",
      "How mail leaves, by the recipient's domain; the most specific pattern wins.",
      {
          key("via",
              "\"mx\"; \"relay.example\" (its MX records); \"[relay.example]:587\" (itself); a list: in "
              "order; "
              "\"discard\"; \"hold\"; 'refuse \"text\"'",
              &Route::via, WayKind{}),
          key("senders",
              "only mail from these: \"user@example.org\", \"@example.org\", \"*.example.org\", \"<>\"; []: "
              "anyone",
              &Route::senders, List<Parsed<mail::SenderPattern>>{{"sender"}}),
          key("listeners",
              "only mail that came in here: a role, a listener's address, \"control\" or \"bounce\"; []: "
              "anywhere",
              &Route::listeners, List<Parsed<mail::ListenerPattern>>{{"listener"}}),
          key("auth",
              "who we are at a smart host: { user = \"joe\", password_file = \"FILE\" }; sent over TLS only",
              &Route::auth, Optional<AuthKind>{}),
          key("tls",
              "encrypt: TLS or nothing; verify: and a certificate that names the host; automatic: verify "
              "with "
              "auth, else as in [deliver]",
              &Route::tls, choice(RouteTls::automatic, RouteTls::encrypt, RouteTls::verify)),
          key("ca_file", "PEM file of the roots to trust for verify; \"\": the system's", &Route::ca_file,
              Path{}),
      }};
  return section;
}

const Section<Deliver>& deliver_section() {
  static const Section<Deliver> section{
      "deliver",
      "How mail is handed to other servers.",
      {
          key("port", "the port of every MX; a lab without root sets another", &Deliver::port,
              Count{1, 65'535}),
          key("connections", "connections at once, over all destinations", &Deliver::connections,
              Count{1, 1'000'000}),
          key("connections_per_destination", "the most that pacing may grow to for one destination",
              &Deliver::connections_per_destination, Count{1, 10'000}),
          key("recipients_per_message", "recipients in one transaction", &Deliver::recipients_per_message,
              Count{1, 10'000}),
          key("messages_per_connection", "messages before a connection is closed",
              &Deliver::messages_per_connection, Count{1, 1'000'000}),
          key("source_ipv4", "the address to connect from; \"\": the system's choice", &Deliver::source_ipv4,
              Optional<SourceAddress>{{true}}),
          key("source_ipv6", "the address to connect from; \"\": the system's choice", &Deliver::source_ipv6,
              Optional<SourceAddress>{{false}}),
          key("tls", "opportunistic: STARTTLS wherever it is offered; off: never", &Deliver::tls,
              choice(ClientTls::opportunistic, ClientTls::off)),
          key("idle_keepalive", "how long an idle connection is kept for the next message",
              &Deliver::idle_keepalive, Duration{Seconds{0}, minutes{5}}),
          key("connect_timeout", "to reach one address", &Deliver::connect_timeout, kPeerTimeout),
          key("greeting_timeout", "for the banner (RFC 5321 4.5.3.2.1)", &Deliver::greeting_timeout,
              kPeerTimeout),
          key("command_timeout",
              "for the reply to MAIL, RCPT and the like (4.5.3.2.2 and 3), and for a TLS handshake",
              &Deliver::command_timeout, kPeerTimeout),
          key("data_timeout", "for the reply to DATA (4.5.3.2.4)", &Deliver::data_timeout, kPeerTimeout),
          key("block_timeout", "for each block of the message to be taken (4.5.3.2.5)",
              &Deliver::block_timeout, kPeerTimeout),
          key("final_timeout", "for the reply to the final dot (4.5.3.2.6): too short makes duplicates",
              &Deliver::final_timeout, kPeerTimeout),
      }};
  return section;
}

const Section<Queue>& queue_section() {
  static const Section<Queue> section{
      "queue",
      "How long mail is kept trying, and what the queue may take.",
      {
          key("retry_first", "the pause after the first failed attempt; 30m by RFC 5321 4.5.4.1",
              &Queue::retry_first, Duration{Seconds{1}, days{1}}),
          key("retry_factor", "each further pause is this much longer", &Queue::retry_factor,
              Ratio{1.0, 10.0}),
          key("retry_max", "but never longer than this", &Queue::retry_max, Duration{Seconds{1}, days{7}}),
          key("expire_after", "then the sender is told that it failed; 4 to 5 days by RFC 5321 4.5.4.1",
              &Queue::expire_after, Duration{minutes{1}, days{60}}),
          key("expire_bounces_after", "the same for mail from the null sender", &Queue::expire_bounces_after,
              Duration{minutes{1}, days{60}}),
          key("delay_notice_after", "tell the sender once that mail is late; \"0s\": never",
              &Queue::delay_notice_after, Duration{Seconds{0}, days{60}}),
          key("ledger_keep", "how long the ledger remembers a message after its end", &Queue::ledger_keep,
              Duration{minutes{1}, days{366 * 10}}),
          key("reserve", "with less free disk than this, new mail is refused for now (452)",
              &Queue::reserve_octets, Size{0, 1024 * kGiB}),
          key("window", "recipients held ready in memory; the rest waits on disk", &Queue::window,
              Count{100, 10'000'000}),
          key("window_per_destination", "of these, for one destination, so that none crowds out the others",
              &Queue::window_per_destination, Count{10, 10'000'000}),
      }};
  return section;
}

const Section<Recovery>& recovery_section() {
  static const Section<Recovery> section{
      "recovery",
      "How a destination that was down gets the mail that waited: one message, then slowly more.",
      {
          key("start_rate", "messages a second at first, once one message got through", &Recovery::start_rate,
              Ratio{0.01, 100'000}),
          key("growth", "each interval that went well multiplies the rate by this", &Recovery::growth,
              Ratio{1.0, 100}),
          key("grow_every", "the interval", &Recovery::grow_every, Duration{Millis{100}, hours{1}}),
          key("rate_max", "messages a second at most while what waited is drained", &Recovery::rate_max,
              Ratio{0.01, 100'000}),
          key("pause", "after a 421 or 452 nothing goes for so long, then at half the rate", &Recovery::pause,
              Duration{Seconds{0}, hours{1}}),
      }};
  return section;
}

const Section<Bounce>& bounce_section() {
  static const Section<Bounce> section{
      "bounce",
      "Delivery reports.",
      {
          key("return_size", "a larger message is returned as its header only", &Bounce::return_octets,
              Size{0, 16 * kMiB}),
      }};
  return section;
}

const Section<Srs>& srs_section() {
  static const Section<Srs> section{
      "srs",
      "Senders of mail that aliases send on (forward_srs of a domain), rewritten so that SPF holds. Off "
      "without a "
      "secret_file.",
      {
          key("secret_file", "a file whose first line signs the senders; further lines: former secrets",
              &Srs::secret_file, Path{}),
          key("domain", "of the rewritten senders; its MX must lead here; \"\": the host name", &Srs::domain,
              OptionalDomain{}),
      }};
  return section;
}

const Section<Http>& http_section() {
  static const Section<Http> section{
      "http",
      "Metrics and status for browsers and collectors.",
      {
          key("listen", "address and port, such as \"127.0.0.1:8025\"; \"\": off", &Http::listen,
              Optional<Parsed<Endpoint>>{{"address and port"}}),
      }};
  return section;
}

const Section<Control>& control_section() {
  static const Section<Control> section{
      "control",
      "The Unix socket that `waybill queue`, `trace`, `send` and the like talk to.",
      {
          key("socket", "its path; \"\": control.sock in data_dir", &Control::socket, Path{}),
          key("mode", "its permissions: whoever may connect may delete mail", &Control::mode, Permissions{}),
      }};
  return section;
}

std::vector<DocumentedKey> documented_keys() {
  std::vector<DocumentedKey> out;
  const auto add = [&](std::string_view title, const auto& section, const auto& value) {
    for (const auto& k : section.keys) {
      out.push_back({std::string(title), std::string(k.name), k.type, k.show(value), std::string(k.doc)});
    }
  };
  const Config config;  // not defaults(): what depends on the machine has no place in a manual
  add("", top_section(), config);
  for (DocumentedKey& top : out) {
    if (top.name == "hostname") top.default_value = "the machine's name";
  }
  for_each_plain_section([&](const auto& section, auto member) {
    add(fmt::format("[{}]", section.name), section, config.*member);
    if (section.name == "tls") add("[[listener]]", listener_section(), Listener{});
    if (section.name == "clients") add("[policy.NAME]", policy_section(), Policy{});
    if (section.name == "relay") {
      add("[domain.\"NAME\"]", domain_section(), Domain{});
      add("[route.\"PATTERN\"]", route_section(), Route{});
    }
  });
  for (DocumentedKey& k : out) {
    // These have no default: a listener needs an address; a role decides what a domain's other keys may be.
    if (k.section == "[[listener]]" && k.name == "address") k.default_value = "required";
    if (k.name == "mailboxes") k.default_value = MailboxesKind{}.show(Mailboxes{});
  }
  return out;
}

}  // namespace waybill::config
