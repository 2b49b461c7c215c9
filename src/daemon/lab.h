// lab.h: for whose mail a loopback address is a host like any other, and the overlay zones that this hangs
// on. A foreign domain whose MX points to loopback is an attack on what listens on this machine; in a lab it
// is where the other hosts live.
//
// Thread rule: values. read_overlay() reads files: not on a loop that moves mail.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "dns/name.h"
#include "route/request.h"

namespace waybill::daemon {

/// What `[dns] zones` held when it was read.
struct Overlay {
  std::vector<dns::Name> origins;
  /// Of all records and errors, by which a reload knows whether the files say something else. No proof against forgery:
  /// the files are the operator's.
  uint64_t digest = 0;
  bool operator==(const Overlay&) const = default;
};
/// Files that can't be read add nothing: the resolver, which reads them too, says what is wrong with them.
[[nodiscard]] Overlay read_overlay(const std::vector<std::string>& zones);

class Lab {
 public:
  Lab() = default;  ///< none: loopback is refused for every domain
  /// Everything is a lab where mail goes to a port other than 25, or where the DNS comes from servers on
  /// loopback whose port is not 53: no router in earnest has either. An overlay zone makes a lab only of the
  /// domains within it, for there the operator says himself where their mail goes; an overlay of the root is
  /// one of everything.
  Lab(uint16_t deliver_port, const std::vector<Endpoint>& servers, Overlay overlay);
  Lab(const config::Config& config, Overlay overlay);

  [[nodiscard]] route::Reserved reserved(const mail::Domain& domain) const;

 private:
  bool everywhere_ = false;
  std::vector<dns::Name> zones_;
};

}  // namespace waybill::daemon
