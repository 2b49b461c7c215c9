// Senders fetch a policy anew when its id changes, and not before the old one's end otherwise.
#include "check/change/change.h"

namespace waybill::check::change {
namespace {
using policy::StsPolicy;
using policy::StsRecord;

bool differ(const StsPolicy& a, const StsPolicy& b) {
  return a.mode != b.mode || a.max_age_s != b.max_age_s || a.mx != b.mx;
}

void run(const Move& move, const View& view, Report& report) {
  if (view.sts.unknown())
    return report.unknown(view.sts.name, view.sts.type,
                          view.sts.live->unknown() ? *view.sts.live : *view.sts.proposed);
  const bool both = view.live_sts.record.state == StsRecord::State::valid &&
                    view.new_sts.record.state == StsRecord::State::valid;
  if (!both || view.live_sts.record.id != view.new_sts.record.id) return;
  if (!view.live_sts.policy) {
    if (move.new_policy_given || view.mx.changes())
      report.unknown(fmt::format("the MTA-STS policy of {}", move.subject.name.to_string()),
                     view.live_sts.why);
    return;
  }
  std::string got;
  if (move.new_policy_given && view.new_sts.policy && differ(*view.live_sts.policy, *view.new_sts.policy)) {
    got = "the policy changes";
  } else if (const auto unlisted = view.unlisted(); !move.new_policy_given && !unlisted.empty()) {
    got = fmt::format("the policy has to list {}", unlisted.front()->name.to_string());
  } else {
    return;
  }
  report.error(
      {.subject = view.sts.name.to_string(),
       .got = fmt::format("{}, but the id stays {}: senders keep the old one up to {}", got,
                          view.live_sts.record.id, format_duration(Seconds{view.live_sts.policy->max_age_s})),
       .want = "another id with every change of the policy",
       .fix = fmt::format("{}. TXT \"v=STSv1; id={};\"", view.sts.name.to_string(), sts_id(move.now)),
       .about = About{view.sts.name, dns::Type::txt, std::nullopt}});
}
}  // namespace

const ChangeCheck sts_id_unchanged{.about = {.id = "change.sts-id-unchanged",
                                             .number = 119,
                                             .title = "A new MTA-STS policy has a new id",
                                             .ref = "RFC 8461 3.1"},
                                   .run = run};

}  // namespace waybill::check::change
