// Phase 3: from latents to one map of how unlike the good parts every pixel is.
#pragma once

#include <span>
#include <vector>

#include "upsample.h"
#include "views.h"

namespace uflow {

// out[y, x] = Σ_c z[c, y, x]², summed channel by channel in double. `out` has latent.size.pixels() values.
// Throws BadTensor where the result is not finite: NaN, infinity or overflow in the latent. O(channels ·
// pixels), at the speed at which memory can be read.
void energy(LatentView latent, std::span<float> out);

// Memory that anomaly_map needs, to be kept from one image to the next.
struct AnomalyMapWorkspace {
  std::vector<std::vector<float>> likelihoods;
  std::vector<WidenedRows> rows;
};

// out = 1 − mean over scales of upsample(exp(−energy / (2·channels))): 0 like the good parts, 1 unlike them.
// `out` has to.pixels() values; returns the largest. Throws BadTensor on an energy that is negative or not
// finite. O(scales · pixels), one pass over `out`.
float anomaly_map(std::span<const EnergyView> energies, Size to, std::span<float> out,
                  AnomalyMapWorkspace& workspace);

// Throws BadTensor unless all values are finite and ≥ 0.
void check_energy(EnergyView energy);

}  // namespace uflow
