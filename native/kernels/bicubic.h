// Bicubic resizing of a small map, the centres of the corner pixels aligned: PyTorch's `align_corners=true`,
// A = −0.75, positions beyond the edge taken from the edge. Rows are first widened, each once; a row of the
// result is then a blend of four widened rows, which is left to the caller.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "views.h"

namespace uflow {

// Where an output position takes its four inputs, first − 1 … first + 2, and their weights (computed in
// double, as by the reference).
struct CubicTap {
  CubicTap(std::size_t from, std::size_t to, std::size_t position);

  std::int32_t first;
  std::array<float, 4> weights;
};

class CubicRows {
 public:
  // The map must stay where it is until the last row is read.
  CubicRows(MapView map, Size to);

  // Row y of the result is Σ weights[k]·rows[k], all of the new width. To be called for y = 0, 1, 2, …
  // O(width).
  struct Blend {
    std::array<const float*, 4> rows;
    std::array<float, 4> weights;
  };
  Blend row(std::size_t y);

 private:
  const float* widened(std::int32_t y);

  MapView map_;
  Size to_;
  std::vector<std::int32_t> first_;
  std::vector<float> weights_;              // 4 × to.width
  std::vector<float> padded_;               // a row of the map with one pixel more before it and two after it
  std::array<std::vector<float>, 4> kept_;  // the four rows that were widened last, at y modulo 4
  std::array<std::int32_t, 4> kept_row_;
};

}  // namespace uflow
