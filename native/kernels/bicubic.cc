#include "bicubic.h"

#include <algorithm>

#include "loops.h"

namespace uflow {
namespace {

// R. Keys, "Cubic convolution interpolation for digital image processing", 1981: the kernel up to distance 1
// and from there to 2.
constexpr double a = -0.75;
double near_kernel(double x) {
  return ((a + 2) * x - (a + 3)) * x * x + 1;
}
double far_kernel(double x) {
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

}  // namespace

CubicTap::CubicTap(std::size_t from, std::size_t to, std::size_t position) {
  const double scale = to > 1 ? static_cast<double>(from - 1) / static_cast<double>(to - 1) : 0;
  const double source = scale * static_cast<double>(position);
  first = std::min(static_cast<std::int32_t>(source), static_cast<std::int32_t>(from - 1));
  const double t = source - first;
  const double exact[] = {far_kernel(t + 1), near_kernel(t), near_kernel(1 - t), far_kernel(2 - t)};
  std::transform(exact, exact + 4, weights.begin(), [](double weight) { return static_cast<float>(weight); });
}

CubicRows::CubicRows(MapView map, Size to)
    : map_(map), to_(to), first_(to.width), weights_(4 * to.width), padded_(map.size.width + 3) {
  for (std::size_t x = 0; x < to.width; x++) {
    const CubicTap tap(map.size.width, to.width, x);
    first_[x] = tap.first;
    for (std::size_t k = 0; k < 4; k++) weights_[k * to.width + x] = tap.weights[k];
  }
  for (auto& row : kept_) row.resize(to.width);
  kept_row_.fill(-1);
}

CubicRows::Blend CubicRows::row(std::size_t y) {
  const CubicTap tap(map_.size.height, to_.height, y);
  const auto last = static_cast<std::int32_t>(map_.size.height - 1);
  Blend blend{{}, tap.weights};
  for (std::int32_t k = 0; k < 4; k++) {
    blend.rows[static_cast<std::size_t>(k)] = widened(std::clamp(tap.first - 1 + k, 0, last));
  }
  return blend;
}

const float* CubicRows::widened(std::int32_t y) {
  const auto place = static_cast<std::size_t>(y % 4);
  float* kept = kept_[place].data();
  if (kept_row_[place] == y) return kept;
  kept_row_[place] = y;
  const std::size_t width = map_.size.width;
  const float* row = map_.data + static_cast<std::size_t>(y) * width;
  padded_[0] = row[0];
  std::copy_n(row, width, padded_.begin() + 1);
  padded_[width + 1] = padded_[width + 2] = row[width - 1];
  loops().widen_cubic(padded_.data(), first_.data(), weights_.data(), to_.width, kept);
  return kept;
}

}  // namespace uflow
