// Senders take a policy only as plain text, so that a page that users may write can't become one.
#include "base/bytes.h"
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const PolicySaid* said = sts_fetched(subject, look, report);
  if (said == nullptr) return;
  if (said->http_status != 200 || !said->why.empty())
    return report.skip("there is no policy to look at (see sts.policy-unreachable)");
  const std::string_view type =
      trim(std::string_view(said->content_type).substr(0, said->content_type.find(';')));
  if (iequals(type, "text/plain")) return;
  report.warning(
      {.subject = fmt::format("https://mta-sts.{}/.well-known/mta-sts.txt", subject.name.to_string()),
       .got = type.empty() ? "the policy comes without a content type"
                           : fmt::format("the policy comes as {}", printable(type, 80)),
       .want = "text/plain",
       .fix = "have the web server send   Content-Type: text/plain   for this file"});
}
}  // namespace

const Check sts_content_type{.id = "sts.content-type",
                             .number = 68,
                             .title = "The MTA-STS policy is sent as text/plain",
                             .ref = "RFC 8461 3.2",
                             .needs = Needs::policy,
                             .run = run};

}  // namespace waybill::check::transport
