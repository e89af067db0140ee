// Random and hostile inputs for the tests; the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "../kernels/views.h"

namespace uflow::test {

class Random {
 public:
  explicit Random(std::uint32_t seed) : state_(seed) {}

  // mulberry32, Tommy Ettinger's public-domain generator.
  std::uint32_t bits() {
    state_ += 0x6d2b79f5u;
    std::uint32_t t = state_;
    t = (t ^ (t >> 15)) * (t | 1);
    t ^= t + (t ^ (t >> 7)) * (t | 61);
    return t ^ (t >> 14);
  }

  double uniform() { return bits() / 4294967296.0; }
  std::size_t below(std::size_t count) { return bits() % count; }

 private:
  std::uint32_t state_;
};

struct Map {
  Size size;
  std::vector<float> data;

  MapView view() const { return {data.data(), size}; }
  EnergyView energy(std::size_t channels) const { return {data.data(), channels, size}; }
};

// Sizes from 1 × 1 up. Kinds: smooth noise, few levels (ties everywhere), constant, ramps, denormals, huge
// values.
inline Map random_map(Random& random, std::size_t largest_side) {
  Map map{{1 + random.below(largest_side), 1 + random.below(largest_side)}, {}};
  const std::size_t kind = random.below(6);
  for (std::size_t i = 0; i < map.size.pixels(); i++) {
    const double u = random.uniform();
    switch (kind) {
      case 0:
        map.data.push_back(static_cast<float>(20 * u * u));
        break;
      case 1:
        map.data.push_back(static_cast<float>(std::floor(4 * u)));
        break;
      case 2:
        map.data.push_back(3);
        break;
      case 3:
        map.data.push_back(static_cast<float>(i));
        break;
      case 4:
        map.data.push_back(static_cast<float>(std::floor(3 * u)) * std::numeric_limits<float>::denorm_min());
        break;
      default:
        map.data.push_back(static_cast<float>(u) * std::numeric_limits<float>::max());
        break;
    }
  }
  return map;
}

}  // namespace uflow::test
