#include "check/change/view.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "check/change/mail.h"
#include "check/zone_servers.h"

namespace waybill::check::change {
namespace {
bool has_data(const std::vector<dns::Record>& records, const dns::Record& wanted) {
  return std::ranges::any_of(records, [&](const dns::Record& each) { return each.data == wanted.data; });
}

std::vector<dns::Record> minus(std::vector<dns::Record> all, const std::vector<dns::Record>& taken) {
  std::erase_if(all, [&](const dns::Record& record) { return has_data(taken, record); });
  return all;
}

/// Asks both worlds; the questions of all sets belong to one round.
class Reader {
 public:
  Reader(const Move& move, Look& live, Look& proposed) : move_(move), live_(live), proposed_(proposed) {}

  SetPair set(dns::Name name, dns::Type type, std::string version = {}) {
    SetPair out{.name = std::move(name), .type = type, .version = std::move(version)};
    out.live = live_.dns(out.name, type);
    out.proposed = proposed_.dns(out.name, type);
    if (move_.exact_ttls && out.live != nullptr) out.live = exact(out.live, {out.name, type});
    return out;
  }
  SetPair set_below(std::string_view labels, dns::Type type, std::string version = {}) {
    // A name that gets too long does not exist; the domain's own then stands in, without any record that
    // counts.
    auto name = dns::Name::parse(fmt::format("{}.{}", labels, move_.subject.name.to_string()));
    return set(name ? std::move(*name) : move_.subject.name, type, std::move(version));
  }
  HostPair host(const dns::Name& name);
  StsView sts(const SetPair& set, Look& look, const dns::Answer* answer);
  [[nodiscard]] bool open() const { return live_.waiting() || proposed_.waiting(); }
  [[nodiscard]] std::deque<dns::Answer> take_exact() { return std::move(exact_); }

 private:
  const dns::Answer* exact(const dns::Answer* seen, const dns::Question& question);

