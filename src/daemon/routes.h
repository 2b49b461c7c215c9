// routes.h: the configuration's routes as the planner and delivery know them: the table, and what an entry
// adds to its plan (TLS, credentials). The command line uses the same, so that `waybill route` chooses alike.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "deliver/targets.h"
#include "route/table.h"

namespace waybill::daemon {

/// Errors: an entry that the table refuses; it can never be reached, or the configuration's reader and the
/// planner don't agree, which is a bug. Entry::number is the route's place in Config::routes.
[[nodiscard]] Result<route::RouteTable> route_table(const config::Config& config);
/// For the daemon, which must go on: what the table refuses is logged and left out.
[[nodiscard]] route::RouteTable usable_route_table(const config::Config& config);

/// What an entry of the table adds to the plan of its mail.
struct Channel {
  deliver::TlsPolicy tls = deliver::TlsPolicy::opportunistic;
  std::shared_ptr<net::TlsContext> tls_context;
  std::shared_ptr<const deliver::Credentials> credentials;
  std::string site;  ///< what tells its connections from others to the same hosts; empty: nothing
  std::string
      fault;  ///< why its mail must wait: a password file that can't be used, roots that can't be read

  void apply(deliver::Targets& targets) const;
};
/// One for each of Config::routes, in their order. Reads files: not on a loop that moves mail.
[[nodiscard]] std::vector<Channel> read_channels(const config::Config& config);

/// The accounts (deliver::Credentials::account) that they sign in with.
[[nodiscard]] std::set<std::string> accounts_of(const std::vector<Channel>& channels);

/// The password in a file of one line. Errors: it can't be read, it is open to everybody on this machine, or
/// there is no single line of at most 1024 octets without control characters in it. Never quotes what it
/// read.
[[nodiscard]] Result<std::string> read_password(const std::string& path);

/// 550 5.7.1 where the table refuses this recipient's mail; none otherwise.
[[nodiscard]] std::optional<mail::Reply> refused_by_route(const route::RouteTable& table,
                                                          const route::Query& query);

}  // namespace waybill::daemon
