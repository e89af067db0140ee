// Bilinear resizing of a small map, pixel centres aligned (not corners): PyTorch's `align_corners=false`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "../kernels/views.h"

namespace uflow::plain {

// Where each output position of one axis takes its two inputs, and the weight of the second.
class BilinearAxis {
 public:
  struct Tap {
    std::size_t first;
    std::size_t second;
    float weight;
  };

  // Single precision, as the reference computes positions.
  BilinearAxis(std::size_t from, std::size_t to) : taps_(to) {
    const float scale = static_cast<float>(from) / static_cast<float>(to);
    for (std::size_t i = 0; i < to; i++) {
      const float position = std::max(scale * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
      const auto first = std::min(static_cast<std::size_t>(position), from - 1);
      const auto second = std::min(first + 1, from - 1);
      taps_[i] = {first, second, position - static_cast<float>(first)};
    }
  }

  const Tap& operator[](std::size_t i) const { return taps_[i]; }

 private:
  std::vector<Tap> taps_;
};

// Calls visit(index, value) for every pixel of the resized map, in order; nothing of output size is stored.
template <typename Visit>
void upsample(MapView map, Size to, Visit visit) {
  const BilinearAxis rows(map.size.height, to.height);
  const BilinearAxis columns(map.size.width, to.width);
  std::size_t index = 0;
  for (std::size_t y = 0; y < to.height; y++) {
    const auto& row = rows[y];
    const float* upper = map.data + row.first * map.size.width;
    const float* lower = map.data + row.second * map.size.width;
    for (std::size_t x = 0; x < to.width; x++) {
      const auto& column = columns[x];
      const float left = 1 - column.weight;
      const float above = left * upper[column.first] + column.weight * upper[column.second];
      const float below = left * lower[column.first] + column.weight * lower[column.second];
      visit(index++, (1 - row.weight) * above + row.weight * below);
    }
  }
}

}  // namespace uflow::plain
