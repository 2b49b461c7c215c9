// Who looked up just before the TTL was lowered holds the old records for the old TTL: no cut-over before
// that is over.
#include "check/change/change.h"

namespace waybill::check::change {
namespace {
void run(const Move& move, const View& view, Report& report) {
  if (!move.at) return report.skip("no --at was given: the steps say when it is safe");
  for (const SetPair* set : view.sets()) {
    if (!stale_does_harm(view, *set) || move.now + set->lifetime() <= *move.at) continue;
    const std::string name = set->name.to_string();
    const auto old = set->removed();
    const std::string gone = old.empty() ? "" : fmt::format(" ({})", dns::data_to_string(old.front()));
    report.error(
        {.subject = fmt::format("{} {}", name, dns::to_string(set->type)),
         .got = fmt::format(
             "its TTL is {}, the cut-over is in {}: caches hold what is there now{} up to {} longer",
             format_duration(set->lifetime()), format_duration(std::max(*move.at - move.now, Millis{0})),
             gone, format_duration(move.now + set->lifetime() - *move.at)),
         .want = fmt::format("a TTL that is over by the cut-over, or a cut-over at {} or later",
                             format_rfc3339(move.now + set->lifetime())),
         .fix = fmt::format("lower the TTL of {} {} to 300 now, and wait {} before the change", name,
                            dns::to_string(set->type), format_duration(set->lifetime())),
         .about = About{set->name, set->type, std::nullopt}});
  }
}
}  // namespace

const ChangeCheck ttl_too_long{.about = {.id = "change.ttl-too-long",
                                         .number = 114,
                                         .title = "What changes has left every cache by the cut-over",
                                         .ref = "RFC 1034 3.6"},
                               .run = run};

}  // namespace waybill::check::change
