#include "check/transport/announced.h"

namespace waybill::check::transport {
namespace {
dns::Name below(const dns::Name& name, std::initializer_list<std::string_view> labels) {
  dns::Name out = name;
  for (const std::string_view label : labels) {
    auto child = out.child(label);
    if (!child) return name;
    out = std::move(*child);
  }
  return out;
}

/// Nothing: open or reported.
std::optional<std::vector<std::string>> texts_at(const dns::Name& name, Look& look, Report& report) {
  const dns::Answer* answer = known(look, report, name, dns::Type::txt);
  if (answer == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (const dns::Record& record : answer->records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) out.push_back(txt->joined());
  }
  return out;
}
}  // namespace

dns::Name sts_name(const Subject& subject) { return below(subject.name, {"_mta-sts"}); }
dns::Name tlsrpt_name(const Subject& subject) { return below(subject.name, {"_tls", "_smtp"}); }

std::optional<policy::StsRecord> sts_record_of(const Subject& subject, Look& look, Report& report) {
  const auto texts = texts_at(sts_name(subject), look, report);
  if (!texts) return std::nullopt;
  return policy::read_sts_record(*texts);
}

std::optional<policy::TlsrptRecord> tlsrpt_record_of(const Subject& subject, Look& look, Report& report) {
  const auto texts = texts_at(tlsrpt_name(subject), look, report);
  if (!texts) return std::nullopt;
  return policy::read_tlsrpt_record(*texts);
}

const PolicySaid* sts_fetched(const Subject& subject, Look& look, Report& report) {
  const auto record = sts_record_of(subject, look, report);
  if (!record) return nullptr;
  if (record->state != policy::StsRecord::State::valid) {
    report.skip(fmt::format("{} announces no MTA-STS policy", subject.name.to_string()));
    return nullptr;
  }
  return look.policy(subject.name);
}

std::optional<policy::StsPolicy> sts_policy_of(const Subject& subject, Look& look, Report& report) {
  const PolicySaid* said = sts_fetched(subject, look, report);
  if (said == nullptr) return std::nullopt;
  auto policy = policy::read_sts_policy(said->body);
  if (said->why.empty() && policy) return std::move(*policy);
  report.skip("there is no policy to look at (see sts.policy-unreachable)");
  return std::nullopt;
}

std::optional<std::vector<MailHost>> receiving_hosts(const Subject& subject, Look& look, Report& report) {
  auto found = mail_hosts(subject, look, report);
  if (!found) return std::nullopt;
  if (!found->hosts.empty()) return std::move(found->hosts);
  if (!found->why_none.empty()) report.skip(found->why_none);
  return std::nullopt;
}

}  // namespace waybill::check::transport
