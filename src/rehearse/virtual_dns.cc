#include "rehearse/virtual_dns.h"

#include <algorithm>

namespace waybill::rehearse {
namespace {
constexpr uint32_t kTtl_s = 300;
constexpr uint32_t kNegativeTtl_s = 60;
constexpr size_t kChainMax = 16;

dns::Record address_record(const dns::Name& owner, const IpAddress& ip) {
  return {owner, ip.is_v4() ? dns::Type::a : dns::Type::aaaa, kTtl_s, ip};
}
}  // namespace

VirtualDns::VirtualDns(const Scenario& scenario, net::VirtualWorld& world, Steady start, Recorder& recorder)
    : scenario_(scenario), world_(world), start_(start), recorder_(recorder) {
  for (const DnsRecord& one : scenario_.records) records_.emplace(one.record.owner, one);
  for (const Host& host : scenario_.hosts) {
    if (!host.in_dns) continue;
    for (const IpAddress& ip : host.addresses)
      records_.emplace(host.name, DnsRecord{address_record(host.name, ip), {}});
  }
  for (const auto& [owner, one] : records_) {
    for (dns::Name name = owner; !name.is_root(); name = name.parent()) existing_.emplace(name, one.window);
  }
  for (const DnsFault& one : scenario_.faults) faults_.emplace(one.name, &one);
}

const DnsFault* VirtualDns::fault(const dns::Name& name, dns::Type type, Millis at) const {
  const auto [begin, end] = faults_.equal_range(name);
  for (auto one = begin; one != end; ++one) {
    const DnsFault& found = *one->second;
    if (found.window.holds(at) && (!found.type || *found.type == type)) return &found;
  }
  return nullptr;
}

bool VirtualDns::exists(const dns::Name& name, Millis at) const {
  const auto [begin, end] = existing_.equal_range(name);
  return std::any_of(begin, end, [at](const auto& one) { return one.second.holds(at); });
}

dns::Answer VirtualDns::answer(const dns::Question& question, Millis at, Millis& after) const {
  dns::Answer out;
  out.canonical = question.name;
  while (true) {
    if (const DnsFault* broken = fault(out.canonical, question.type, at)) {
      out.kind = broken->kind;
      out.why = broken->why;
      after = broken->after;
      out.ttl_s = out.absent() ? kNegativeTtl_s : 0;
      return out;
    }
    const dns::Record* alias = nullptr;
    out.kind = exists(out.canonical, at) ? dns::Kind::nodata : dns::Kind::nxdomain;
    out.ttl_s = kNegativeTtl_s;
    const auto [begin, end] = records_.equal_range(out.canonical);
    for (auto one = begin; one != end; ++one) {
      if (!one->second.window.holds(at)) continue;
      const dns::Record& record = one->second.record;
      if (record.type == question.type) out.records.push_back(record);
      if (record.type == dns::Type::cname) alias = &record;
    }
    if (!out.records.empty()) {
      out.kind = dns::Kind::present;
      out.ttl_s = out.records.front().ttl_s;
      return out;
    }
    if (alias == nullptr) return out;
    out.chain.push_back(out.canonical);
    out.canonical = std::get<dns::Name>(alias->data);
    if (out.chain.size() > kChainMax || std::ranges::find(out.chain, out.canonical) != out.chain.end()) {
      out.kind = dns::Kind::failed;
      out.loop = true;
      out.why = "aliases without an end";
      return out;
    }
  }
}

void VirtualDns::resolve(const dns::Question& question, Done done) {
  const Millis at = elapsed();
  recorder_.lookup({at, question});
  Millis after{0};
  dns::Answer found = answer(question, at, after);
  if (after == Millis{0}) return done(std::move(found));
  world_.at(world_.now() + after,
            [done = std::move(done), found = std::move(found)]() mutable { done(std::move(found)); });
}

}  // namespace waybill::rehearse
