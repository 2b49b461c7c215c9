// facts.h: what checks may ask of the world, and the answers, as values. A check never knows whether a fact
// came from the network, a zone file or a test. Nothing here asks: cli/ wires the resolver and probe/ to it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/decide.h"
#include "base/ip.h"
#include "dns/answer.h"

namespace waybill::check {

/// One name server asked by itself, without recursion (--authoritative).
struct AskServer {
  dns::Question question;
  IpAddress server;
  auto operator<=>(const AskServer&) const = default;
  bool operator==(const AskServer&) const = default;
};
struct ServerSaid {
  /// How an answer failed. Silence and a missing route say as much about this machine as about the server.
  enum class Failure : uint8_t { silent, unreachable, refused, error, not_authoritative };
  dns::Answer answer;  ///< failed: no answer, REFUSED, SERVFAIL or not authoritative: `why` says which
  Failure failure = Failure::silent;  ///< of a failed answer; `error`: SERVFAIL, another rcode, malformed
  bool authoritative = false;         ///< the AA bit; an answer without it is a lame server's (RFC 1912 2.8)
  uint32_t serial = 0;                ///< of the SOA in a negative answer; 0: none seen
};

/// The MTA-STS policy of a domain, over HTTPS (RFC 8461 3.3).
struct AskPolicy {
  dns::Name domain;
  auto operator<=>(const AskPolicy&) const = default;
  bool operator==(const AskPolicy&) const = default;
};
struct PolicySaid {
  int http_status = 0;  ///< 0: no HTTP answer at all
  std::string content_type;
  std::string body;
  std::string why;  ///< what went wrong, one line; empty: a 200 came over a trusted connection
  /// Nothing is known about the policy: the DNS could not say, or there is no route from here. `why` tells.
  bool unknown = false;
};

/// One host's SMTP server (--probe): connects, reads, tries STARTTLS; never sends mail.
struct AskProbe {
  dns::Name host;  ///< the name for SNI and for the certificate
  IpAddress ip;
  uint16_t port = 25;
  dns::Name rcpt_domain;  ///< the domain whose mail the host is said to take
  auto operator<=>(const AskProbe&) const = default;
  bool operator==(const AskProbe&) const = default;
};
struct ProbeSaid {
  enum class Reach : uint8_t {
    answered,  ///< a banner came; its code may still be a refusal
    refused,
    timed_out,
    unreachable,  ///< no route from here: says nothing about the host
    broken,       ///< it hung up or spoke no SMTP
  };
  enum class Tls : uint8_t { not_tried, not_offered, refused, failed, done };
  enum class Unknown : uint8_t { not_asked, refused, accepted, deferred };  ///< a RCPT for nobody
  struct Certificate {
    std::string der;
    std::string spki;                    ///< its SubjectPublicKeyInfo, DER
    std::string der_sha256, der_sha512;  ///< octets, not hex
    std::string spki_sha256, spki_sha512;
    std::vector<std::string> names = {};  ///< the DNS names in it; hostile text
    bool anchors = false;  ///< the server's own verifies with it as the only trust anchor (RFC 7672 3.1.2)
  };
  Reach reach = Reach::unreachable;
  std::string why;  ///< of reach and of a failed tls, one line
  uint16_t banner_code = 0;
  std::string banner;                 ///< its text
  std::string banner_host;            ///< the first word of it
  std::vector<std::string> keywords;  ///< of EHLO before TLS, upper case, each with its parameters
  Tls tls = Tls::not_tried;
  std::string protocol;            ///< "TLSv1.3"
  std::vector<Certificate> chain;  ///< the server's own first
  bool chain_trusted = false;      ///< by this machine's roots, and in date
  bool name_matches = false;       ///< one of its DNS names is the host (RFC 6125 6.4)
  std::string certificate_why;     ///< why one of the two is false
  Unknown unknown_recipient = Unknown::not_asked;
  std::string unknown_reply;
};

using Question = std::variant<dns::Question, AskServer, AskPolicy, AskProbe>;
using Answer = std::variant<dns::Answer, ServerSaid, PolicySaid, ProbeSaid>;
using Facts = waybill::Facts<Question, Answer>;
using Ask = waybill::Ask<Question, Answer>;

}  // namespace waybill::check
