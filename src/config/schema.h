// schema.h: every key of the configuration, once: its name, kind, place in the struct and one line of
// explanation. The parser, the commented default, "did you mean" and the manual's test all walk these
// tables, so a new key is one line here (HACKING.md) and one member in config.h.
// Internal to config/, but for documented_keys().
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace toml {
inline namespace v3 {
class node;
}
}  // namespace toml

namespace waybill::config {

struct Scope;

template <class S>
struct Key {
  std::string_view name;
  std::string type;
  std::string_view doc;
  std::function<void(const Scope&, const toml::node&, S&)> read;
  std::function<std::string(const S&)> show;
};

template <class S>
struct Section {
  std::string_view name;  ///< "limits"; "" for the top
  std::string_view doc;
  std::vector<Key<S>> keys;
};

[[nodiscard]] const Section<Config>& top_section();
[[nodiscard]] const Section<Log>& log_section();
[[nodiscard]] const Section<Dns>& dns_section();
[[nodiscard]] const Section<TlsFiles>& tls_section();
[[nodiscard]] const Section<Listener>& listener_section();
[[nodiscard]] const Section<Limits>& limits_section();
[[nodiscard]] const Section<Relay>& relay_section();
[[nodiscard]] const Section<Domain>& domain_section();
[[nodiscard]] const Section<Route>& route_section();
[[nodiscard]] const Section<Deliver>& deliver_section();
[[nodiscard]] const Section<Queue>& queue_section();
[[nodiscard]] const Section<Overload>& overload_section();  ///< schema_overload.cc
[[nodiscard]] const Section<Bounce>& bounce_section();
[[nodiscard]] const Section<Callout>& callout_section();
[[nodiscard]] const Section<Srs>& srs_section();
[[nodiscard]] const Section<Http>& http_section();
[[nodiscard]] const Section<Control>& control_section();

/// Calls f(section, member of Config) for each plain [section], in the order of the file.
template <class F>
void for_each_plain_section(F&& f) {
  f(log_section(), &Config::log);
  f(dns_section(), &Config::dns);
  f(tls_section(), &Config::tls);
  f(limits_section(), &Config::limits);
  f(relay_section(), &Config::relay);
  f(deliver_section(), &Config::deliver);
  f(queue_section(), &Config::queue);
  f(overload_section(), &Config::overload);
  f(bounce_section(), &Config::bounce);
  f(callout_section(), &Config::callout);
  f(srs_section(), &Config::srs);
  f(http_section(), &Config::http);
  f(control_section(), &Config::control);
}

/// One key as the manual shows it.
struct DocumentedKey {
  std::string section;  ///< "", "[limits]", "[[listener]]", "[domain.\"NAME\"]"
  std::string name;
  std::string type;
  std::string default_value;  ///< as TOML; that of the machine's name is "the machine's name"
  std::string doc;
};
[[nodiscard]] std::vector<DocumentedKey> documented_keys();

}  // namespace waybill::config
