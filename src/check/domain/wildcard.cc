// A wildcard answers for every name that does not exist, those where other software looks for a policy among
// them.
#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "check/domain/domain.h"

namespace waybill::check::domain {
namespace {
struct Service {
  std::string_view label;
  std::string_view version;  ///< what a record of its own begins with
  std::string_view what;
};
constexpr std::array<Service, 3> kServices{{
    {"_dmarc", "v=DMARC1", "DMARC"},
    {"_mta-sts", "v=STSv1", "MTA-STS"},
    {"_smtp._tls", "v=TLSRPTv1", "TLS reports"},
}};
/// A name that nobody publishes by itself.
constexpr std::string_view kNobody = "waybill-asks-for-a-name-that-nobody-has";

Result<dns::Name> below(const dns::Name& domain, std::string_view labels) {
  return dns::Name::parse(fmt::format("{}.{}", labels, domain.to_string()));
}

bool same_data(const dns::Answer& a, const dns::Answer& b) {
  return a.records.size() == b.records.size() &&
         std::ranges::all_of(a.records, [&](const dns::Record& record) {
           return std::ranges::any_of(b.records,
                                      [&](const dns::Record& other) { return other.data == record.data; });
         });
}

std::string excerpt(const dns::Answer& answer) {
  if (!answer.chain.empty()) return fmt::format("a CNAME to {}", answer.canonical.to_string());
  const auto* txt = std::get_if<dns::Txt>(&answer.records.front().data);
  return txt == nullptr ? "" : fmt::format("\"{}\"", printable(txt->joined(), 60));
}

/// The services for which the wildcard's TXT answers.
void judge_txt(const Subject& subject, const dns::Answer& nobody, Look& look, Report& report) {
  for (const Service& service : kServices) {
    const auto name = below(subject.name, service.label);
    if (!name) continue;
    const dns::Answer* own = known(look, report, *name, dns::Type::txt);
    if (own == nullptr || !own->present() || !same_data(*own, nobody)) continue;
    report.warning(
        {.subject = name->to_string(),
         .got = fmt::format("the wildcard *.{} answers for it with {}", subject.name.to_string(),
                            excerpt(nobody)),
         .want = fmt::format("a {} record of its own, or nothing", service.what),
         .fix = fmt::format("publish {}. TXT \"{}; …\", or take the wildcard's TXT away", name->to_string(),
                            service.version),
         .about = About{subject.name.child("*").value_or(subject.name), dns::Type::txt, std::nullopt}});
  }
}

/// Mail for any name below the domain.
void judge_mail(const Subject& subject, const dns::Name& nobody, Look& look, Report& report) {
  const std::string any = fmt::format("*.{}", subject.name.to_string());
  const dns::Answer* mx = known(look, report, nobody, dns::Type::mx);
  if (mx == nullptr) return;
  if (mx->present()) {
    const auto hosts = mx_of(*mx);
    // A null MX under the wildcard says that no other name takes mail: that is a use of it (RFC 7505 3).
    if (std::ranges::all_of(hosts, [](const dns::Mx& each) { return each.exchange.is_root(); })) return;
    return report.notice(
        {.subject = any,
         .got = fmt::format("the wildcard sends mail for every name, misspelt ones too, to {}",
                            hosts.front().exchange.to_string()),
         .want = "an MX for the names that take mail",
         .fix = fmt::format("take {}. MX away, and name those that take mail", any),
         .about = About{subject.name.child("*").value_or(subject.name), dns::Type::mx, std::nullopt}});
  }
  const auto addresses = look.addresses(nobody);
  if (!addresses || addresses->ips.empty()) return;
  report.notice({.subject = any,
                 .got = fmt::format("the wildcard gives every name the address {}, which so takes its mail",
                                    addresses->ips.front().to_string()),
                 .want = "no mail for names that take none",
                 .fix = fmt::format("{}. MX 0 .", any),
                 .ref = "RFC 5321 5.1"});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto nobody = below(subject.name, kNobody);
  if (!nobody) return report.skip("the domain's name is too long to ask for names below it");
  judge_mail(subject, *nobody, look, report);
  const dns::Answer* txt = known(look, report, *nobody, dns::Type::txt);
  if (txt != nullptr && txt->present()) judge_txt(subject, *txt, look, report);
}
}  // namespace

const Check wildcard{.id = "domain.wildcard",
                     .number = 123,
                     .title = "No wildcard answers for names where mail software looks for a policy",
                     .ref = "RFC 1034 4.3.3",
                     .run = run};

}  // namespace waybill::check::domain
