// Bilinear resizing of a small map, pixel centres aligned (not corners): PyTorch's `align_corners=false`.
// Rows of the map are first widened to the new width, each once; a row of the result is then a blend of two
// widened rows, which is left to the caller so that nothing of output size is stored between.
#pragma once

#include <cstdint>
#include <vector>

#include "views.h"

namespace uflow {

// Where each output position of one axis takes its two inputs, and the weight of the second.
class BilinearAxis {
 public:
  // Single precision, as the reference computes positions. Keeps its memory from one size to the next.
  void fit(std::size_t from, std::size_t to);

  std::size_t size() const { return first_.size(); }
  const std::int32_t* first() const { return first_.data(); }
  const std::int32_t* second() const { return second_.data(); }
  const float* weight() const { return weight_.data(); }

 private:
  std::size_t from_ = 0;
  std::vector<std::int32_t> first_;
  std::vector<std::int32_t> second_;
  std::vector<float> weight_;
};

class WidenedRows {
 public:
  // The map must stay where it is until the last row is read.
  void start(MapView map, Size to);

  // The rows between which row y of the result lies, both of the new width: (1 − weight)·upper +
  // weight·lower. To be called for y = 0, 1, 2, … O(width).
  struct Blend {
    const float* upper;
    const float* lower;
    float weight;
  };
  Blend row(std::size_t y);

 private:
  const float* widened(std::int32_t y);

  MapView map_{};
  BilinearAxis columns_;
  BilinearAxis rows_;
  // The two rows that were widened last, an even and an odd one.
  std::vector<float> kept_[2];
  std::int32_t kept_row_[2];
};

}  // namespace uflow
