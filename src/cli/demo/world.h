// world.h: the demo's internet: which hosts there are, their configurations, and the zone that names them.
// Everything lives under one temporary folder, on loopback addresses and one unprivileged port each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "cli/demo/process.h"

namespace waybill::cli::demo {

/// A mail host: one `waybill serve` process.
struct Host {
  std::string name;   ///< "mx1.city.test"
  std::string place;  ///< for the story: "primary", "backup", …
  IpAddress ip;
  std::string config;  ///< path of its waybill.toml
  std::string folder;
  std::string domain;  ///< whose mailboxes it has; empty: none
  Process process;

  [[nodiscard]] std::string control_socket() const { return folder + "/control.sock"; }
  [[nodiscard]] std::string log_file() const { return folder + "/log"; }
};

class World {
 public:
  /// Writes all files. Finds a port that is free on every address. Errors: io, busy.
  [[nodiscard]] static Result<World> create();
  /// Ends every process; removes the folder unless its files are kept.
  ~World();
  World(World&&) noexcept;
  World& operator=(World&&) = delete;

  /// The name server first, then all hosts; returns once every one of them answers. Errors: timeout, io.
  [[nodiscard]] Status start_all(Millis patience);
  [[nodiscard]] Status start(const std::string& host, Millis patience);
  [[nodiscard]] Host& host(const std::string& name) { return hosts_.at(name); }
  [[nodiscard]] std::map<std::string, Host>& hosts() { return hosts_; }
  [[nodiscard]] const std::map<std::string, Host>& hosts() const { return hosts_; }
  [[nodiscard]] Endpoint smtp(const std::string& name) const { return {hosts_.at(name).ip, port_}; }
  [[nodiscard]] Endpoint dns() const { return dns_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const std::string& zone_file() const { return zone_file_; }
  /// Messages in the Maildirs of one host, by recipient domain's folder. Errors: none, absent counts as 0.
  [[nodiscard]] size_t mailbox_count(const std::string& host) const;
  /// After a failure: the processes end, the files stay to be read.
  void keep_files() { kept_ = true; }

 private:
  World() = default;
  [[nodiscard]] Status write_files();
  [[nodiscard]] Status start_dns(Millis patience);

  std::string folder_;
  std::string zone_file_;
  Endpoint dns_;
  uint16_t port_ = 0;
  std::map<std::string, Host> hosts_;
  Process name_server_;
  bool kept_ = false;
};

}  // namespace waybill::cli::demo
