// postfix.h: the parts of import_postfix(), each of which carries over some parameters. Internal to import/.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "config/import/draft.h"
#include "config/import/main_cf.h"
#include "config/import/places.h"

namespace waybill::config::moving {

struct PostfixImport {
  const Places& places;
  const MainCf& main;
  Draft& draft;
  std::set<std::string> seen;                ///< parameters that were looked at: the rest is told at the end
  std::map<std::string, Listed> transports;  ///< of transport_maps, by pattern

  /// The expanded value; tells what can't be expanded. Marks the parameter as looked at.
  std::string value(const std::string& name, Weight weight = Weight::decides) {
    seen.insert(name);
    auto text = main.value(name);
    if (text) return std::move(*text);
    draft.leave(main.origin(name), text.error().what, weight);
    return {};
  }
  [[nodiscard]] Origin origin(const std::string& name) const { return main.origin(name); }
};

void carry_settings(PostfixImport& import);    ///< names, limits, times: postfix_settings.cc
void carry_networks(PostfixImport& import);    ///< mynetworks and who may relay: postfix_networks.cc
void carry_listeners(PostfixImport& import);   ///< inet_interfaces and master.cf: postfix_listeners.cc
void read_transports(PostfixImport& import);   ///< postfix_routes.cc
void carry_domains(PostfixImport& import);     ///< postfix_domains.cc
void carry_recipients(PostfixImport& import);  ///< users and aliases: postfix_recipients.cc
void carry_routes(PostfixImport& import);      ///< relayhost and transports: postfix_routes.cc
void tell_rest(PostfixImport& import);         ///< what nothing above has looked at: postfix_rest.cc

/// A network of mynetworks or of an access table, as "192.0.2.0/24"; none: it is none that can be carried.
[[nodiscard]] std::optional<IpNetwork> network_of(std::string_view text);
/// "[host]:587", "host", "host:port" as the `via` of a route. Errors: in words.
[[nodiscard]] Result<std::string> via_of(std::string_view nexthop);
/// Names of people, and root, of a passwd file.
[[nodiscard]] std::set<std::string> people_of(const Found& passwd);
/// Adds a user, or tells why not.
void add_user(Draft& draft, DraftDomain& domain, std::string_view local, const Origin& origin);
/// Adds an alias; a target without a domain is one of `origin_domain`. What pipes, writes or includes files
/// is told.
void add_alias(Draft& draft, DraftDomain& domain, const std::string& local, const std::string& targets,
               const std::string& origin_domain, const Origin& origin);

}  // namespace waybill::config::moving
