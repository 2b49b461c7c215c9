// overlay_resolver.h: answers names of the given zones from files, and everything else through another
// Resolver: what
// `--zone FILE` and `[dns] zones` are made of. CNAMEs that leave the zones, and delegations out of them, go
// on through the inner resolver. Thread-safe; overlay answers come at once, on the caller's thread. A name
// within a zone that the file does not have is NXDOMAIN: it never falls through to the network.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "dns/zone.h"

namespace waybill::resolve {

class OverlayResolver final : public dns::Resolver {
 public:
  OverlayResolver(dns::ZoneSet zones, std::unique_ptr<dns::Resolver> inner);
  void resolve(const dns::Question& question, Done done) override;
  [[nodiscard]] const dns::ZoneSet& zones() const { return *zones_; }

 private:
  std::shared_ptr<const dns::ZoneSet> zones_;
  std::unique_ptr<dns::Resolver> inner_;
};

struct LoadedZones {
  dns::ZoneSet zones;
  std::vector<dns::ZoneError> notices;  ///< worth saying, not in the way
};

/// Reads the files as overlay data: no SOA needed, a missing TTL is 1 h. Errors: all of them, each with its
/// place, one a line; then nothing is loaded.
[[nodiscard]] Result<LoadedZones> load_zones(const std::vector<std::string>& files);

}  // namespace waybill::resolve
