// Mail that waits in a queue is verified when it arrives: its key must still be there then.
#include "check/change/change.h"

namespace waybill::check::change {
namespace {
void judge(const Move& move, const SetPair& selector, Report& report) {
  const std::string before = dkim_key(selector, *selector.live);
  const std::string after = dkim_key(selector, *selector.proposed);
  if (before.empty() || before == after) return;
  const Time safe = move.now + move.queue_time;
  if (after.empty() && move.at && *move.at >= safe)
    return;  // enough time, if signing stops now; the steps say so
  const std::string name = selector.name.to_string();
  report.warning(
      {.subject = name,
       .got =
           after.empty()
               ? fmt::format("the key goes while mail signed with it may wait in queues up to {}",
                             format_duration(move.queue_time))
               : "another key takes this selector's place: mail signed with the old one fails from then on",
       .want = after.empty()
                   ? fmt::format("the key until {}, if nothing is signed with it from now on",
                                 format_rfc3339(safe))
                   : "a new selector for a new key, the old one beside it until the queues are empty",
       .fix = after.empty()
                  ? fmt::format("keep {}. TXT, stop signing with it now, and take it away after {}", name,
                                format_duration(move.queue_time))
                  : fmt::format("publish the new key under another selector, and leave {}. as it is", name),
       .about = About{selector.name, dns::Type::txt, std::nullopt}});
}

void run(const Move& move, const View& view, Report& report) {
  if (view.selectors.empty()) return report.skip("no --selector was given");
  for (const SetPair& selector : view.selectors) {
    if (selector.unknown())
      report.unknown(selector.name, selector.type,
                     selector.live->unknown() ? *selector.live : *selector.proposed);
    else
      judge(move, selector, report);
  }
}
}  // namespace

const ChangeCheck selector_removed{
    .about = {.id = "change.selector-removed",
              .number = 118,
              .title = "A DKIM key stays as long as mail signed with it may wait",
              .ref = "RFC 6376 3.6.1"},
    .run = run};

}  // namespace waybill::check::change
