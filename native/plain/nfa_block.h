// The specification of ../kernels/nfa_block: padding, counting, one tail per pixel and sixteen taps per
// output pixel, as the formulas say it.
#pragma once

#include "../kernels/nfa_block.h"

namespace uflow::plain {

void nfa_block_map(std::span<const LatentView> latents, Size to, const WindowTest& test,
                   std::span<float> out);

}  // namespace uflow::plain
