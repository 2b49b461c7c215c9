// A sender that holds the old TLSA records refuses the new key: the new ones must be in every cache before
// it.
#include "check/change/change.h"

namespace waybill::check::change {
namespace {
void judge_key(const Move& move, const HostPair& host, Report& report) {
  const Millis wait = 2 * host.tlsa.lifetime();  // RFC 7671 8.1
  if (!move.at || move.now + wait <= *move.at) return;
  report.error(
      {.subject = host.tlsa.name.to_string(),
       .got = fmt::format(
           "all its TLSA records are replaced {} from now, their TTL is {}: senders with the old ones "
           "refuse the new key",
           format_duration(std::max(*move.at - move.now, Millis{0})), format_duration(host.tlsa.lifetime())),
       .want = fmt::format("the new record beside the old one two TTLs ({}) before the key changes",
                           format_duration(wait)),
       .fix = fmt::format("publish now, beside the old: {}", dns::to_string(host.tlsa.added().front())),
       .about = About{host.tlsa.name, dns::Type::tlsa, std::nullopt}});
}

/// The address moves to another machine, which has to have the same key, or its own records.
void judge_move(const HostPair& host, Report& report) {
  const bool moves =
      host.stays() && ((host.a.changes() && host.a.removed().size() == host.a.live->records.size()) ||
                       (host.aaaa.changes() && host.aaaa.removed().size() == host.aaaa.live->records.size()));
  if (!moves || host.tlsa.unknown() || host.tlsa.changes() || !host.tlsa.live->present()) return;
  const bool had = host.a.live->present() || host.aaaa.live->present();
  if (!had) return;
  report.warning(
      {.subject = host.name.to_string(),
       .got = "its address changes, its TLSA records stay",
       .want = "the same key on the new machine, or its key's record beside the old two TTLs before",
       .fix = fmt::format("take the key along, or publish the new machine's record at {}. now",
                          host.tlsa.name.to_string())});
}

void run(const Move& move, const View& view, Report& report) {
  for (const HostPair& host : view.hosts) {
    if (key_change(host) == KeyChange::replaced) judge_key(move, host, report);
    judge_move(host, report);
  }
}
}  // namespace

const ChangeCheck tlsa_too_late{
    .about = {.id = "change.tlsa-too-late",
              .number = 117,
              .title = "New TLSA records are known everywhere before the key changes",
              .ref = "RFC 7671 8.1"},
    .run = run};

}  // namespace waybill::check::change
