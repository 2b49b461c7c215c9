#include "policy/dane.h"

#include <algorithm>
#include <array>
#include <optional>

namespace waybill::policy {
namespace {
constexpr uint8_t kTrustAnchor = 2;  // DANE-TA
constexpr uint8_t kEndEntity = 3;    // DANE-EE
constexpr size_t kSha256Octets = 32;
constexpr size_t kSha512Octets = 64;

/// Asks for what is not known yet.
class Inquiry {
 public:
  explicit Inquiry(const dns::Facts& facts) : facts_(facts) {}
  const dns::Answer* ask(const dns::Name& name, dns::Type type) {
    const dns::Answer* answer = facts_.find({name, type});
    if (answer == nullptr) open_.push_back({name, type});
    return answer;
  }
  [[nodiscard]] Questions<dns::Question> open() const { return open_; }

 private:
  const dns::Facts& facts_;
  Questions<dns::Question> open_;
};

using HostStep = Step<DaneHost, dns::Question>;

std::string why_unknown(std::string_view what, const dns::Answer& answer) {
  return fmt::format("{}: {}{}{}", what, dns::to_string(answer.kind), answer.why.empty() ? "" : ": ",
                     answer.why);
}

/// The names at which TLSA records are looked for, in order (RFC 7672 2.2.3); or the verdict already.
struct Bases {
  std::vector<dns::Name> names;
  std::optional<DaneHost> verdict;
};

Bases bases_of(const dns::Name& host, Inquiry& inquiry) {
  const std::array answers{inquiry.ask(host, dns::Type::a), inquiry.ask(host, dns::Type::aaaa)};
  if (answers[0] == nullptr || answers[1] == nullptr) return {};
  const dns::Answer* present = nullptr;
  bool secure = true;
  for (const dns::Answer* answer : answers) {
    if (!answer->present()) continue;
    if (present == nullptr) present = answer;
    secure = secure && answer->secure;
  }
  if (present == nullptr) {
    const dns::Answer& first = answers[0]->unknown() ? *answers[0] : *answers[1];
    if (!first.unknown()) return {{}, DaneHost{.why = "the host has no address"}};
    return {{},
            DaneHost{.status = DaneHost::Status::failed, .why = why_unknown("the host's address", first)}};
  }
  if (secure) {
    if (present->chain.empty()) return {{host}, {}};
    return {{present->canonical, host}, {}};  // RFC 7672 2.2.3: the expanded name first
  }
  // RFC 7672 2.2.2: an alias that is secure itself keeps its own TLSA records, wherever it leads.
  if (present->chain.empty()) return {{}, DaneHost{.why = "the host's addresses are not proved by DNSSEC"}};
  const dns::Answer* alias = inquiry.ask(host, dns::Type::cname);
  if (alias == nullptr) return {};
  if (alias->unknown())
    return {{}, DaneHost{.status = DaneHost::Status::failed, .why = why_unknown("the host's alias", *alias)}};
  if (alias->present() && alias->secure) return {{host}, {}};
  return {{}, DaneHost{.why = "the host's addresses are not proved by DNSSEC"}};
}

DaneHost judge(const dns::Name& base, const dns::Answer& answer) {
  DaneHost out{.base = base};
  for (const dns::Record& record : answer.records) {
    const auto* tlsa = std::get_if<dns::Tlsa>(&record.data);
    if (tlsa == nullptr) continue;
    std::string fault = tlsa_fault(*tlsa);
    if (fault.empty()) {
      out.records.push_back(*tlsa);
    } else if (out.why.empty()) {
      out.why = std::move(fault);
    }
  }
  // RFC 7672 2.2: with unusable records alone TLS is still a must, though it proves nothing.
  out.status = out.records.empty() ? DaneHost::Status::unusable : DaneHost::Status::usable;
  if (out.status == DaneHost::Status::usable) out.why.clear();
  return out;
}

bool data_matches(const dns::Tlsa& record, const DaneCertificate& certificate) {
  const bool spki = record.selector == 1;
  switch (record.matching) {
    case 0:
      return record.data == (spki ? certificate.spki : certificate.der);
    case 1:
      return record.data == (spki ? certificate.spki_sha256 : certificate.der_sha256);
    case 2:
      return record.data == (spki ? certificate.spki_sha512 : certificate.der_sha512);
    default:
      return false;
  }
}
}  // namespace

std::string tlsa_fault(const dns::Tlsa& record) {
  if (record.usage < kTrustAnchor)  // RFC 7672 3.1.3
    return fmt::format("usage {} (PKIX) is not for SMTP: there are no common roots", record.usage);
  if (record.usage > kEndEntity) return fmt::format("usage {} is unknown", record.usage);
  if (record.selector > 1) return fmt::format("selector {} is unknown", record.selector);
  if (record.matching > 2) return fmt::format("matching type {} is unknown", record.matching);
  const size_t octets = record.data.size();
  if (record.matching == 1 && octets != kSha256Octets)
    return fmt::format("a SHA-256 has {} octets, not {}", kSha256Octets, octets);
  if (record.matching == 2 && octets != kSha512Octets)
    return fmt::format("a SHA-512 has {} octets, not {}", kSha512Octets, octets);
  // Certificates and keys are each a DER SEQUENCE.
  if (record.matching == 0 && (octets < 2 || record.data[0] != 0x30))
    return fmt::format("its data is no {}", record.selector == 1 ? "public key" : "certificate");
  return "";
}

Result<dns::Name> tlsa_name(const dns::Name& base, uint16_t port) {
  const auto tcp = base.child("_tcp");
  if (!tcp) return pass(tcp.error());
  return tcp->child(fmt::format("_{}", port));
}

Step<DaneHost, dns::Question> dane_of(const dns::Name& host, uint16_t port, const dns::Facts& facts) {
  Inquiry inquiry(facts);
  const Bases bases = bases_of(host, inquiry);
  if (bases.verdict) return HostStep(*bases.verdict);
  if (bases.names.empty()) return HostStep(inquiry.open());
  for (const dns::Name& base : bases.names) {
    const auto name = tlsa_name(base, port);
    if (!name) continue;
    const dns::Answer* answer = inquiry.ask(*name, dns::Type::tlsa);
    if (answer == nullptr) return HostStep(inquiry.open());
    if (answer->unknown()) {  // RFC 7672 2.1: neither "none" nor cleartext
      return HostStep(DaneHost{.status = DaneHost::Status::failed,
                               .base = base,
                               .why = why_unknown(fmt::format("TLSA of {}", name->to_string()), *answer)});
    }
    if (answer->present() && answer->secure) return HostStep(judge(base, *answer));
  }
  return HostStep(DaneHost{.base = bases.names.front(), .why = "there are no TLSA records proved by DNSSEC"});
}

bool certificate_names(std::span<const std::string> names, const dns::Name& host) {
  return std::ranges::any_of(names, [&](const std::string& text) {
    const bool wild = text.starts_with("*.");
    const auto name = dns::Name::parse(wild ? std::string_view(text).substr(2) : std::string_view(text));
    // A wildcard for all of a top-level domain is nobody's to have.
    return name && (wild ? name->labels() > 1 && !host.is_root() && host.parent() == *name : *name == host);
  });
}

bool dane_matches(const std::vector<dns::Tlsa>& records, std::span<const DaneCertificate> chain,
                  bool name_matches) {
  return std::ranges::any_of(records, [&](const dns::Tlsa& record) {
    if (chain.empty() || !tlsa_fault(record).empty()) return false;
    if (record.usage == kEndEntity) return data_matches(record, chain.front());  // RFC 7672 3.1.1
    return name_matches && std::ranges::any_of(chain, [&](const DaneCertificate& certificate) {
             return certificate.anchors && data_matches(record, certificate);  // RFC 7672 3.1.2
           });
  });
}

}  // namespace waybill::policy
