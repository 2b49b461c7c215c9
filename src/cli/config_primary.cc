#include "cli/config_primary.h"

#include "daemon/lab.h"
#include "daemon/own_self.h"
#include "daemon/primary_places.h"
#include "route/gather.h"

namespace waybill::cli {
namespace {
using daemon::PrimaryPlace;
using State = PrimaryPlace::State;

std::string_view id_of(State state) {
  switch (state) {
    case State::elsewhere:
      return "config.primary-mx-elsewhere";
    case State::null_mx:
      return "config.primary-null-mx";
    case State::absent:
      return "config.primary-no-mx";
    case State::here:
    case State::unknown:
      break;
  }
  return "config.primary-unknown";
}

ConfigFinding finding(const config::Config& config, const std::string& file, const config::Domain& domain,
                      const PrimaryPlace& place) {
  ConfigFinding out;
  out.id = id_of(place.state);
  const bool fault = place.state == State::elsewhere || place.state == State::null_mx;
  out.level = fault ? Level::warning : Level::notice;
  out.subject = fmt::format("domain.\"{}\"", domain.name.text());
  out.message = place.why;
  out.fix = place.fix;
  out.file = file;
  const config::Where at = config.positions.find(out.subject);
  out.line = at.line;
  out.column = at.column;
  return out;
}
}  // namespace

std::vector<ConfigFinding> check_primaries(const config::Config& config, const std::string& file,
                                           dns::Resolver& resolver) {
  std::vector<ConfigFinding> out;
  std::vector<Endpoint> listening;
  for (const config::Listener& listener : config.listeners) listening.push_back(listener.address);
  const route::Self self = daemon::own_self(config, listening);
  const daemon::Lab lab(config, daemon::read_overlay(config.dns.zones));
  size_t asked = 0;
  size_t silences = 0;
  for (const config::Domain& domain : config.domains) {
    if (!daemon::expects_mx_here(domain)) continue;
    if (asked++ == kPrimariesMax || silences == kPrimarySilencesMax) {
      const std::string why = fmt::format(
          "whether its MX records name this host was not asked, nor of the domains "
          "behind it: {}",
          silences == kPrimarySilencesMax ? "the DNS did not tell of those before it"
                                          : "there are many; the running daemon asks of all, see its log");
      out.push_back(finding(config, file, domain, {State::unknown, why, {}}));
      break;
    }
    const route::Plan plan =
        route::gather_blocking(daemon::primary_request(config, domain.name, self, lab), resolver);
    const PrimaryPlace place = daemon::primary_place(domain.name, plan, config.hostname);
    silences = place.state == State::unknown ? silences + 1 : 0;
    if (place.state != State::here) out.push_back(finding(config, file, domain, place));
  }
  return out;
}

}  // namespace waybill::cli
