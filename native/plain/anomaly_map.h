// The specification of native/kernels/anomaly_map: one pixel after the other.
#pragma once

#include <span>

#include "../kernels/views.h"

namespace uflow::plain {

void energy(LatentView latent, std::span<float> out);
void anomaly_map(std::span<const EnergyView> energies, Size to, std::span<float> out);

}  // namespace uflow::plain
