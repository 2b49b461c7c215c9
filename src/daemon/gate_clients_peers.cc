// gate_clients_peers.cc: several daemons are MXs of one domain: each asks the others, at the moment when it
// would blame a client, whether they saw it (GET /v1/clients/seen). Nothing is copied about, so nothing is
// ever out of date; who does not answer in time has seen nothing that counts, and its MXs are another host's
// again: unknown.
#include "base/log.h"
#include "control/codec.h"
#include "control/query.h"
#include "daemon/gate_clients_case.h"
#include "net/dialer.h"
#include "net/http_get.h"

namespace waybill::daemon {
namespace {
/// A flood of strangers must not become a flood of questions; beyond that the peers' word is unknown.
constexpr unsigned kAskedAtOnceMax = 64;
constexpr uint64_t kAnswerOctetsMax = 64 * 1024;
constexpr size_t kItemsMax = 256;
}  // namespace

bool ClientsGate::wants_peers(const Case& one) const {
  if (one.peers_asked || one.rules->settings.peers.empty()) return false;
  if (one.policy->actions[policy::ClientTest::wrong_mx] == policy::ClientAction::off) return false;
  return find_wrong_mx(one, clock_.now()).found != policy::Found::pass;
}

void ClientsGate::ask_peers(const CasePtr& one) {
  one->peers_asked = true;
  for (const Endpoint& peer : one->rules->settings.peers) {
    if (peers_asked_now_ >= kAskedAtOnceMax) break;
    ++one->open;
    ++peers_asked_now_;
    loop_.spawn(ask_peer(this, one, peer));
  }
}

net::Task<void> ClientsGate::ask_peer(ClientsGate* self, CasePtr one, Endpoint peer) {
  const dns::Ptr ptr = one->notes->name();
  control::QueryFields fields{{"client", one->notes->key}};
  if (ptr.status == dns::PtrStatus::agrees) fields.emplace_back("name", ptr.name);
  const Steady deadline = net::deadline_in(std::max(one->rules->settings.iprev_wait, Millis{1'000}));
  Result<net::Stream> stream = co_await net::connect(self->loop_, peer, std::nullopt, deadline);
  Result<net::HttpResponse> response = fail(Errc::closed, "no connection");
  if (stream) {
    response =
        co_await net::http_get(std::move(*stream), peer.to_string(),
                               control::make_target("/v1/clients/seen", fields), kAnswerOctetsMax, deadline);
  }
  --self->peers_asked_now_;
  const bool good = response && response->status == 200;
  const auto seen = good ? control::decode<control::ClientsSeenAnswer>(response->body)
                         : Result<control::ClientsSeenAnswer>(fail(Errc::closed, "no answer"));
  if (seen && seen->visits.size() <= kItemsMax && seen->places.size() <= kItemsMax) {
    const Millis ahead = self->clock_.now() - seen->now;  // its times, by our clock
    for (const control::ClientVisit& visit : seen->visits)
      one->peer_visits.push_back({visit.place, visit.last + ahead});
    for (const control::ClientPlace& place : seen->places) {
      policy::Door door{place.place, place.up_since + ahead};
      if (place.refused_last) door.refused_last = *place.refused_last + ahead;
      one->peer_doors.push_back(std::move(door));
    }
  } else {
    log::debug("a peer did not tell of a client", {{"peer", peer.to_string()}, {"client", one->notes->key}});
  }
  self->gathered(one);
}

control::ClientsSeenAnswer ClientsGate::seen(const control::ClientsSeenRequest& request) const {
  control::ClientsSeenAnswer out;
  out.now = clock_.now();
  const auto add = [&](const std::string& key) {
    for (const policy::Visit& visit : visits_of(key, out.now))
      out.visits.push_back({visit.place, visit.when});
  };
  add(request.client);
  if (!request.name.empty()) add("name:" + request.name);
  for (const policy::Door& door : *doors_.load())
    out.places.push_back({door.place, door.up_since, door.refused_last});
  return out;
}

}  // namespace waybill::daemon