  const Move& move_;
  Look& live_;
  Look& proposed_;
  std::deque<dns::Answer> exact_;  // its elements stay where they are, moved or not
};

/// The same answer with the longest TTL that one of the zone's servers gives; as seen where none of them
/// answers.
const dns::Answer* Reader::exact(const dns::Answer* seen, const dns::Question& question) {
  // At the end of aliases stands another zone's record.
  if (seen->unknown() || !seen->chain.empty()) return seen;
  Report ignored(change_mail);
  const auto zone = zone_servers(question.name, live_, ignored);
  if (!zone) return seen;
  uint32_t ttl_s = seen->ttl_s;
  for (const ZoneServer& server : zone->servers) {
    const ServerSaid* said = live_.server({.question = question, .server = server.ip});
    if (said != nullptr && said->authoritative && said->answer.kind == seen->kind)
      ttl_s = std::max(ttl_s, said->answer.ttl_s);
  }
  if (ttl_s == seen->ttl_s) return seen;
  dns::Answer& out = exact_.emplace_back(*seen);
  out.ttl_s = ttl_s;
  for (dns::Record& record : out.records) record.ttl_s = ttl_s;
  return &out;
}

HostPair Reader::host(const dns::Name& name) {
  HostPair out{.name = name, .live_preference = {}, .new_preference = {}, .without_ptr = {}};
  out.a = set(name, dns::Type::a);
  out.aaaa = set(name, dns::Type::aaaa);
  const auto tlsa = dns::Name::parse(fmt::format("_{}._tcp.{}", move_.subject.port, name.to_string()));
  out.tlsa = set(tlsa.value_or(name), dns::Type::tlsa);
  const auto addresses = proposed_.addresses(name);
  if (!addresses) return out;
  for (const IpAddress& ip : addresses->ips) {
    const dns::Answer* ptr = proposed_.dns(dns::Name::reverse(ip), dns::Type::ptr);
    if (ptr != nullptr && ptr->absent()) out.without_ptr.push_back(ip);
  }
  return out;
}

StsView Reader::sts(const SetPair& set, Look& look, const dns::Answer* answer) {
  StsView out;
  if (answer == nullptr || answer->unknown()) {
    out.why = answer == nullptr ? "" : answer->why;
    return out;
  }
  std::vector<std::string> texts;
  for (const dns::Record& record : set.records(*answer))
    texts.push_back(std::get<dns::Txt>(record.data).joined());
  out.record = policy::read_sts_record(texts);
  if (out.record.state != policy::StsRecord::State::valid) return out;
  if (!move_.subject.fetch_policy) {
    out.why = "the policy was not fetched";
    return out;
  }
  out.said = look.policy(move_.subject.name);
  if (out.said == nullptr) return out;
  if (out.said->http_status != 200 || !out.said->why.empty()) {
    out.why =
        out.said->why.empty() ? fmt::format("the server said {}", out.said->http_status) : out.said->why;
    return out;
  }
  if (auto policy = policy::read_sts_policy(out.said->body))
    out.policy = std::move(*policy);
  else
    out.why = policy.error().what;
  return out;
}

std::optional<uint16_t> preference_of(const std::vector<dns::Mx>& set, const dns::Name& host) {
  const auto at = std::ranges::find(set, host, &dns::Mx::exchange);  // sorted: the best comes first
  return at == set.end() ? std::nullopt : std::optional(at->preference);
}
}  // namespace

Result<PolicySaid> given_policy(std::string text) {
  if (auto read = policy::read_sts_policy(text); !read) return pass(read.error());
  return PolicySaid{.http_status = 200, .content_type = "text/plain", .body = std::move(text), .why = {}};
}

std::vector<dns::Record> SetPair::records(const dns::Answer& answer) const {
  if (!answer.present()) return {};
  if (version.empty()) return answer.records;
  std::vector<dns::Record> out;
  for (const dns::Record* record : texts_with(answer, version).records) out.push_back(*record);
  return out;
}

std::vector<dns::Record> SetPair::added() const {
  return unknown() ? std::vector<dns::Record>{} : minus(records(*proposed), records(*live));
}
std::vector<dns::Record> SetPair::removed() const {
  return unknown() ? std::vector<dns::Record>{} : minus(records(*live), records(*proposed));
}

bool SetPair::changes() const { return !added().empty() || !removed().empty(); }

bool SetPair::ttl_differs() const {
  // What both worlds have from the network is one answer, seen at two times.
  if (unknown() || proposed->source != dns::Source::overlay) return false;
  if (records(*live).empty() || records(*proposed).empty()) return false;
  // Through a cache a TTL is seen with what is left of it: only one that gets shorter is sure to change.
  return live->source == dns::Source::overlay ? live->ttl_s != proposed->ttl_s
                                              : live->ttl_s > proposed->ttl_s;
}

bool SetPair::only_ttl_changes() const { return !changes() && ttl_differs(); }

std::vector<const SetPair*> View::sets() const {
  std::vector<const SetPair*> out{&mx, &spf, &dmarc, &sts, &tlsrpt};
  for (const SetPair& selector : selectors) out.push_back(&selector);
  for (const HostPair& host : hosts) out.insert(out.end(), {&host.a, &host.aaaa, &host.tlsa});
  return out;
}

std::vector<const HostPair*> View::unlisted() const {
  std::vector<const HostPair*> out;
  if (!live_sts.in_force()) return out;
  for (const HostPair& host : hosts) {
    if (host.comes() && !live_sts.policy->lists(host.name)) out.push_back(&host);
  }
  return out;
}

std::optional<View> view_of(const Move& move, Look& live, Look& proposed) {
  Reader reader(move, live, proposed);
  View out;
  out.mx = reader.set(move.subject.name, dns::Type::mx);
  out.spf = reader.set(move.subject.name, dns::Type::txt, "v=spf1");
  out.dmarc = reader.set_below("_dmarc", dns::Type::txt, "v=DMARC1");
  out.sts = reader.set_below("_mta-sts", dns::Type::txt, "v=STSv1");
  out.tlsrpt = reader.set_below("_smtp._tls", dns::Type::txt, "v=TLSRPTv1");
  for (const std::string& selector : move.subject.selectors)
    out.selectors.push_back(reader.set_below(selector + "._domainkey", dns::Type::txt));
  out.live_sts = reader.sts(out.sts, live, out.sts.live);
  out.new_sts = reader.sts(out.sts, proposed, out.sts.proposed);
  out.live_plan = live.plan(move.subject.domain);
  out.new_plan = proposed.plan(move.subject.domain);
  if (out.mx.live == nullptr || out.mx.proposed == nullptr) return std::nullopt;
  const auto before = mx_of(*out.mx.live);
  const auto after = mx_of(*out.mx.proposed);
  std::set<dns::Name> seen;
  for (const auto& set : {after, before}) {
    for (const dns::Mx& mx : set) {
      if (mx.exchange.is_root() || !seen.insert(mx.exchange).second) continue;
      HostPair host = reader.host(mx.exchange);
      host.live_preference = preference_of(before, mx.exchange);
      host.new_preference = preference_of(after, mx.exchange);
      out.hosts.push_back(std::move(host));
    }
  }
  if (reader.open()) return std::nullopt;
  out.exact = reader.take_exact();
  return out;
}

}  // namespace waybill::check::change
