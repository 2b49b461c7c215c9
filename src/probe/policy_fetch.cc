#include "probe/policy_fetch.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "net/dialer.h"
#include "net/http_get.h"

namespace waybill::probe {
namespace {
using check::PolicySaid;
using net::Task;
constexpr uint64_t kBodyOctetsMax = 64 * 1024;
constexpr Millis kConnectMax{10'000};
constexpr size_t kAddressesMax = 4;

PolicySaid failed(std::string why) { return {.why = std::move(why)}; }
PolicySaid unknown(std::string why) { return {.why = std::move(why), .unknown = true}; }

Task<dns::Answer> ask(const PolicyFetch& how, dns::Name name, dns::Type type) {
  net::Callback<dns::Answer> waiting(how.loop);
  how.resolver.resolve({std::move(name), type}, waiting.completer());
  dns::Answer answer = co_await waiting;
  co_return answer;
}

struct Found {
  std::vector<IpAddress> ips;
  PolicySaid otherwise;  ///< when there are none
};

Task<Found> addresses_of(const PolicyFetch& how, dns::Name host) {
  Found out;
  out.otherwise = failed(fmt::format("{} has no address", host.to_string()));
  for (const dns::Type type : {dns::Type::aaaa, dns::Type::a}) {
    const dns::Answer answer = co_await ask(how, host, type);
    if (answer.unknown()) {
      out.otherwise = unknown(fmt::format("{} of {}: {}: {}", dns::to_string(type), host.to_string(),
                                          dns::to_string(answer.kind), answer.why));
    }
    for (const dns::Record& record : answer.records) {
      const auto* ip = std::get_if<IpAddress>(&record.data);
      if (ip != nullptr && out.ips.size() < kAddressesMax) out.ips.push_back(*ip);
    }
  }
  co_return out;
}

/// Why its certificate won't do; empty: it will.
std::string certificate_fault(const net::Stream& stream, const std::string& host) {
  const auto peer = stream.peer();
  if (!peer) return "the server showed no certificate";
  if (!peer->trusted) return fmt::format("the certificate is not valid: {}", peer->why_untrusted);
  if (!peer->names(host)) return fmt::format("the certificate does not name {}", host);
  return "";
}

PolicySaid said_by(const net::HttpResponse& response) {
  PolicySaid out{.http_status = static_cast<int>(response.status),
                 .content_type = response.content_type,
                 .body = response.body};
  if (response.status == 200) return out;
  out.why = fmt::format("HTTP status {}", response.status);
  // RFC 8461 3.3: redirects are not followed, and nothing but a 200 is a policy.
  if (const auto at = response.headers.find("location"); at != response.headers.end())
    out.why += fmt::format(", a redirect to {}", printable(at->second, 100));
  return out;
}

struct Tried {
  bool connected = false;
  PolicySaid said;
};

Task<Tried> fetch_from(const PolicyFetch& how, Endpoint from, std::string host) {
  const auto place = co_await how.places.take_for(from.ip);
  const Steady deadline = net::deadline_in(how.patience);  // the wait for a turn is none of the host's
  const Steady connect_by = std::min(deadline, net::deadline_in(kConnectMax));
  Result<net::Stream> stream = co_await net::connect(how.loop, from, std::nullopt, connect_by);
  if (!stream) {
    PolicySaid said = failed(stream.error().what);
    said.unknown = stream.error().code == Errc::io;  // no route from here: it may be there for others
    co_return Tried{false, std::move(said)};
  }
  const Status shaken = co_await stream->start_tls_client(how.tls, host, deadline);
  if (!shaken) co_return Tried{true, failed(fmt::format("{}: {}", from.to_string(), shaken.error().what))};
  std::string fault = certificate_fault(*stream, host);
  if (!fault.empty()) co_return Tried{true, failed(std::move(fault))};
  const Result<net::HttpResponse> response =
      co_await net::http_get(std::move(*stream), host, "/.well-known/mta-sts.txt", kBodyOctetsMax, deadline);
  if (!response) co_return Tried{true, failed(response.error().what)};
  co_return Tried{true, said_by(*response)};
}
}  // namespace

Task<PolicySaid> fetch_policy(const PolicyFetch& how, dns::Name domain) {
  const auto host = domain.child("mta-sts");
  if (!host) co_return failed(host.error().what);
  const Found found = co_await addresses_of(how, *host);
  PolicySaid said = found.otherwise;
  for (const IpAddress& ip : found.ips) {
    Tried tried = co_await fetch_from(how, {ip, how.port}, host->to_string());
    // No route to one address does not outweigh what another said.
    if (tried.connected || !tried.said.unknown || said.why == found.otherwise.why)
      said = std::move(tried.said);
    if (tried.connected) break;
  }
  co_return said;
}

}  // namespace waybill::probe
