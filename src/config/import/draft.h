// draft.h: a configuration that is being gathered from another system's files, each value with its origin,
// and its text as TOML. Written so that parse() takes it: what it does not take is commented out and told.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/import/import.h"

namespace waybill::config::moving {

/// One key of a plain section; `section` is "" for the top.
struct Setting {
  std::string section, key;
  std::string literal;  ///< TOML
  Origin origin;
};

/// An item of a list, on a line of its own.
struct Item {
  std::string literal;
  Origin origin;
};

struct DraftAlias {
  std::vector<std::string> to;
  Origin origin;
};

struct DraftDomain {
  DomainRole role = DomainRole::primary;
  std::vector<Origin> origins;
  std::string mailboxes;       ///< primary; empty: the default
  bool own_directory = false;  ///< an LMTP server that knows its users: no list of them is needed
  std::set<std::string> users;
  bool users_listed = false;  ///< relay and backup: `users` is all there are
  std::map<std::string, DraftAlias> aliases;
  std::vector<std::string> catch_all;
  std::optional<Origin> catch_all_origin;
  std::optional<std::string> delimiter;
  std::vector<std::string> remarks;
};

struct DraftRoute {
  std::string via;  ///< TOML
  std::string auth_user;
  std::string tls;  ///< "encrypt", "verify" or nothing
  std::vector<Origin> origins;
};

class Draft {
 public:
  /// `system`: "Postfix", "sendmail"; `from`: the folder or files.
  Draft(std::string system, std::string from) : system_(std::move(system)), from_(std::move(from)) {}

  void set(std::string section, std::string key, std::string literal, Origin origin);
  void leave(Origin origin, std::string why, Weight weight = Weight::other);
  DraftDomain& domain(const mail::Domain& name, Origin origin);
  [[nodiscard]] DraftDomain* find_domain(const std::string& name);
  /// The first route of a pattern stays.
  [[nodiscard]] DraftRoute& route(const std::string& pattern, Origin origin);

  std::map<std::string, DraftDomain> domains;
  std::map<std::string, DraftRoute> routes;
  /// Absent: the original does not say, and the default stands. Empty: nobody.
  std::optional<std::vector<Item>> trusted_networks;
  struct DraftListener {
    std::string address, role;
    Origin origin;
  };
  std::vector<DraftListener> listeners;

  /// The TOML, proved with parse().
  [[nodiscard]] Imported finish();

 private:
  /// What stands or falls together when parse() refuses a part of it.
  struct Block {
    std::vector<std::string> lines;
    std::string name;  ///< `[domain."example.org"]`; empty: each line for itself
    std::vector<Origin> origins;
  };
  [[nodiscard]] std::vector<Block> blocks() const;
  void add_plain(std::vector<Block>& out, const std::string& section) const;
  void add_relay(std::vector<Block>& out) const;
  void add_domain(std::vector<Block>& out, const std::string& name, const DraftDomain& domain) const;
  void add_route(std::vector<Block>& out, const std::string& pattern, const DraftRoute& route) const;
  [[nodiscard]] std::string text_of(const std::vector<Block>& all) const;
  [[nodiscard]] bool take_out(std::vector<Block>& all, const Located& error);

  std::string system_, from_;
  std::vector<Setting> settings_;
  std::vector<NotCarried> not_carried_;
};

/// Whether the section of a domain, or of a route, has a key of that name.
[[nodiscard]] bool domain_has(std::string_view key);
[[nodiscard]] bool route_has(std::string_view key);
/// A user or alias that may stand in the TOML: printable ASCII without space, '@' or '/', 64 octets at most.
[[nodiscard]] bool is_local_name(std::string_view text);
/// "text" as TOML.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace waybill::config::moving
