// `mx` of a domain with more than ten MX hosts is a permerror, not a match with the first ten.
#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  for (const auto& each : tree->crowded) {
    report.error(
        {.subject = subject.name.to_string(),
         .got = fmt::format("'{}' of {}: {} has {} MX hosts", printable(each.term, 80),
                            tree->nodes[each.node].domain.to_string(), each.name.to_string(), each.hosts),
         .want = "at most 10; verifiers stop there with a permerror",
         .fix = fmt::format("name the networks of the hosts that send (ip4:, ip6:) in the place of '{}'",
                            printable(each.term, 80)),
         .about = each.node == 0 ? std::optional(own->about) : std::nullopt});
  }
  for (const auto& each : tree->unanswered) {
    if (each.type == dns::Type::mx) report.unknown(each.name, each.type, each.failed);
  }
  report_unknown(*tree, report);
}
}  // namespace

const Check mx_too_many_hosts{.id = "spf.mx-too-many-hosts",
                              .number = 36,
                              .title = "No mx of the SPF record has more than 10 hosts",
                              .ref = "RFC 7208 4.6.4",
                              .run = run};

}  // namespace waybill::check::spf
