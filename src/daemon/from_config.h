// from_config.h: the configuration in the words of each room. Pure.
#pragma once

#include <memory>

#include "config/config.h"
#include "config/recipients.h"
#include "deliver/settings.h"
#include "handover/backscatter.h"
#include "policy/relay_rules.h"
#include "queue/schedule.h"
#include "queue/scheduler.h"
#include "receive/registry.h"
#include "receive/settings.h"
#include "resolve/options.h"

namespace waybill::daemon {

[[nodiscard]] resolve::Options resolver_options(const config::Config& config);
[[nodiscard]] deliver::Settings delivery_settings(const config::Config& config);
[[nodiscard]] queue::Schedule retry_schedule(const config::Config& config);
[[nodiscard]] queue::SchedulerLimits scheduler_limits(const config::Config& config);
/// What a primary refuses of a stranger's mail that we took as its backup, unless bounce_refused says
/// otherwise.
[[nodiscard]] handover::Quiet quiet_backups(std::shared_ptr<const config::Config> config);
[[nodiscard]] receive::SessionLimits session_limits(const config::Config& config);
/// Errors: trusted networks that would make an open relay.
[[nodiscard]] Result<policy::RelayRules> relay_rules(const config::Config& config,
                                                     const config::Recipients& listed);
/// What a message is held to, however it comes in; the same in every listener's settings.
[[nodiscard]] receive::Settings message_settings(const config::Config& config);
/// `tls`: made of the listener's certificate; null: it has none.
[[nodiscard]] std::shared_ptr<const receive::Settings> listener_settings(
    const config::Config& config, const config::Listener& listener, std::shared_ptr<net::TlsContext> tls);

}  // namespace waybill::daemon
