// How many regions the a contrario test could have looked at: the number of tests in NFA = tests ×
// probability. α·βʳ/r estimates how many polyominoes of r cells there are, α = 0.316915, β = 4.062570 (I.
// Jensen and A. J. Guttmann, 2000).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "views.h"

namespace uflow {

enum class Tests {
  all,        // one number of tests over all scales, as the Python reference
  per_scale,  // each scale with its own number of tests, times the number of scales: a union bound
  by_size,    // each size of region on each scale with its own, times the sizes and the scales; in cells
};

// How many cells, pixels that are independent of one another, a region of `pixels` ≥ 1 pixels is worth where
// the correlation area is `area` ≥ 1: 1 + (pixels − 1)/area. docs/maths.md, "Cells".
constexpr double cells_of(double pixels, double area) {
  return 1 + (pixels - 1) / area;
}

// log10(α·βʳ/r) for r ≥ 1.
double log_number_of_polyominoes(double cells);

// log10 Σ_s n_s · Σ_{r = 1…n_s} α·βʳ/r over scales with n_s > 0 pixels: every connected region of every size
// at every place. O(1) per scale.
double log_number_of_regions(std::span<const double> pixels);

// log10 of the number of tests per scale of n_s ≥ 1 pixels, of L: `all` Σ n·Σα·βʳ/r over all scales;
// `per_scale` L·n_s·Σα·βʳ/r; `by_size`, where n_s counts cells, L·n_s²·α·β, that of the regions of one cell,
// to which those of r cells add log10(α·βʳ/r) − log10(α·β).
std::vector<double> log_numbers_of_tests(std::span<const double> pixels, Tests tests);

// The same of energies, by their sizes and, `by_size`, their correlation areas.
std::vector<double> log_numbers_of_tests(std::span<const EnergyView> energies, Tests tests);

}  // namespace uflow
