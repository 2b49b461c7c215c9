#include "daemon/gate_clients.h"

#include <algorithm>

#include "daemon/gate_clients_case.h"
#include "policy/early_talker.h"
#include "route/self.h"

namespace waybill::daemon {
namespace {
/// How often the moment is noted at which a door turned somebody away: a flood has thousands of them a
/// second.
constexpr Millis kRefusedResolution{1'000};
}  // namespace

ClientsGate::ClientsGate(const Clock& clock, net::Loop& loop, dns::Resolver& resolver, learn::Store& learnt,
                         const config::Config& config)
    : clock_(clock),
      loop_(loop),
      resolver_(resolver),
      records_(learnt.table("clients", config.clients.entries)),
      tallies_(learnt.table("client_tallies", config.clients.entries)),
      greylist_(learnt.table("greylist", config.clients.entries)) {
  configure(config);
}

void ClientsGate::configure(const config::Config& config) {
  rules_.store(std::make_shared<const ClientRules>(client_rules(config)));
  const std::scoped_lock lock(mx_mutex_);
  mx_.clear();
}

void ClientsGate::set_doors(const std::vector<ClientDoor>& doors) {
  const Time now = clock_.now();
  const std::scoped_lock lock(doors_mutex_);
  const auto before = doors_.load();
  const auto after = std::make_shared<std::vector<policy::Door>>();
  const auto add = [&](const policy::Place& place) {
    if (std::ranges::find(*after, place, &policy::Door::place) != after->end()) return;
    const auto known = std::ranges::find(*before, place, &policy::Door::place);
    after->push_back(known != before->end() ? *known : policy::Door{place, now});
  };
  for (const ClientDoor& door : doors) {
    if (!door.mx.empty()) {
      add(door.mx);
    } else if (!door.at.ip.is_unspecified()) {
      add(door.at.ip.to_string());
    } else if (const auto local = route::local_addresses()) {
      for (const IpAddress& address : *local) {
        if (address.is_v4() == door.at.ip.is_v4() && !address.is_loopback()) add(address.to_string());
      }
    }
  }
  doors_.store(after);
}

policy::Place ClientsGate::place_of(const receive::ClientFacts& client) {
  return client.mx.empty() ? client.local.ip.to_string() : client.mx;
}

std::shared_ptr<ClientsGate::Notes> ClientsGate::notes_of(const receive::ClientFacts& client) const {
  return client.user.empty() ? std::static_pointer_cast<Notes>(client.notes) : nullptr;
}

template <class Change>
void ClientsGate::change_record(const std::string& key, Time now, Change&& change) {
  const Millis remember = rules_.load()->settings.remember;
  records_.update(key, now, [&](const std::optional<learn::Entry>& known) -> std::optional<learn::Entry> {
    auto record = known ? policy::ClientRecord::decode(known->value) : std::nullopt;
    if (!record) record.emplace();
    change(*record);
    return learn::Entry{record->encode(), now + remember};
  });
}

receive::Verdict ClientsGate::connected(const receive::ClientFacts& client) {
  receive::Verdict verdict;
  if (client.role != receive::Role::mx) return verdict;
  const auto rules = rules_.load();
  if (rules->trusts(client.remote.ip)) return verdict;
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
  const auto notes = std::make_shared<Notes>();
  notes->ip = client.remote.ip;
  notes->key = policy::client_key(client.remote.ip);
  notes->place = place_of(client);
  bool suspicious = false;
  const Time now = clock_.now();
  change_record(notes->key, now, [&](policy::ClientRecord& record) {
    suspicious = policy::is_suspicious(record);
    record.visited(notes->place, now);
  });
  const bool looks = rules->settings.early_wait > Millis{0};
  if (suspicious && looks) verdict.banner_delay = rules->settings.suspicious_wait;
  if (rules->wants_names) {
    const auto waiting = std::make_shared<Waiting>();
    notes->waiting = waiting;
    loop_.post([this, notes, waiting] { look_up_name(notes, waiting); });
  } else {
    notes->name_settled = true;
  }
  verdict.notes = notes;
  return verdict;
}

void ClientsGate::turned_away(const receive::ClientFacts& client) {
  const auto rules = rules_.load();
  if (client.role != receive::Role::mx || rules->trusts(client.remote.ip)) return;
  const Time now = clock_.now();
  const policy::Place place = place_of(client);
  // It tried this MX, whatever came of it.
  change_record(policy::client_key(client.remote.ip), now,
                [&](policy::ClientRecord& record) { record.visited(place, now); });
  const std::scoped_lock lock(doors_mutex_);
  const auto doors = doors_.load();
  const auto at = std::ranges::find(*doors, place, &policy::Door::place);
  if (at == doors->end() || (at->refused_last && *at->refused_last + kRefusedResolution > now)) return;
  auto changed = std::make_shared<std::vector<policy::Door>>(*doors);
  (*changed)[static_cast<size_t>(at - doors->begin())].refused_last = now;
  doors_.store(std::move(changed));
}

/// On the loop: a decision wants its answers on one thread, and the overlay's come at once on the asker's.
void ClientsGate::ask_on_loop(const dns::Question& question, std::function<void(dns::Answer)> done) {
  resolver_.resolve(question, [this, done = std::move(done)](dns::Answer answer) {
    loop_.post([done, answer = std::move(answer)]() mutable { done(std::move(answer)); });
  });
}

void ClientsGate::look_up_name(const std::shared_ptr<Notes>& notes, const std::shared_ptr<Waiting>& waiting) {
  using Lookup = Decision<dns::Ptr, dns::Question, dns::Answer>;
  const auto decide = [ip = notes->ip](const dns::Facts& facts) -> Step<dns::Ptr, dns::Question> {
    Questions<dns::Question> open;
    dns::Ptr ptr = dns::assess_reverse(ip, facts, open);
    if (!open.empty()) return open;
    return ptr;
  };
  Lookup::run(
      decide, [this](const dns::Question& question, auto done) { ask_on_loop(question, std::move(done)); },
      [this, notes, waiting](const dns::Ptr* ptr, const dns::Facts&) {
        settle_name(notes, *waiting, ptr != nullptr ? *ptr : dns::Ptr{.status = dns::PtrStatus::unknown});
      });
}

void ClientsGate::settle_name(const std::shared_ptr<Notes>& notes, Waiting& waiting, dns::Ptr ptr) {
  const Time now = clock_.now();
  if (ptr.status == dns::PtrStatus::unknown) counters_.names_unknown.fetch_add(1, std::memory_order_relaxed);
  change_record(notes->key, now, [&](policy::ClientRecord& record) { record.ptr = ptr.status; });
  // A host with addresses of both families comes by either: its confirmed name tells that it is one.
  if (ptr.status == dns::PtrStatus::agrees) {
    change_record("name:" + ptr.name, now,
                  [&](policy::ClientRecord& record) { record.visited(notes->place, now); });
  }
  std::vector<std::function<void()>> calls;
  {
    const std::scoped_lock lock(notes->mutex);
    notes->ptr = std::move(ptr);
    notes->name_settled = true;
    calls.swap(waiting.calls);
  }
  for (const auto& one : calls) one();
}

void ClientsGate::mail(const receive::ClientFacts& client) {
  const auto notes = notes_of(client);
  if (!notes) return;
  const std::scoped_lock lock(notes->mutex);
  notes->counted = std::make_shared<Counted>();
}

void ClientsGate::ended(const receive::ClientFacts& client) {
  const auto notes = notes_of(client);
  if (!notes) return;
  const Time now = clock_.now();
  change_record(notes->key, now, [&](policy::ClientRecord& record) { record.early = client.early; });
  bool judged = false;
  {
    const std::scoped_lock lock(notes->mutex);
    judged = notes->judged;
  }
  if (!client.early || judged) return;
  // It never came to name a domain: what every policy agrees on was done before.
  const auto early = policy::ClientTest::early_talker;
  const auto rules = rules_.load();
  Case one;
  one.notes = notes;
  one.counted = std::make_shared<Counted>();
  one.rules = rules;
  one.policy = &rules->fallback;
  one.helo = client.helo;
  policy::Findings findings;
  findings[early] = policy::judge_early_talker(policy::Talked::early);
  policy::ClientDecision decision;
  if (rules->fallback.actions[early] == policy::ClientAction::refuse) decision.refused_by = early;
  note(one, findings, decision, now);
}

}  // namespace waybill::daemon
