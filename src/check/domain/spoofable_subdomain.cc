// A subdomain without SPF under a DMARC policy of none can be used by anybody as a sender: nothing tells
// receivers to refuse it.
#include <algorithm>
#include <array>
#include <set>

#include "check/domain/domain.h"
#include "policy/dmarc_discovery.h"
#include "policy/spf_record.h"

namespace waybill::check::domain {
namespace {
/// Names that exist at many domains; a zone file names its own.
constexpr std::array<std::string_view, 16> kCommon{
    "www",  "mail", "smtp", "webmail", "news",  "newsletter", "info", "support",
    "shop", "blog", "app",  "portal",  "login", "dev",        "test", "m"};
constexpr size_t kNamed = 5;

/// What DMARC asks for mail from `name`. Null: open, or unknown (reported).
std::optional<policy::DmarcDiscovery> dmarc_of(const dns::Name& name, Look& look, Report& report) {
  auto step = policy::discover_dmarc(name, look.dns_facts());
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) {
    look.open(std::move(*open));
    return std::nullopt;
  }
  auto found = std::get<policy::DmarcDiscovery>(std::move(step));
  if (!found.unknown) return found;
  report.unknown(found.unknown->name, found.unknown->type, found.failed);
  return std::nullopt;
}

bool is_weak(const policy::DmarcDiscovery& found) {
  return found.policy.value_or(policy::DmarcPolicy::none) == policy::DmarcPolicy::none;
}

std::string told(const policy::DmarcDiscovery& found) {
  if (!found.at) return "no DMARC record";
  return fmt::format("DMARC at {} asks for none there", policy::dmarc_owner(*found.at).to_string());
}

std::set<dns::Name> candidates(const Subject& subject) {
  std::set<dns::Name> out(subject.subdomains.begin(), subject.subdomains.end());
  for (const std::string_view label : kCommon) {
    if (const auto name = subject.name.child(label)) out.insert(*name);
  }
  // Names with an underscore are no mail domains: keys, policies and services stand there.
  std::erase_if(out, [](const dns::Name& name) { return name.to_string().find('_') != std::string::npos; });
  std::erase_if(out, [](const dns::Name& name) { return name.to_string().starts_with('*'); });
  return out;
}

/// What DMARC says of it, if anybody may use it as a sender: it exists without SPF, and DMARC asks for
/// nothing.
std::optional<policy::DmarcDiscovery> spoofable(const dns::Name& name, Look& look, Report& report) {
  const dns::Answer* txt = known(look, report, name, dns::Type::txt);
  if (txt == nullptr || txt->kind == dns::Kind::nxdomain) return std::nullopt;
  if (!policy::spf_texts(*txt).texts.empty()) return std::nullopt;
  auto dmarc = dmarc_of(name, look, report);
  if (!dmarc || !is_weak(*dmarc)) return std::nullopt;
  return dmarc;
}

void run(const Subject& subject, Look& look, Report& report) {
  // Any name below will do to learn what holds for those without a record of their own.
  const auto below = subject.name.child(kCommon.front());
  if (!below) return report.skip("the domain's name is too long to ask for names below it");
  const auto policy = dmarc_of(*below, look, report);
  if (!policy) return;
  if (!is_weak(*policy) && policy->at != *below) return;
  std::vector<std::string> found;
  std::string why;
  for (const dns::Name& name : candidates(subject)) {
    if (name == subject.name) continue;
    const auto open_to_all = spoofable(name, look, report);
    if (!open_to_all) continue;
    if (found.empty()) why = told(*open_to_all);
    found.push_back(name.to_string());
  }
  if (found.empty() || look.waiting()) return;
  const size_t shown = std::min(found.size(), kNamed);
  const std::string more = found.size() > shown ? fmt::format(" and {} more", found.size() - shown) : "";
  report.warning(
      {.subject = found.front(),
       .got = fmt::format("anybody can send as {}{}: no SPF there, and {}",
                          fmt::join(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                          more, why),
       .want = "a DMARC policy of quarantine or reject for subdomains, or SPF at each",
       .fix = fmt::format("add sp=reject to _dmarc.{}, or publish {}. TXT \"v=spf1 -all\"",
                          subject.name.to_string(), found.front())});
}
}  // namespace

const Check spoofable_subdomain{.id = "domain.spoofable-subdomain",
                                .number = 124,
                                .title = "No subdomain can be used as a sender by anybody",
                                .ref = "RFC 9989 4.7",
                                .run = run};

}  // namespace waybill::check::domain
