// unbound_resolver.h: asks the network, through libunbound's event API on a thread of its own: recursive or
// forwarding, validating. resolve() is thread-safe: it puts the question into a queue and wakes that thread;
// no lock is held while anything resolves. `done` runs on the resolver's thread and must be short. Equal
// questions under way are asked once. Every question ends within Options::timeout; the destructor ends those
// that wait as failed. Never says absent for SERVFAIL, REFUSED, silence or nonsense (RFC 5321 5.1;
// docs/dns-discipline.md).
#pragma once

#include <memory>

#include "dns/resolver.h"
#include "resolve/options.h"

namespace waybill::resolve {

class UnboundResolver final : public dns::Resolver {
 public:
  /// Errors: no servers to forward to, a bad trust anchor, no descriptors.
  [[nodiscard]] static Result<std::unique_ptr<UnboundResolver>> open(Options options);
  ~UnboundResolver() override;
  UnboundResolver(const UnboundResolver&) = delete;
  UnboundResolver& operator=(const UnboundResolver&) = delete;

  void resolve(const dns::Question& question, Done done) override;
  /// Questions asked from now on meet none of libunbound's memory: answers, delegations, keys, server
  /// timings. It cannot forget, so it is begun anew; those under way end where they began. Thread-safe.
  void forget();

  struct Impl;

 private:
  explicit UnboundResolver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::resolve
