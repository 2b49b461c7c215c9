// caching_resolver.h: remembers answers for as long as their TTL allows (absences too: RFC 2308 5; failures
// for a few seconds: RFC 9520 3.2), in front of any Resolver. resolve() is thread-safe; a remembered answer
// comes at once on the caller's thread, under a short lock of one of sixteen shards. Bounded in entries and
// octets: the least recently used goes first. What has TTL 0, or no SOA to bound an absence, is never kept.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "dns/resolver.h"

namespace waybill::resolve {

struct CacheOptions {
  size_t entries_max = 100'000;
  size_t octets_max = size_t{128} << 20;
  Seconds failure_ttl{5};  ///< kept within 1 s to 5 min
  Seconds ttl_max{86'400};
  std::vector<dns::Type> not_kept;  ///< passed through, never remembered
  std::function<void()> flush_below;  ///< called on each flush: the inner resolver's own memory; thread-safe
};

struct CacheEntry {
  dns::Question question;
  dns::Answer answer;  ///< ttl_s: what is left
};

struct CacheCounts {
  uint64_t hits = 0;
  uint64_t misses = 0;
  size_t entries = 0;  ///< that are still good for an answer
  size_t octets = 0;   ///< of all that is held, estimated
};

class CachingResolver final : public dns::Resolver {
 public:
  /// `clock` must outlive it.
  CachingResolver(std::unique_ptr<dns::Resolver> inner, const Clock& clock, CacheOptions options = {});
  ~CachingResolver() override;

  void resolve(const dns::Question& question, Done done) override;

  /// What it remembers, by name and type; at most `entries_max`.
  [[nodiscard]] std::vector<CacheEntry> list(size_t entries_max = SIZE_MAX) const;
  /// Forgets this name and those below it, or everything; returns how many answers went that were still good.
  /// What is below the cache is told to forget as well (CacheOptions::flush_below).
  size_t flush(const std::optional<dns::Name>& name);
  [[nodiscard]] CacheCounts counts() const;

 private:
  struct Shards;
  std::shared_ptr<Shards> shards_;        ///< shared with questions under way
  std::unique_ptr<dns::Resolver> inner_;  ///< ends first
};

}  // namespace waybill::resolve
