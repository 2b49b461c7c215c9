// Who wants to get past a primary's defences delivers to the backup: spam for nobody bounces from there, and
// mail goes in clear.
#include <algorithm>

#include "check/probes.h"
#include "check/redundancy/redundancy.h"

namespace waybill::check::redundancy {
namespace {
using Unknown = ProbeSaid::Unknown;
using Tls = ProbeSaid::Tls;

/// Those of the first preference, of which a session was to be had; all of them, or none, must have a
/// strength for it to be the primaries'.
using Group = std::vector<const Probed*>;

bool all(const Group& group, bool (*strong)(const ProbeSaid&)) {
  return std::ranges::all_of(group, [&](const Probed* each) { return strong(*each->said); });
}
bool refuses_unknown(const ProbeSaid& said) { return said.unknown_recipient == Unknown::refused; }
bool does_tls(const ProbeSaid& said) { return said.tls == Tls::done; }
bool is_trusted(const ProbeSaid& said) { return does_tls(said) && said.chain_trusted && said.name_matches; }

void compare(const Group& primaries, const Probed& backup, Report& report) {
  const ProbeSaid& said = *backup.said;
  const std::string subject = backup.to_string();
  if (all(primaries, refuses_unknown) && said.unknown_recipient == Unknown::accepted) {
    report.warning(
        {.subject = subject,
         .got = fmt::format("this backup (preference {}) takes mail for recipients whom the primary refuses: "
                            "it will bounce to forged senders",
                            backup.preference),
         .want = "the same refusal as from the primary",
         .fix = "give the backup the list of recipients, or have it ask the primary"});
  }
  if (all(primaries, does_tls) &&
      (said.tls == Tls::not_offered || said.tls == Tls::refused || said.tls == Tls::failed)) {
    report.warning(
        {.subject = subject,
         .got = fmt::format("this backup (preference {}) takes mail without TLS, the primary with it",
                            backup.preference),
         .want = "TLS on the backup, too",
         .fix = "give the backup a certificate and a key, and turn TLS on"});
  } else if (all(primaries, is_trusted) && does_tls(said) && !is_trusted(said)) {
    report.warning(
        {.subject = subject,
         .got = fmt::format("this backup (preference {}) shows a worse certificate than the primary",
                            backup.preference),
         .want = "a trusted certificate with its name",
         .fix = fmt::format("a certificate for {} of a public CA", backup.host.to_string())});
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto probed = probe_all(subject, look, report);
  if (!probed || probed->empty()) return;
  const uint16_t best = probed->front().preference;  // sorted
  Group primaries;
  bool any_backup = false;
  for (const Probed& each : *probed) {
    any_backup = any_backup || each.preference != best;
    if (each.preference == best && each.welcome()) primaries.push_back(&each);
  }
  if (!any_backup) return report.skip("there is no backup");
  if (primaries.empty()) {
    return report.unknown(probed->front().to_string(),
                          "no primary gives a session to compare the backups with");
  }
  for (const Probed& each : *probed) {
    if (each.preference == best) continue;
    if (each.welcome()) {
      compare(primaries, each, report);
    } else {
      report_no_session(each, report);
    }
  }
}
}  // namespace

const Check weaker_backup{.id = "redundancy.weaker-backup",
                          .number = 109,
                          .title = "Backups are as strict as the primary",
                          .ref = "",
                          .needs = Needs::probe,
                          .run = run};

}  // namespace waybill::check::redundancy
