#include "box_mean.h"

#include <algorithm>

namespace uflow {
namespace {

// Of the pixels around place `i` of `length`: the first, and one behind the last.
struct Around {
  Around(std::size_t i, std::size_t radius, std::size_t length)
      : begin(i - std::min(i, radius)), end(std::min(length, i + radius + 1)) {}

  std::size_t begin;
  std::size_t end;

  std::size_t count() const { return end - begin; }
};

}  // namespace

void box_mean(std::span<float> map, Size size, std::size_t side, std::vector<float>& workspace) {
  if (side <= 1) return;
  const auto [width, height] = size;
  const std::size_t radius = side / 2;
  workspace.resize(map.size());
  for (std::size_t y = 0; y < height; y++) {
    const float* row = map.data() + y * width;
    for (std::size_t x = 0; x < width; x++) {
      const Around columns(x, radius, width);
      float sum = 0;
      for (std::size_t i = columns.begin; i < columns.end; i++) sum += row[i];
      workspace[y * width + x] = sum / static_cast<float>(columns.count());
    }
  }
  for (std::size_t y = 0; y < height; y++) {
    const Around rows(y, radius, height);
    float* out = map.data() + y * width;
    std::fill_n(out, width, 0.0f);
    for (std::size_t i = rows.begin; i < rows.end; i++) {
      const float* from = workspace.data() + i * width;
      for (std::size_t x = 0; x < width; x++) out[x] += from[x] / static_cast<float>(rows.count());
    }
  }
}

}  // namespace uflow
