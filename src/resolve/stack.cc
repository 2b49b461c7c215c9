#include "resolve/stack.h"

#include "resolve/unbound_resolver.h"

namespace waybill::resolve {

Result<std::unique_ptr<Stack>> make_stack(Options options, const Clock& clock) {
  auto zones = load_zones(options.zones);
  if (!zones) return std::unexpected(zones.error());
  auto network = UnboundResolver::open(options);
  if (!network) return std::unexpected(network.error());
  UnboundResolver* const below = network->get();  // lives as long as the cache that owns it
  auto cache = std::make_unique<CachingResolver>(std::move(*network), clock,
                                                 CacheOptions{.entries_max = options.cache_entries_max,
                                                              .failure_ttl = options.failure_ttl,
                                                              .flush_below = [below] { below->forget(); }});
  std::unique_ptr<Stack> stack(new Stack);
  stack->cache_ = cache.get();
  stack->notices_ = std::move(zones->notices);
  if (zones->zones.empty()) {
    stack->top_ = std::move(cache);
  } else {
    stack->top_ = std::make_unique<OverlayResolver>(std::move(zones->zones), std::move(cache));
  }
  return stack;
}

Result<std::unique_ptr<dns::Resolver>> make_resolver(Options options, const Clock& clock) {
  auto stack = make_stack(std::move(options), clock);
  if (!stack) return std::unexpected(stack.error());
  return std::unique_ptr<dns::Resolver>(std::move(*stack));
}

}  // namespace waybill::resolve
