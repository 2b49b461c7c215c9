// Senders keep an MTA-STS policy for its max_age, and hold the new hosts to the old one.
#include "check/change/change.h"

namespace waybill::check::change {
namespace {
using policy::StsPolicy;
using policy::StsRecord;

std::string names(const std::vector<const HostPair*>& hosts) {
  std::vector<std::string> out;
  for (const HostPair* host : hosts) out.push_back(host->name.to_string());
  return fmt::format("{}", fmt::join(out, ", "));
}

/// The policy that comes lists the host, and its new id makes senders fetch it: the record's TTL is all there
/// is to wait.
bool mended_in_time(const Move& move, const View& view, const HostPair& host) {
  return move.new_policy_given && view.new_sts.policy && view.new_sts.policy->lists(host.name) &&
         view.new_sts.record.id != view.live_sts.record.id &&
         (!move.at || move.now + view.sts.lifetime() <= *move.at);
}

void judge_hosts(const Move& move, const View& view, Report& report) {
  const Seconds max_age{view.live_sts.policy->max_age_s};
  if (move.at && move.now + max_age <= *move.at) return;  // every copy of it is gone by then
  auto unlisted = view.unlisted();
  std::erase_if(unlisted, [&](const HostPair* host) { return mended_in_time(move, view, *host); });
  if (unlisted.empty()) return;
  const bool enforced = view.live_sts.policy->mode == StsPolicy::Mode::enforce;
  report.add(
      enforced ? Level::error : Level::notice,
      {.subject = names(unlisted),
       .got = fmt::format("the MTA-STS policy (mode {}) that senders keep up to {} does not list it{}",
                          policy::to_string(view.live_sts.policy->mode), format_duration(max_age),
                          enforced ? ": they refuse to deliver there" : ""),
       .want = "the new hosts in the policy before the MX names them",
       .fix = fmt::format("serve a policy with 'mx: {}' beside the old hosts now, and publish a new id",
                          unlisted.front()->name.to_string())});
}

void judge_removal(const View& view, Report& report) {
  if (view.sts.unknown() || view.new_sts.record.state == StsRecord::State::valid) return;
  const Seconds max_age{view.live_sts.policy->max_age_s};
  report.warning(
      {.subject = view.sts.name.to_string(),
       .got = fmt::format("the record goes, but senders keep the policy (mode {}) up to {}",
                          policy::to_string(view.live_sts.policy->mode), format_duration(max_age)),
       .want = "a policy of mode none first, and the record until the old one is forgotten",
       .fix = "serve 'mode: none' with 'max_age: 86400' under a new id, and take the record away after " +
              format_duration(max_age),
       .ref = "RFC 8461 8.3"});
}

void run(const Move& move, const View& view, Report& report) {
  if (view.sts.live->unknown()) return report.unknown(view.sts.name, view.sts.type, *view.sts.live);
  if (view.live_sts.record.state != StsRecord::State::valid)
    return report.skip("there is no MTA-STS policy now");
  if (!view.live_sts.policy) {
    // Without the policy nothing is known of the hosts that it lists; unless none comes.
    if (view.mx.changes() || view.sts.changes())
      report.unknown(fmt::format("the MTA-STS policy of {}", move.subject.name.to_string()),
                     view.live_sts.why);
    return;
  }
  if (!view.live_sts.in_force()) return;
  judge_hosts(move, view, report);
  judge_removal(view, report);
}
}  // namespace

const ChangeCheck sts_outlives{.about = {.id = "change.sts-outlives",
                                         .number = 116,
                                         .title = "No MTA-STS policy that senders keep forbids a new host",
                                         .ref = "RFC 8461 5.1"},
                               .run = run};

}  // namespace waybill::check::change
