// A sender may hold the MX longer than the address of the host it names: then the address must be there as
// long.
#include "check/change/change.h"

namespace waybill::check::change {
namespace {
void run(const Move&, const View& view, Report& report) {
  if (!view.mx.proposed->present()) return;
  for (const HostPair& host : view.hosts) {
    if (!host.new_preference) continue;
    for (const SetPair* set : {&host.a, &host.aaaa}) {
      if (set->unknown() || !set->proposed->present()) continue;
      // What the change leaves alone is no matter of the change.
      const bool touched =
          view.mx.changes() || view.mx.only_ttl_changes() || set->changes() || set->only_ttl_changes();
      if (!touched || set->proposed->ttl_s >= view.mx.proposed->ttl_s) continue;
      const std::string type = dns::to_string(set->type);
      report.notice(
          {.subject = host.name.to_string(),
           .got = fmt::format(
               "its {} is kept {}, the MX that names it {}: who holds the MX asks for the address again",
               type, format_duration(Seconds{set->proposed->ttl_s}),
               format_duration(Seconds{view.mx.proposed->ttl_s})),
           .want = fmt::format("a TTL as long as the MX's, unless {} is to move soon", host.name.to_string()),
           .fix = fmt::format("{}. {} IN {} {}", host.name.to_string(), view.mx.proposed->ttl_s, type,
                              dns::data_to_string(set->proposed->records.front())),
           .about = About{set->name, set->type, std::nullopt}});
    }
  }
}
}  // namespace

const ChangeCheck host_ttl_below_mx{.about = {.id = "change.host-ttl-below-mx",
                                              .number = 115,
                                              .title = "Addresses of MX hosts live as long as the MX records",
                                              .ref = ""},
                                    .run = run};

}  // namespace waybill::check::change
