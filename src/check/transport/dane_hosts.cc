#include "check/transport/dane_hosts.h"

#include <algorithm>
#include <set>

#include "check/transport/announced.h"

namespace waybill::check::transport {
namespace {
using Status = policy::DaneHost::Status;

/// nullptr: none, or open.
const dns::Answer* tlsa_at(const dns::Name& base, uint16_t port, Look& look) {
  const auto name = policy::tlsa_name(base, port);
  return name ? look.dns(*name, dns::Type::tlsa) : nullptr;
}

/// The records of a zone file, as if it were signed.
std::optional<policy::DaneHost> from_zone_file(const dns::Name& host, uint16_t port, Look& look) {
  const dns::Answer* answer = tlsa_at(host, port, look);
  if (answer == nullptr || !answer->present() || answer->secure || answer->source != dns::Source::overlay)
    return std::nullopt;
  policy::DaneHost out{.status = Status::unusable, .base = host};
  for (const dns::Record& record : answer->records) {
    const auto* tlsa = std::get_if<dns::Tlsa>(&record.data);
    if (tlsa != nullptr && policy::tlsa_fault(*tlsa).empty()) out.records.push_back(*tlsa);
  }
  if (!out.records.empty()) out.status = Status::usable;
  return out;
}
}  // namespace

std::optional<std::vector<DaneOfHost>> dane_hosts(const Subject& subject, Look& look, Report& report) {
  const auto hosts = receiving_hosts(subject, look, report);
  if (!hosts) return std::nullopt;
  const dns::Answer* mx = look.dns(subject.name, dns::Type::mx);
  if (mx == nullptr) return std::nullopt;
  std::vector<DaneOfHost> out;
  bool open = false;
  for (const MailHost& host : *hosts) {
    if (!host.addresses) continue;
    const dns::Name& name = host.mx.exchange;
    auto step = policy::dane_of(name, subject.port, look.dns_facts());
    if (auto* questions = std::get_if<Questions<dns::Question>>(&step)) {
      look.open(std::move(*questions));
      open = true;
      continue;
    }
    DaneOfHost each{name, std::get<policy::DaneHost>(std::move(step)), {}};
    if (each.dane.status == Status::none) {
      if (auto assumed = from_zone_file(name, subject.port, look)) each.dane = std::move(*assumed);
    }
    each.names = {each.dane.base};
    if (mx->secure || mx->source == dns::Source::overlay) each.names.push_back(subject.name);
    out.push_back(std::move(each));
  }
  if (open || look.waiting()) return std::nullopt;
  return out;
}

bool matches(const DaneOfHost& host, const ProbeSaid& said) {
  std::vector<policy::DaneCertificate> chain;
  for (const ProbeSaid::Certificate& each : said.chain) {
    chain.push_back({.der = each.der,
                     .spki = each.spki,
                     .der_sha256 = each.der_sha256,
                     .der_sha512 = each.der_sha512,
                     .spki_sha256 = each.spki_sha256,
                     .spki_sha512 = each.spki_sha512,
                     .anchors = each.anchors});
  }
  const bool named = !said.chain.empty() && std::ranges::any_of(host.names, [&](const dns::Name& name) {
    return policy::certificate_names(said.chain.front().names, name);
  });
  return policy::dane_matches(host.dane.records, chain, named);
}

std::optional<std::vector<TlsaAt>> tlsa_answers(const Subject& subject, Look& look, Report& report) {
  const auto hosts = receiving_hosts(subject, look, report);
  if (!hosts) return std::nullopt;
  std::vector<TlsaAt> out;
  std::set<dns::Name> seen;
  bool open = false;
  for (const MailHost& host : *hosts) {
    for (const dns::Name& base : {host.mx.exchange, host.canonical}) {
      const auto name = policy::tlsa_name(base, subject.port);
      if (!host.addresses || !name || !seen.insert(*name).second) continue;
      const dns::Answer* answer = look.dns(*name, dns::Type::tlsa);
      open = open || answer == nullptr;
      if (answer != nullptr && answer->unknown()) {
        report.unknown(*name, dns::Type::tlsa, *answer);
      } else {
        out.push_back({*name, answer});
      }
    }
  }
  if (open) return std::nullopt;
  return out;
}

std::string tlsa_owner(const dns::Name& base, uint16_t port) {
  return fmt::format("_{}._tcp.{}", port, base.to_string());
}

}  // namespace waybill::check::transport
