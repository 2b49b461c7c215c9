// schema_clients.cc: the keys of [clients] and [policy.NAME]: how clients are judged (docs/clients.md).
#include "config/schema_key.h"

namespace waybill::config {
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const Section<Clients>& clients_section() {
  static const Section<Clients> section{
      "clients",
      "What is learnt of the clients that bring mail; never of trusted or authenticated ones.",
      {
          key("iprev", "whether a client's reverse name is looked up, beside its session", &Clients::iprev,
              Flag{}),
          key("iprev_wait", "how long a decision waits for that name; then it counts as unknown",
              &Clients::iprev_wait, Duration{Seconds{0}, minutes{1}}),
          key("early_wait", "before the banner, to see who talks too early; \"0s\": nobody is looked at",
              &Clients::early_wait, Duration{Seconds{0}, minutes{1}}),
          key("suspicious_wait", "the same for clients that failed a test before", &Clients::suspicious_wait,
              Duration{Seconds{0}, minutes{1}}),
          key("remember", "how long a client's behaviour is remembered", &Clients::remember,
              Duration{hours{1}, days{366}}),
          key("entries",
              "clients remembered at most; beyond that the ones not seen for longest are forgotten",
              &Clients::entries, Count{100, 10'000'000}),
          key("peers",
              "http.listen of other daemons that are MXs of the same domains: asked whom they saw (wrong_mx)",
              &Clients::peers, List<Parsed<Endpoint>>{{"address and port"}, 16}),
      }};
  return section;
}

const Section<Policy>& policy_section() {
  constexpr auto kActs = Choice<ClientAction, 5>{{ClientAction::off, ClientAction::observe, ClientAction::tag,
                                                  ClientAction::defer, ClientAction::refuse}};
  static const Section<Policy> section{
      "policy",
      "What clients that fail a test get; a domain names its policy, else it is \"default\".",
      {
          key("iprev", "the client's address has no name, or one that does not lead back to it",
              &Policy::iprev, kActs),
          key("early_talker", "the client talks before the banner, or before the reply to EHLO",
              &Policy::early_talker, kActs),
          key("wrong_mx", "the client came to a worse MX and left out a better one that was up",
              &Policy::wrong_mx, kActs),
          key("mx_memory", "a better MX that the client tried so long ago still counts as tried",
              &Policy::mx_memory, Duration{Seconds{1}, days{30}}),
          key("mx_grace", "after a better MX was down or overloaded, nobody is blamed for so long",
              &Policy::mx_grace, Duration{Seconds{0}, days{7}}),
          key("greylist", "a sender, recipient and client network seen for the first time must come back",
              &Policy::greylist,
              Choice<ClientAction, 4>{
                  {ClientAction::off, ClientAction::observe, ClientAction::tag, ClientAction::defer}}),
          key("greylist_delay", "how long such mail is deferred at least", &Policy::greylist_delay,
              Duration{Seconds{1}, hours{24}}),
          key("greylist_window", "a client that does not come back within this begins anew",
              &Policy::greylist_window, Duration{minutes{1}, days{30}}),
          key("greylist_keep", "how long who came back need not wait again", &Policy::greylist_keep,
              Duration{hours{1}, days{366}}),
          key("greylist_known_after",
              "so many waits that ended well, and the client need never wait; 0: always",
              &Policy::greylist_known_after, Count{0, 1000}),
      }};
  return section;
}

}  // namespace waybill::config
