// Reports to somebody else's domain are sent only if that domain says that it wants them.
#include <set>

#include "base/bytes.h"
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check::dmarc {
namespace {
/// Whether `other` belongs to the same organisation; nullopt: open, or unknown, which is then reported.
std::optional<bool> same_organisation(const policy::DmarcDiscovery& found, const dns::Name& other, Look& look,
                                      Report& report) {
  if (other == *found.at || other == found.organisational) return true;
  auto step = policy::discover_dmarc(other, look.dns_facts());
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) {
    look.open(std::move(*open));
    return std::nullopt;
  }
  const auto& theirs = std::get<policy::DmarcDiscovery>(step);
  if (theirs.organisational == found.organisational) return true;
  if (!theirs.unknown && !found.unknown) return false;
  const auto& which = theirs.unknown ? theirs : found;
  // A domain that is no relation by name can't become one by what is not known of it.
  if (!other.is_within(found.organisational) && !found.organisational.is_within(other)) return false;
  report.unknown(which.unknown->name, which.unknown->type, which.failed);
  return std::nullopt;
}

void judge(const policy::DmarcDiscovery& found, const policy::DmarcUri& uri, std::string_view tag, Look& look,
           Report& report) {
  const auto same = same_organisation(found, *uri.domain, look, report);
  if (!same || *same) return;
  const std::string domain = found.at->to_string();
  auto name = dns::Name::parse(fmt::format("{}._report._dmarc.{}", domain, uri.domain->to_string()));
  const dns::Answer* answer = name ? known(look, report, *name, dns::Type::txt) : nullptr;
  if (name && answer == nullptr) return;
  if (answer != nullptr && !policy::dmarc_texts(*answer).texts.empty()) return;
  const std::string owner =
      name ? name->to_string() : fmt::format("{}._report._dmarc.{}", domain, uri.domain->to_string());
  report.error(
      {.subject = uri.domain->to_string(),
       .got = fmt::format("{}= sends reports to {}, but there is no '{}' that allows it", tag,
                          printable(uri.address, 100), owner),
       .want = "a TXT record there that begins with 'v=DMARC1'; without it no reports are sent",
       .fix = fmt::format("whoever runs {} publishes: {}. TXT \"v=DMARC1\"", uri.domain->to_string(), owner),
       .about = about(found)});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto found = own(subject, look, report);
  if (!found) return;
  std::set<std::pair<dns::Name, std::string_view>> seen;
  for (const auto& [tag, uris] :
       {std::pair<std::string_view, const std::vector<policy::DmarcUri>&>{"rua", found->record.rua},
        {"ruf", found->record.ruf}}) {
    for (const policy::DmarcUri& uri : uris) {
      if (seen.emplace(*uri.domain, tag).second) judge(*found, uri, tag, look, report);
    }
  }
}
}  // namespace

const Check foreign_reports_unauthorised{.id = "dmarc.foreign-reports-unauthorised",
                                         .number = 59,
                                         .title = "Whoever gets the domain's DMARC reports has agreed to it",
                                         .ref = "RFC 9990",
                                         .run = run};

}  // namespace waybill::check::dmarc
