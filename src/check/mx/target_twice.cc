// A host that is listed twice is tried once, at its best preference: the other entry only looks like a
// backup.
#include <map>

#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_targets(subject, look, report);
  if (!mx) return;
  std::map<dns::Name, std::vector<uint16_t>> listed;
  for (const dns::Mx& record : mx->all) listed[record.exchange].push_back(record.preference);
  for (const dns::Mx& target : mx->targets) {
    const auto& preferences = listed[target.exchange];
    if (preferences.size() < 2) continue;
    const dns::Mx last{preferences.back(), target.exchange};
    report.warning({.subject = target.exchange.to_string(),
                    .got = fmt::format("it is listed {} times, with preference {}", preferences.size(),
                                       fmt::join(preferences, ", ")),
                    .want = "each host once",
                    .fix = fmt::format("keep only  {}", mx->line(target)),
                    .about = mx->about(last)});
  }
}
}  // namespace

const Check target_twice{
    .id = "mx.target-twice", .number = 11, .title = "Every MX host is listed once", .ref = "", .run = run};

}  // namespace waybill::check::mx
