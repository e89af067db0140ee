// The specification of native/kernels/resample: one output pixel after the other.
#pragma once

#include <span>

#include "../kernels/resample.h"

namespace uflow::plain {

void resample(ImageView image, Size to, const Normalization& normalization, std::span<float> out);

}  // namespace uflow::plain
