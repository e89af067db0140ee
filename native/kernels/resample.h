// Phase 1's input: from camera pixels to the normalised planar tensor that the image network sees.
#pragma once

#include <array>
#include <span>

#include "views.h"

namespace uflow {

// Applied to values in 0 … 1, per channel (red, green, blue): (value − mean) / std.
struct Normalization {
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
};

// Resizes with an antialiased triangle filter, then normalises: planar RGB [3, to.height, to.width] in `out`.
// Grey is repeated, alpha is ignored. The 8-bit result before normalisation equals Pillow's bilinear resize
// bit for bit: a filter as wide as the reduction, weights in 22-bit fixed point, rows first, rounded to 8
// bits in between. docs/maths.md, "The input". O(input pixels + output pixels · reduction).
void resample(ImageView image, Size to, const Normalization& normalization, std::span<float> out);

}  // namespace uflow
