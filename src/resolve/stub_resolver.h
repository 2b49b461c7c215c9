// stub_resolver.h: a lean DNS client for millions of lookups: asks the given servers directly, over UDP in
// batches, over TCP where an answer does not fit. resolve() is thread-safe; `done` runs on the client's own
// thread and must be short. Validates nothing: its answers are never `secure`, and a forged one that a server
// lets through is not noticed; what validates is UnboundResolver. Every question ends within
// StubOptions::timeout; the destructor fails those that wait. Never says absent for SERVFAIL, REFUSED, a
// referral, silence or nonsense (RFC 5321 5.1; docs/dns-discipline.md).
#pragma once

#include <memory>

#include "dns/resolver.h"
#include "resolve/caching_resolver.h"
#include "resolve/options.h"
#include "resolve/overlay_resolver.h"
#include "resolve/stub_exchange.h"

namespace waybill::resolve {

class StubResolver final : public dns::Resolver {
 public:
  /// Errors: no server, no descriptors, no thread.
  [[nodiscard]] static Result<std::unique_ptr<StubResolver>> open(StubOptions options);
  ~StubResolver() override;
  StubResolver(const StubResolver&) = delete;
  StubResolver& operator=(const StubResolver&) = delete;

  void resolve(const dns::Question& question, Done done) override;
  /// As of a moment ago. Thread-safe.
  [[nodiscard]] StubCounts counts() const;

  struct Impl;

 private:
  explicit StubResolver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Overlay, over a cache of the answers that many domains share (addresses and reverse names; never MX), over
/// a StubResolver.
class DirectStack final : public dns::Resolver {
 public:
  void resolve(const dns::Question& question, Done done) override {
    top_->resolve(question, std::move(done));
  }
  [[nodiscard]] StubCounts counts() const { return stub_->counts(); }

 private:
  friend Result<std::unique_ptr<DirectStack>> make_direct_stack(const Options&, StubOptions, const Clock&);
  DirectStack() = default;
  std::unique_ptr<dns::Resolver> top_;
  StubResolver* stub_ = nullptr;
};

/// `how`'s servers (none: those of /etc/resolv.conf), zones, timeout and cache size; the rest of `stub`.
/// `clock` must outlive it. Errors: as StubResolver::open(), a zone file.
[[nodiscard]] Result<std::unique_ptr<DirectStack>> make_direct_stack(const Options& how, StubOptions stub,
                                                                     const Clock& clock);

}  // namespace waybill::resolve
