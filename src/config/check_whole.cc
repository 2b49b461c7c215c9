// check_whole.cc: which values of different sections contradict each other: what only the whole tells.
#include <algorithm>

#include "config/kinds.h"
#include "config/schema.h"

namespace waybill::config {

void check_whole(Reader& reader, Config& config) {
  const auto complain = [&](std::string_view path, std::string message) {
    const Where at = reader.positions().find(path);
    if (reader.errors().size() < kErrorsMax)
      reader.errors().push_back({reader.file(), at.line, at.column, std::move(message)});
  };
  if (config.queue.retry_max < config.queue.retry_first) {
    complain(reader.positions().find("queue.retry_max").line != 0 ? "queue.retry_max" : "queue.retry_first",
             fmt::format("queue.retry_max ({}) is shorter than queue.retry_first ({})",
                         format_duration(config.queue.retry_max), format_duration(config.queue.retry_first)));
  }
  if (config.callout.refresh_after > config.callout.known_for) {
    complain("callout.refresh_after",
             fmt::format(
                 "callout.refresh_after ({}) is longer than callout.known_for ({}): it would never come",
                 format_duration(config.callout.refresh_after), format_duration(config.callout.known_for)));
  }
  if (config.recovery.start_rate > config.recovery.rate_max) {
    complain(reader.positions().find("recovery.start_rate").line != 0 ? "recovery.start_rate"
                                                                      : "recovery.rate_max",
             fmt::format("recovery.start_rate ({:g}/s) is above recovery.rate_max ({:g}/s)",
                         config.recovery.start_rate, config.recovery.rate_max));
  }
  if (config.limits.command_timeout > config.limits.session_deadline) {
    complain("limits.command_timeout",
             "limits.command_timeout is longer than limits.session_deadline: it would never come");
  }
  if (const Overload& o = config.overload;
      o.recover_percent >= o.shed_strangers_percent || o.shed_strangers_percent >= o.shed_everyone_percent) {
    complain("overload",
             fmt::format("overload.recover ({}), shed_strangers ({}) and shed_everyone ({}) must rise "
                         "in this order: between them lies what keeps it from flapping",
                         o.recover_percent, o.shed_strangers_percent, o.shed_everyone_percent));
  }
  for (const Domain& domain : config.domains) {
    if (config.find_policy(domain.policy) != nullptr) continue;
    complain(fmt::format("domain.\"{}\".policy", domain.name.text()),
             fmt::format("there is no [policy.{0}]: write one, or leave policy out for the default",
                         printable(domain.policy, 60)));
  }
  for (const Route& route : config.routes) {
    for (const Via& via : route.via.hosts) {
      // Handing mail to ourselves on the MX port is a loop with extra steps.
      if (via.kind == Via::Kind::mx || via.port.has_value()) continue;
      if (via.host != config.hostname &&
          std::ranges::find(config.self_names, via.host) == config.self_names.end())
        continue;
      complain(route.position + ".via",
               fmt::format("{} is this host itself: mail would go round in a loop", via.host.text()));
    }
  }
}

}  // namespace waybill::config
