// A host that is called a backup and is tried before the others takes all mail, all the time.
#include <algorithm>

#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
/// Only the name tells, so only names that tell clearly.
bool is_called_backup(const dns::Name& host) {
  const std::string text = host.to_string();
  const std::string_view label = std::string_view(text).substr(0, text.find('.'));
  constexpr std::array<std::string_view, 5> kWords{"backup", "fallback", "secondary", "standby", "spare"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return label.find(word) != std::string_view::npos; });
}

void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, set] : zone.sets()) {
    if (key.type != dns::Type::mx) continue;
    std::vector<std::pair<const dns::Mx*, const dns::ZoneRecord*>> hosts;
    for (const dns::ZoneRecord* each : set) hosts.emplace_back(&std::get<dns::Mx>(each->record.data), each);
    const auto preference = [](const auto& host) { return host.first->preference; };
    const auto& [best, record] = *std::ranges::min_element(hosts, {}, preference);
    if (!is_called_backup(best->exchange)) continue;
    const auto worse = std::ranges::find_if(hosts, [&](const auto& host) {
      return preference(host) > best->preference && !is_called_backup(host.first->exchange);
    });
    if (worse == hosts.end()) continue;
    report.warning(
        *record,
        {.subject = best->exchange.to_string(),
         .got = fmt::format("a backup by its name, preferred (MX {}) to {} (MX {})", best->preference,
                            worse->first->exchange.to_string(), worse->first->preference),
         .want = "the lowest number at the host that is to take the mail",
         .fix = fmt::format("{}. MX {} {}.   a number above the others'", key.owner.to_string(),
                            std::ranges::max(hosts, {}, preference).first->preference / 10 * 10 + 10,
                            best->exchange.to_string())},
        ZoneReport::At::target);
  }
}
}  // namespace

const ZoneCheck backup_first{.id = "zone.backup-first",
                             .title = "No host that is called a backup is preferred to the others",
                             .ref = "RFC 5321 5.1",
                             .run = run};

}  // namespace waybill::check::zone
