// Receivers pass over what they don't know: a slip there leaves a policy that nobody meant.
#include "base/bytes.h"
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check::dmarc {
namespace {
std::string names_of(const std::vector<policy::Tag>& tags) {
  std::string out;
  for (const policy::Tag& tag : tags)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", printable(tag.name, 40));
  return out;
}

/// Of a policy: then the domain is protected otherwise than its owner thinks.
bool is_policy(std::string_view text, const policy::TagFault& fault) {
  const std::string_view spec = text.substr(fault.place.at, fault.place.size);
  const std::string_view name = trim(spec.substr(0, spec.find('=')));
  return name == "p" || name == "sp" || name == "np";
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto found = own(subject, look, report);
  if (!found) return;
  const std::string name = subject.name.to_string();
  for (const policy::TagFault& fault : found->record.faults) {
    report.add(is_policy(found->text, fault) ? Level::error : Level::warning,
               {.subject = name,
                .got = fault.what,
                .want = "tags as RFC 9989 has them; receivers ignore what they can't read",
                .fix = "correct it, or take it out",
                .about = about(*found)});
  }
  if (!found->record.unknown.empty()) {
    report.notice({.subject = name,
                   .got = fmt::format("tags that receivers ignore, since DMARC has none of that name: {}",
                                      names_of(found->record.unknown)),
                   .want = "v, p, sp, np, t, psd, adkim, aspf, fo, rua, ruf",
                   .fix = with_tag(*found, found->record.unknown.front().name, ""),
                   .about = about(*found)});
  }
  if (found->record.removed.empty()) return;
  report.notice({.subject = name,
                 .got = fmt::format("tags of the former DMARC that are ignored now: {}",
                                    names_of(found->record.removed)),
                 .want = "no pct, rf, ri; what pct=0 was used for is t=y now",
                 .fix = with_tag(*found, found->record.removed.front().name, ""),
                 .about = about(*found)});
}
}  // namespace

const Check unknown_tags{.id = "dmarc.unknown-tags",
                         .number = 61,
                         .title = "The DMARC record holds only what receivers read",
                         .ref = "RFC 9989 4.7",
                         .run = run};

}  // namespace waybill::check::dmarc
