// A name without its final dot gets the zone's name put behind it: mail.example.org.example.org.
#include <array>

#include "check/domain/domain.h"

namespace waybill::check::domain {
namespace {
/// Ends in `twice`, the domain's name two times over.
void judge(const dns::Name& twice, const dns::Name& domain, const dns::Record& record,
           const dns::Name& target, Report& report) {
  if (!target.is_within(twice)) return;
  const std::string got = target.to_string();
  const std::string meant = got.substr(0, got.size() - domain.to_string().size() - 1);
  dns::Record mended = record;
  if (auto* mx = std::get_if<dns::Mx>(&mended.data))
    mx->exchange = dns::Name::parse(meant).value_or(target);
  else
    mended.data = dns::Name::parse(meant).value_or(target);
  report.error({.subject = record.owner.to_string(),
                .got = fmt::format("its {} names {}: the domain's name stands there twice",
                                   dns::to_string(record.type), got),
                .want = "the name with its final dot, so that nothing is put behind it",
                .fix = fmt::format("{}. {} {}", record.owner.to_string(), dns::to_string(record.type),
                                   dns::data_to_string(mended)),
                .about = About{record.owner, record.type, record.data}});
}

void run(const Subject& subject, Look& look, Report& report) {
  const std::string name = subject.name.to_string();
  const auto twice = dns::Name::parse(fmt::format("{}.{}", name, name));
  if (!twice) return report.skip("the domain's name is too long to stand twice in one");
  for (const dns::Type type : {dns::Type::mx, dns::Type::ns}) {
    const dns::Answer* answer = known(look, report, subject.name, type);
    if (answer == nullptr) continue;
    for (const dns::Record& record : answer->records) {
      if (const auto* mx = std::get_if<dns::Mx>(&record.data))
        judge(*twice, subject.name, record, mx->exchange, report);
      else if (const auto* host = std::get_if<dns::Name>(&record.data))
        judge(*twice, subject.name, record, *host, report);
    }
  }
  // The aliases that mail providers have one set up.
  constexpr std::array<std::string_view, 4> kAliases{"mta-sts", "_mta-sts", "_dmarc", "autodiscover"};
  for (const std::string_view label : kAliases) {
    const auto alias = subject.name.child(label);
    if (!alias) continue;
    const dns::Answer* answer = known(look, report, *alias, dns::Type::cname);
    if (answer == nullptr) continue;
    for (const dns::Record& record : answer->records) {
      if (const auto* target = std::get_if<dns::Name>(&record.data))
        judge(*twice, subject.name, record, *target, report);
    }
  }
}
}  // namespace

const Check doubled_name{.id = "domain.doubled-name",
                         .number = 126,
                         .title = "No record's name ends in the domain's name twice",
                         .ref = "RFC 1035 5.1",
                         .run = run};

}  // namespace waybill::check::domain
