// Phase 1's input: from camera pixels to the normalised planar tensor that the image network sees.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "triangle_filter.h"
#include "views.h"

namespace uflow {

// Applied to values in 0 … 1, per channel (red, green, blue): (value − mean) / std.
struct Normalization {
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
};

// Memory that resample needs, to be kept from one image to the next: some bands of 64 image rows, which stay
// in the processor's cache.
struct ResampleWorkspace {
  TriangleFilter columns;
  TriangleFilter rows;
  std::vector<std::uint8_t> band;
  std::vector<std::uint8_t> resized_band;
  std::vector<std::uint8_t> resized_rows;
  std::vector<std::uint8_t> row;
};

// Resizes with an antialiased triangle filter, then normalises: planar RGB [3, to.height, to.width] in `out`.
// Grey is repeated, alpha is ignored. The 8-bit result before normalisation equals Pillow's bilinear resize
// bit for bit: a filter as wide as the reduction, weights in 22-bit fixed point, rows first, rounded to 8
// bits in between. docs/maths.md, "The input". O(input pixels + output pixels · reduction).
void resample(ImageView image, Size to, const Normalization& normalization, std::span<float> out,
              ResampleWorkspace& workspace);

}  // namespace uflow
