// stack.h: the resolver that the daemon and every verb use: overlay, over cache, over libunbound.
#pragma once

#include <memory>
#include <vector>

#include "resolve/caching_resolver.h"
#include "resolve/options.h"
#include "resolve/overlay_resolver.h"

namespace waybill::resolve {

/// The whole stack, thread-safe like its parts. Destroy it only when nobody calls it any more; questions that
/// wait are then ended as failed.
class Stack final : public dns::Resolver {
 public:
  void resolve(const dns::Question& question, Done done) override {
    top_->resolve(question, std::move(done));
  }
  /// To list and flush; lives as long as the stack.
  [[nodiscard]] CachingResolver& cache() { return *cache_; }
  /// Notices of the overlay's zone files.
  [[nodiscard]] const std::vector<dns::ZoneError>& notices() const { return notices_; }

 private:
  friend Result<std::unique_ptr<Stack>> make_stack(Options options, const Clock& clock);
  Stack() = default;
  std::unique_ptr<dns::Resolver> top_;
  CachingResolver* cache_ = nullptr;
  std::vector<dns::ZoneError> notices_;
};

/// Errors: a zone file (all its errors, located, one a line), no servers to forward to, a bad trust anchor.
[[nodiscard]] Result<std::unique_ptr<Stack>> make_stack(Options options, const Clock& clock);
[[nodiscard]] Result<std::unique_ptr<dns::Resolver>> make_resolver(Options options, const Clock& clock);

}  // namespace waybill::resolve
