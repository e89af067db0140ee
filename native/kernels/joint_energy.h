// One energy of all scales: a pixel is about as improbable as the least improbable of its scales.
#pragma once

#include <span>
#include <vector>

#include "chi2_table.h"
#include "upsample.h"
#include "views.h"

namespace uflow {

// Memory that joint_energy needs, to be kept from one image to the next.
struct JointEnergyWorkspace {
  struct Scale {
    Chi2Table chi2{1};
    std::vector<float> map;
    WidenedRows rows;
  };
  std::vector<Scale> scales;
};

// The largest −2·ln p that is told apart: the inverse of its square is still a normal float.
inline constexpr float largest_joint_energy = 1e18f;

// out = min over scales of x = upsample(−2·ln P(χ²_dof ≥ energy/scale)), by the exact tail, at the size of
// the first energy; or, if `soft`, (mean over scales of x⁻²)^(−1/2), which is at least the minimum and at
// most √scales times as much. Whatever the scales have to do with one another, P(out ≥ x) ≤ P(χ²₂ ≥ x) by
// chance for the minimum. docs/maths.md, "The joint energy". `out` has energies[0].size.pixels() values,
// finite and ≥ 0. Throws BadTensor on an energy that is negative or not finite. One tail per pixel of each
// scale, from a table, then O(scales) per pixel of `out`.
void joint_energy(std::span<const EnergyView> energies, bool soft, std::span<float> out,
                  JointEnergyWorkspace& workspace);

// Its background where nothing was fitted: χ²₂, and the coarsest scale's pixels as areas.
Background joint_background(std::span<const EnergyView> energies);

}  // namespace uflow
