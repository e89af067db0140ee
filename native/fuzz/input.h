// The bytes of a fuzzer as shapes and numbers. What has run out reads as zero, so that every input means
// something.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "../kernels/views.h"

namespace uflow::fuzz {

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t byte() {
    if (position_ == bytes_.size()) return 0;
    return bytes_[position_++];
  }

  std::uint32_t bits() {
    std::uint32_t result = 0;
    for (int i = 0; i < 4; i++) result = result << 8 | byte();
    return result;
  }

  // 0 … count − 1; count at most 256.
  std::size_t below(std::size_t count) { return byte() % count; }

  Size size(std::size_t largest_side) { return {1 + below(largest_side), 1 + below(largest_side)}; }

  // Any double, half of the time one that matters.
  double number() {
    static constexpr double hostile[] = {0,      -0.0,  1,    -1,  0.5,
                                         1e-300, 1e300, 1e-9, 1e9, std::numeric_limits<double>::infinity()};
    if (below(2) == 0) return hostile[below(std::size(hostile))];
    const std::uint64_t high = bits();
    return std::bit_cast<double>(high << 32 | bits());
  }

  // A plane of floats; the first byte says of which kind: any bits at all, few levels (ties everywhere),
  // small whole numbers, a ramp, or hostile values.
  std::vector<float> floats(std::size_t count) {
    static constexpr float hostile[] = {0,
                                        -0.0f,
                                        1,
                                        -1,
                                        std::numeric_limits<float>::denorm_min(),
                                        std::numeric_limits<float>::max(),
                                        std::numeric_limits<float>::lowest(),
                                        std::numeric_limits<float>::infinity(),
                                        -std::numeric_limits<float>::infinity(),
                                        std::numeric_limits<float>::quiet_NaN()};
    const std::size_t kind = below(5);
    std::vector<float> result(count);
    for (std::size_t i = 0; i < count; i++) {
      if (kind == 0) result[i] = std::bit_cast<float>(bits());
      if (kind == 1) result[i] = static_cast<float>(below(4));
      if (kind == 2) result[i] = static_cast<float>(byte()) / 8 - 4;
      if (kind == 3) result[i] = static_cast<float>(i);
      if (kind == 4) result[i] = hostile[below(std::size(hostile))];
    }
    return result;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

}  // namespace uflow::fuzz
