// virtual_host.h: the servers of a rehearsal: they speak SMTP well enough for our real client, and do at each
// moment what the scenario says. One thread; no clock but the world's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "net/virtual_world.h"
#include "rehearse/recorder.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

/// One host with all its connections.
class VirtualHost {
 public:
  VirtualHost(const Host& host, net::VirtualWorld& world, Steady start, Recorder& recorder)
      : host_(host), world_(world), start_(start), recorder_(recorder) {}

  [[nodiscard]] net::Dialed dial(const IpAddress& ip, const std::shared_ptr<net::VirtualPipe>& pipe);

  // -- for its sessions
  [[nodiscard]] const Host& host() const { return host_; }
  [[nodiscard]] net::VirtualWorld& world() const { return world_; }
  [[nodiscard]] Millis latency() const;  ///< now, from a command to its reply
  [[nodiscard]] Millis elapsed() const { return world_.now() - start_; }
  [[nodiscard]] const Behaviour* active(Behaviour::What what) const;
  [[nodiscard]] const Behaviour* active(Behaviour::What what, Moment moment, std::string_view whom) const;
  /// True while this pair has to wait.
  [[nodiscard]] bool greylisted(const std::string& from, const std::string& to);
  /// More messages in the last second than the scenario lets it take.
  [[nodiscard]] bool too_fast();
  void took(std::vector<std::string> recipients);
  void opened() { ++open_; }
  void closed() { --open_; }
  [[nodiscard]] size_t open() const { return open_; }

 private:
  const Host& host_;
  net::VirtualWorld& world_;
  Steady start_;
  Recorder& recorder_;
  size_t open_ = 0;
  std::map<std::pair<std::string, std::string>, Millis> met_;
  std::deque<Millis> begun_;  ///< messages of the last second
};

}  // namespace waybill::rehearse
