// A subdomain without SPF under a DMARC policy of none can be used by anybody as a sender: nothing tells
// receivers to refuse it.
#include <algorithm>
#include <array>
#include <set>

#include "base/bytes.h"
#include "check/domain/domain.h"
#include "check/tags.h"

namespace waybill::check::domain {
namespace {
/// Names that exist at many domains; a zone file names its own.
constexpr std::array<std::string_view, 16> kCommon{
    "www",  "mail", "smtp", "webmail", "news",  "newsletter", "info", "support",
    "shop", "blog", "app",  "portal",  "login", "dev",        "test", "m"};
constexpr size_t kNamed = 5;

/// The policy for names below the domain that have none of their own.
struct Inherited {
  bool known = false;
  bool weak = false;
  std::string got;
};

/// RFC 9989 4.10: the nearest DMARC record above. RFC 9989 4.7: `sp`, else `p`.
Inherited inherited(const Subject& subject, Look& look, Report& report) {
  for (dns::Name at = subject.name; at.labels() >= 2; at = at.parent()) {
    const auto name = at.child("_dmarc");
    if (!name) continue;
    const dns::Answer* answer = known(look, report, *name, dns::Type::txt);
    if (answer == nullptr) return {};
    const auto found = texts_with(*answer, "v=DMARC1");
    if (found.texts.size() != 1) continue;
    const auto sp = tag_value(found.texts.front(), "sp");
    const auto policy = sp ? sp : tag_value(found.texts.front(), "p");
    const bool weak = !policy || iequals(*policy, "none");
    return {.known = true,
            .weak = weak,
            .got = fmt::format("DMARC {}={} at {}", sp ? "sp" : "p", printable(policy.value_or("(none)"), 20),
                               name->to_string())};
  }
  return {.known = true, .weak = true, .got = "no DMARC record"};
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

/// Anybody may use it as a sender, as far as SPF and a DMARC record of its own say.
bool spoofable(const dns::Name& name, Look& look, Report& report) {
  const dns::Answer* txt = known(look, report, name, dns::Type::txt);
  if (txt == nullptr || txt->kind == dns::Kind::nxdomain) return false;
  if (!texts_with(*txt, "v=spf1").texts.empty()) return false;
  const auto at = name.child("_dmarc");
  if (!at) return false;
  const dns::Answer* dmarc = known(look, report, *at, dns::Type::txt);
  if (dmarc == nullptr) return false;
  const auto own = texts_with(*dmarc, "v=DMARC1");
  return own.texts.empty() || iequals(tag_value(own.texts.front(), "p").value_or("none"), "none");
}

void run(const Subject& subject, Look& look, Report& report) {
  const Inherited policy = inherited(subject, look, report);
  if (!policy.known || !policy.weak) return;
  std::vector<std::string> found;
  for (const dns::Name& name : candidates(subject)) {
    if (name != subject.name && spoofable(name, look, report)) found.push_back(name.to_string());
  }
  if (found.empty() || look.waiting()) return;
  const size_t shown = std::min(found.size(), kNamed);
  const std::string more = found.size() > shown ? fmt::format(" and {} more", found.size() - shown) : "";
  report.warning(
      {.subject = found.front(),
       .got = fmt::format("anybody can send as {}{}: no SPF there, and {}",
                          fmt::join(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                          more, policy.got),
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
