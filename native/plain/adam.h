// The specification of native/kernels/adam.
#pragma once

#include <span>

#include "../kernels/adam.h"

namespace uflow::plain {

double gradient_norm(std::span<const GradientPiece> gradient);

void adam_step(std::span<const GradientPiece> gradient, const AdamOptions& options, const AdamVectors& before,
               const AdamVectors& after, std::span<float* const> copies);

}  // namespace uflow::plain
