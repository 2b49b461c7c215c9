#include "cli/config_backup.h"

#include "daemon/backup_places.h"
#include "daemon/lab.h"
#include "daemon/own_self.h"
#include "route/gather.h"

namespace waybill::cli {
namespace {
using State = daemon::BackupPlace::State;

ConfigFinding finding(const config::Config& config, const std::string& file, const config::Domain& domain,
                      const daemon::BackupPlace& place) {
  ConfigFinding out;
  const bool misplaced = place.state == State::misplaced;
  out.id = misplaced ? "config.backup-misplaced" : "config.backup-unknown";
  out.level = misplaced ? Level::error : Level::notice;
  out.subject = fmt::format("domain.\"{}\"", domain.name.text());
  out.message = misplaced ? fmt::format("its mail would wait here until this is repaired: {}", place.why)
                          : fmt::format("not checked: {}", place.why);
  out.file = file;
  const config::Where at = config.positions.find(out.subject);
  out.line = at.line;
  out.column = at.column;
  return out;
}
}  // namespace

std::vector<ConfigFinding> check_backups(const config::Config& config, const std::string& file,
                                         dns::Resolver& resolver) {
  std::vector<ConfigFinding> out;
  std::vector<Endpoint> listening;
  for (const config::Listener& listener : config.listeners) listening.push_back(listener.address);
  const route::Self self = daemon::own_self(config, listening);
  const daemon::Lab lab(config, daemon::read_overlay(config.dns.zones));
  size_t silences = 0;
  for (const config::Domain& domain : config.domains) {
    if (domain.role != config::DomainRole::backup) continue;
    if (silences == kSilencesMax) {
      out.push_back(
          finding(config, file, domain, {State::unknown, "the DNS did not tell of the domains before it"}));
      continue;
    }
    route::Request request;
    request.domain = domain.name;
    request.self = self;
    request.role = route::Role::backup;
    request.options.port = config.deliver.port;
    request.options.reserved = lab.reserved(domain.name);
    const daemon::BackupPlace place = daemon::place_of(route::gather_blocking(request, resolver));
    silences = place.state == State::unknown ? silences + 1 : 0;
    if (place.state != State::good) out.push_back(finding(config, file, domain, place));
  }
  return out;
}

}  // namespace waybill::cli
