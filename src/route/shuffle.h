// shuffle.h: an unbiased, replayable order of equals (RFC 5321 5.1: "must randomize them"). Not for secrets.
// Our own, because the standard leaves both std::shuffle's and the distributions' results to the library: a
// plan replayed from its seed must be the same plan everywhere.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace waybill::route {

/// splitmix64 (Steele, Lea, Flood 2014): every seed is a good one, neighbours included.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  [[nodiscard]] uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// Evenly from 0 to bound - 1. REQUIRES: bound > 0.
  [[nodiscard]] uint64_t below(uint64_t bound) {
    // What lies past the last whole multiple of `bound` is drawn again: a plain remainder would favour the
    // small.
    const uint64_t rest = (UINT64_MAX % bound + 1) % bound;
    uint64_t value = next();
    while (value > UINT64_MAX - rest) value = next();
    return value % bound;
  }

 private:
  uint64_t state_;
};

/// Fisher and Yates: each of the n! orders is equally likely.
template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[random.below(left)]);
}

}  // namespace waybill::route
