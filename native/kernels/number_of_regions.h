// How many regions the a contrario test could have looked at: the number of tests in NFA = tests ×
// probability.
#pragma once

#include <cstddef>
#include <span>

namespace uflow {

// log10 Σ_s n_s · Σ_{r = 1…n_s} α·βʳ/r over scales with n_s > 0 pixels: every connected region of every size
// at every place, where α·βʳ/r estimates how many polyominoes of r cells there are (I. Jensen and A. J.
// Guttmann, 2000). O(1) per scale.
double log_number_of_regions(std::span<const double> pixels);

}  // namespace uflow
