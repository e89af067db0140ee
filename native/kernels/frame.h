// Frames of cameras as 8-bit images: what the sensor sent, unpacked, with its colours.
#pragma once

#include <span>
#include <vector>

#include "views.h"

namespace uflow {

// Of a value.
int bits_of(Packing packing);

// Whether each pixel has one of three colours.
bool is_mosaic(Colours colours);

// What a row takes in memory, of which the last byte may be used in part.
std::size_t row_bits(std::size_t width, Colours colours, Packing packing);

// 1 of grey, else 3.
std::size_t image_channels(Colours colours);

// Memory that image_of_frame needs, to be kept from one frame to the next: three rows.
struct FrameWorkspace {
  std::vector<std::uint16_t> rows;
};

// Grey [height, width] or interleaved RGB [height, width, 3] in `image`: of each value the upper 8 bits, as
// image files of 16 bits are read. The colours that a pixel of a mosaic (at least 2 × 2) lacks are means of
// those of its 8 neighbours that have them, rounded, half up; edges are mirrored at the outermost pixels,
// which leaves the pattern as it is. Alpha is ignored. BadTensor where a value has more bits than its format.
// One pass, O(pixels).
void image_of_frame(FrameView frame, std::span<std::uint8_t> image, FrameWorkspace& workspace);

}  // namespace uflow
