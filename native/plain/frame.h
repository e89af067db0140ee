// The specification of native/kernels/frame: one pixel after the other.
#pragma once

#include <span>

#include "../kernels/frame.h"

namespace uflow::plain {

void image_of_frame(FrameView frame, std::span<std::uint8_t> image);

}  // namespace uflow::plain
