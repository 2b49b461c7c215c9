#include "policy/dmarc_discovery.h"

#include <algorithm>

namespace waybill::policy {
namespace {
constexpr size_t kLabelsMax = 8;  // RFC 9989 4.10

dns::Name last_labels(const dns::Name& name, size_t count) {
  dns::Name out = name;
  while (out.labels() > count) out = out.parent();
  return out;
}

struct Found {
  dns::Name domain;
  std::string text;
  DmarcRecord record;
};

/// What the walk saw until a psd= ended it or the labels did.
struct Walked {
  std::vector<Found> found;
  Questions<dns::Question> open;
  DmarcDiscovery* out = nullptr;
};

void walk(const dns::Name& domain, const dns::Facts& facts, Walked& walked) {
  bool certain = true;
  for (const dns::Name& each : dmarc_walk(domain)) {
    const dns::Question question{dmarc_owner(each), dns::Type::txt};
    const dns::Answer* answer = facts.find(question);
    if (answer == nullptr) {
      walked.open.push_back(question);
      certain = false;  // the names above are asked beside it
      continue;
    }
    if (answer->unknown()) {
      if (!walked.out->unknown) {
        walked.out->unknown = question;
        walked.out->failed = *answer;
      }
      continue;
    }
    DmarcTexts texts = dmarc_texts(*answer);
    if (texts.texts.size() > 1) {  // all are discarded
      if (each == domain) walked.out->several = texts.texts.size();
      continue;
    }
    if (texts.texts.empty()) continue;
    walked.found.push_back({each, texts.texts.front(), parse_dmarc(texts.texts.front())});
    if (walked.found.back().record.psd != DmarcPsd::unknown && certain) return;
  }
}

/// RFC 9989 4.10.2
dns::Name organisational_of(const dns::Name& domain, const std::vector<Found>& found) {
  for (const Found& each : found) {
    if (each.record.psd == DmarcPsd::no) return each.domain;
    if (each.record.psd == DmarcPsd::yes && each.domain != domain)
      return last_labels(domain, each.domain.labels() + 1);
  }
  // The walk goes upwards: the last found has the fewest labels.
  return found.empty() ? domain : found.back().domain;
}

/// RFC 9989 4.10.1: the domain's own record, else the organisational domain's, else the public suffix's.
const Found* applying(const dns::Name& domain, const dns::Name& organisational,
                      const std::vector<Found>& found) {
  for (const dns::Name& at : {domain, organisational}) {
    const auto each = std::ranges::find(found, at, &Found::domain);
    if (each != found.end()) return &*each;
  }
  const auto psd = std::ranges::find_if(found, [](const Found& f) { return f.record.psd == DmarcPsd::yes; });
  return psd == found.end() ? nullptr : &*psd;
}
}  // namespace

dns::Name dmarc_owner(const dns::Name& domain) {
  // A name so long that nothing fits before it has no such record either.
  return domain.child("_dmarc").value_or(dns::Name{});
}

std::vector<dns::Name> dmarc_walk(const dns::Name& domain) {
  std::vector<dns::Name> out{domain};
  dns::Name at = domain.labels() >= kLabelsMax ? last_labels(domain, kLabelsMax - 1) : domain.parent();
  for (; at.labels() >= 1 && !at.is_root() && !domain.is_root(); at = at.parent()) out.push_back(at);
  return out;
}

Step<DmarcDiscovery, dns::Question> discover_dmarc(const dns::Name& domain, const dns::Facts& facts) {
  DmarcDiscovery out;
  Walked walked{.out = &out};
  walk(domain, facts, walked);
  if (!walked.open.empty()) return std::move(walked.open);
  out.organisational = organisational_of(domain, walked.found);
  // All are discarded (4.10). Whether a receiver then takes the record of a domain above is not to be counted on.
  if (out.several > 0) return out;
  const Found* found = applying(domain, out.organisational, walked.found);
  if (found == nullptr) return out;
  if (found->domain == domain) {
    out.policy = found->record.policy();
  } else {
    // np is for domains that the DNS denies (NXDOMAIN, RFC 8020).
    const dns::Question question{domain, dns::Type::a};
    const dns::Answer* answer = facts.find(question);
    if (answer == nullptr) return Questions<dns::Question>{question};
    if (answer->unknown() && !out.unknown) {
      out.unknown = question;
      out.failed = *answer;
    }
    out.policy = answer->kind == dns::Kind::nxdomain ? found->record.policy_for_missing_subdomains()
                                                     : found->record.policy_for_subdomains();
  }
  out.at = found->domain;
  out.text = found->text;
  out.record = found->record;
  return out;
}

}  // namespace waybill::policy
