// gate_clients_judge.cc: one recipient: what its tests need is gathered, then judged by policy/, answered and
// counted. A policy that only observes is answered at once, and counted by the same code when all is known.
#include <charconv>

#include "base/bytes.h"
#include "daemon/gate_clients_case.h"
#include "policy/early_talker.h"
#include "policy/iprev.h"

namespace waybill::daemon {
namespace {
using policy::ClientAction;
using policy::ClientTest;

/// The resolver has its own cache by TTL; this one saves asking it for five names at every recipient.
constexpr Millis kMxKept{15'000};
constexpr Millis kMxUnknownKept{2'000};

policy::ForPostmaster postmaster_of(const mail::Address& to) {
  return iequals(to.local, "postmaster") ? policy::ForPostmaster::yes : policy::ForPostmaster::no;
}

bool is_on(const policy::ClientPolicy& policy, ClientTest test) {
  return policy.actions[test] != ClientAction::off;
}
}  // namespace

void ClientsGate::rcpt(const receive::ClientFacts& client, const mail::ReversePath& from,
                       const mail::Address& to, receive::Verdict accepted, receive::Gate::Answer answer) {
  const auto notes = notes_of(client);
  const auto rules = rules_.load();
  const policy::ClientPolicy* policy = notes ? rules->find(to.domain.text()) : nullptr;
  if (policy == nullptr || policy->idle() || accepted.refusal) return answer(std::move(accepted));
  const auto one = std::make_shared<Case>();
  {
    const std::scoped_lock lock(notes->mutex);
    notes->judged = true;
    one->counted = notes->counted;
  }
  one->notes = notes;
  one->rules = rules;
  one->policy = policy;
  one->from = from;
  one->to = to;
  one->helo = client.helo;
  one->early = client.early;
  if (is_on(*policy, ClientTest::wrong_mx)) one->mx = cached_mx(to.domain.text());
  // Once it is answered the session goes on, and what we were given is no longer ours.
  if (policy->waits()) {
    one->verdict = std::move(accepted);
    one->answer = std::move(answer);
  } else {
    act_at_once(*one, accepted);
    answer(std::move(accepted));
  }
  if (is_ready(*one)) return judge(*one);
  loop_.post([this, one] {
    gather(one);
    if (!one->judged && one->answer) loop_.spawn(give_up_later(this, one));
  });
}

/// What needs no lookup: the same decision that judge() will come to, for the other tests only observe.
void ClientsGate::act_at_once(const Case& one, receive::Verdict& verdict) const {
  policy::Findings findings;
  findings[ClientTest::early_talker] = find_early(one);
  policy::ClientDecision decision = policy::decide_client(*one.policy, findings, postmaster_of(one.to));
  verdict.refusal = std::move(decision.refusal);
  if (!decision.tag.empty()) verdict.tags.push_back(std::move(decision.tag));
}

policy::Finding ClientsGate::find_early(const Case& one) {
  if (!is_on(*one.policy, ClientTest::early_talker)) return {};
  return policy::judge_early_talker(one.early ? policy::Talked::early : policy::Talked::in_turn);
}

std::optional<policy::MxHosts> ClientsGate::cached_mx(const std::string& domain) const {
  const Time now = clock_.now();
  const std::scoped_lock lock(mx_mutex_);
  const auto at = mx_.find(domain);
  // A clock that was set back must not keep it for ever.
  if (at == mx_.end() || at->second.until <= now || at->second.until > now + kMxKept) return std::nullopt;
  return at->second.hosts;
}

bool ClientsGate::is_ready(const Case& one) const {
  {
    const std::scoped_lock lock(one.notes->mutex);
    if (!one.notes->name_settled) return false;
  }
  return !is_on(*one.policy, ClientTest::wrong_mx) || (one.mx && !wants_peers(one));
}

void ClientsGate::gather(const CasePtr& one) {
  {
    const std::scoped_lock lock(one->notes->mutex);
    one->gathering = one->notes->gathering < Notes::kGatheringMax;
    if (one->gathering) ++one->notes->gathering;
  }
  if (!one->gathering) return judge(*one);
  one->open = 1;  // ourselves, until all was asked
  {
    const std::scoped_lock lock(one->notes->mutex);
    const auto waiting = one->notes->waiting.lock();
    if (!one->notes->name_settled && waiting) {
      ++one->open;
      waiting->calls.emplace_back([this, one] { gathered(one); });
    }
  }
  if (is_on(*one->policy, ClientTest::wrong_mx) && !one->mx) gather_mx(one);
  if (one->mx && wants_peers(*one)) ask_peers(one);
  gathered(one);
}

void ClientsGate::gather_mx(const CasePtr& one) {
  using Lookup = Decision<policy::MxHosts, dns::Question, dns::Answer>;
  const auto domain = dns::Name::parse(one->to.domain.text());
  if (!domain) return;
  ++one->open;
  const auto decide = [name = *domain](const dns::Facts& facts) -> Step<policy::MxHosts, dns::Question> {
    Questions<dns::Question> open;
    policy::MxHosts hosts = policy::read_mx_hosts(name, facts, open);
    if (!open.empty()) return open;
    return hosts;
  };
  Lookup::run(
      decide, [this](const dns::Question& question, auto done) { ask_on_loop(question, std::move(done)); },
      [this, one](const policy::MxHosts* hosts, const dns::Facts&) {
        one->mx = hosts != nullptr ? *hosts : policy::MxHosts{};
        const bool known = one->mx->status == policy::MxHosts::Status::known;
        CachedMx fresh{*one->mx, clock_.now() + (known ? kMxKept : kMxUnknownKept)};
        {
          const std::scoped_lock lock(mx_mutex_);
          mx_.insert_or_assign(one->to.domain.text(), std::move(fresh));
        }
        if (!one->judged && wants_peers(*one)) ask_peers(one);
        gathered(one);
      });
}

void ClientsGate::gathered(const CasePtr& one) {
  if (--one->open == 0 && !one->judged) judge(*one);
}

net::Task<void> ClientsGate::give_up_later(ClientsGate* self, CasePtr one) {
  co_await self->loop_.sleep(one->rules->settings.iprev_wait);
  // What has not come is unknown. A later answer finds the case judged.
  if (!one->judged) self->judge(*one);
}

void ClientsGate::judge(Case& one) {
  one.judged = true;
  if (one.gathering) {
    const std::scoped_lock lock(one.notes->mutex);
    --one.notes->gathering;
  }
  const Time now = clock_.now();
  const policy::Findings findings = find(one, now);
  policy::ClientDecision decision = policy::decide_client(*one.policy, findings, postmaster_of(one.to));
  note(one, findings, decision, now);
  if (!one.answer) return;
  if (one.policy->actions[ClientTest::iprev] == ClientAction::tag && one.rules->settings.iprev) {
    one.verdict.tags.push_back(policy::iprev_field(one.rules->hostname, one.notes->ip, one.notes->name()));
  }
  if (!decision.tag.empty()) one.verdict.tags.push_back(std::move(decision.tag));
  one.verdict.refusal = std::move(decision.refusal);
  one.answer(std::move(one.verdict));
}

policy::Findings ClientsGate::find(Case& one, Time now) {
  policy::Findings out;
  const policy::ClientPolicy& policy = *one.policy;
  if (is_on(policy, ClientTest::iprev)) out[ClientTest::iprev] = policy::judge_iprev(one.notes->name());
  out[ClientTest::early_talker] = find_early(one);
  if (is_on(policy, ClientTest::wrong_mx)) out[ClientTest::wrong_mx] = find_wrong_mx(one, now);
  if (is_on(policy, ClientTest::greylist)) out[ClientTest::greylist] = find_greylist(one, now);
  return out;
}

std::vector<policy::Visit> ClientsGate::visits_of(const std::string& key, Time now) const {
  const auto text = records_.find(key, now);
  auto record = text ? policy::ClientRecord::decode(*text) : std::nullopt;
  return record ? std::move(record->visits) : std::vector<policy::Visit>();
}

policy::Finding ClientsGate::find_wrong_mx(const Case& one, Time now) const {
  std::vector<policy::Visit> visits = visits_of(one.notes->key, now);
  const auto add = [&visits](const std::vector<policy::Visit>& more) {
    visits.insert(visits.end(), more.begin(), more.end());
  };
  const dns::Ptr ptr = one.notes->name();
  if (ptr.status == dns::PtrStatus::agrees) add(visits_of("name:" + ptr.name, now));
  add(one.peer_visits);
  std::vector<policy::Door> doors = *doors_.load();
  doors.insert(doors.end(), one.peer_doors.begin(), one.peer_doors.end());
  policy::Arrival arrival;
  arrival.at = {one.notes->place};
  arrival.visits = visits;
  arrival.doors = doors;
  arrival.now = now;
  return policy::judge_wrong_mx(one.mx.value_or(policy::MxHosts{}), arrival, *one.policy);
}

namespace {
uint64_t count_of(const std::optional<std::string>& text) {
  uint64_t count = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}
}  // namespace

uint64_t ClientsGate::waits_ended_well(const Case& one, Time now) const {
  uint64_t count = count_of(greylist_.find("n\n" + policy::greylist_network(one.notes->ip), now));
  const dns::Ptr ptr = one.notes->name();
  if (ptr.status == dns::PtrStatus::agrees)
    count = std::max(count, count_of(greylist_.find("h\n" + ptr.name, now)));
  return count;
}

void ClientsGate::count_ended_wait(const Case& one, Time now) {
  const auto add = [&](const std::string& key) {
    greylist_.update(key, now, [&](const std::optional<learn::Entry>& known) -> std::optional<learn::Entry> {
      const uint64_t before = count_of(known ? std::optional(known->value) : std::nullopt);
      return learn::Entry{fmt::format("{}", before + 1), now + one.policy->greylist.keep};
    });
  };
  add("n\n" + policy::greylist_network(one.notes->ip));
  const dns::Ptr ptr = one.notes->name();
  if (ptr.status == dns::PtrStatus::agrees) add("h\n" + ptr.name);
}

policy::Finding ClientsGate::find_greylist(const Case& one, Time now) {
  if (policy::is_greylist_exempt(one.from, one.to)) return {policy::Found::pass, "never greylisted"};
  const std::string key = policy::greylist_key(policy::greylist_network(one.notes->ip), one.from, one.to);
  const uint64_t known_waits = waits_ended_well(one, now);
  policy::GreylistStep step;
  greylist_.update(key, now, [&](const std::optional<learn::Entry>& known) -> std::optional<learn::Entry> {
    const auto entry = known ? policy::GreylistEntry::decode(known->value) : std::nullopt;
    step = policy::greylist(entry, known_waits, now, one.policy->greylist);
    return learn::Entry{step.entry.encode(), step.expires};
  });
  if (step.came_back) count_ended_wait(one, now);
  return step.finding;
}

void ClientsGate::note(Case& one, const policy::Findings& findings, const policy::ClientDecision& decision,
                       Time now) {
  const std::string domain = one.to.domain.text();
  const dns::Ptr ptr = one.notes->name();
  unsigned fresh = 0;  // of this message, what was not counted yet; bit 0 is the message itself
  {
    const std::scoped_lock lock(one.notes->mutex);
    unsigned& counted = one.counted->by_domain[domain];
    unsigned seen = 1;
    for (const ClientTest test : policy::kClientTests) {
      const auto number = static_cast<unsigned>(test);
      if (findings[test].found == policy::Found::fail) seen |= 2U << number;
      if (decision.refused_by == test) seen |= 32U << number;
    }
    fresh = seen & ~counted;
    counted |= seen;
  }
  const auto is_fresh = [fresh](unsigned bit, ClientTest test) {
    return (fresh & (bit << static_cast<unsigned>(test))) != 0;
  };
  tallies_.update(domain + "\n" + one.notes->key, now, [&](const std::optional<learn::Entry>& known) {
    auto tally = known ? policy::ClientTally::decode(known->value) : std::nullopt;
    if (!tally) {
      tally.emplace();
      tally->first = now;
    }
    tally->last = now;
    if ((fresh & 1U) != 0) ++tally->messages;
    for (const ClientTest test : policy::kClientTests) {
      if (is_fresh(32U, test)) ++tally->turned_away[test];
      if (!is_fresh(2U, test)) continue;
      ++tally->failed[test];
      tally->failed_last[test] = now;
      tally->why[test] = findings[test].why;
    }
    tally->name = ptr.status == dns::PtrStatus::agrees ? ptr.name : std::string();
    tally->helo = one.helo;
    tally->from = mail::to_string(one.from);
    tally->place = one.notes->place;
    return std::optional(learn::Entry{tally->encode(), now + one.rules->settings.remember});
  });
  for (const ClientTest test : policy::kClientTests) {
    const auto number = static_cast<size_t>(test);
    if (is_fresh(2U, test)) counters_.failed[number].fetch_add(1, std::memory_order_relaxed);
    if (is_fresh(32U, test)) counters_.turned_away[number].fetch_add(1, std::memory_order_relaxed);
  }
  const policy::Finding& wrong = findings[ClientTest::wrong_mx];
  if (wrong.found != policy::Found::unknown) {
    const bool fails = wrong.found == policy::Found::fail;
    records_.update(one.notes->key, now, [&](std::optional<learn::Entry> known) {
      auto record = known ? policy::ClientRecord::decode(known->value) : std::nullopt;
      if (!record || record->wrong_mx == fails) return known;
      record->wrong_mx = fails;
      return std::optional(learn::Entry{record->encode(), known->expires});
    });
  }
}

}  // namespace waybill::daemon
