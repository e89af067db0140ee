#include "anomaly_map.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../kernels/anomaly_map.h"
#include "upsample.h"

namespace uflow::plain {
namespace {

std::vector<float> likelihood(EnergyView energy) {
  std::vector<float> result(energy.size.pixels());
  const float factor = -0.5f / static_cast<float>(energy.channels);
  std::transform(energy.data, energy.data + result.size(), result.begin(),
                 [factor](float value) { return std::exp(factor * value); });
  return result;
}

}  // namespace

void energy(LatentView latent, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); i++) {
    double sum = 0;
    for (std::size_t c = 0; c < latent.channels; c++) {
      const double z = latent.data[c * out.size() + i];
      sum += z * z;
    }
    out[i] = static_cast<float>(sum);
    if (!std::isfinite(out[i])) throw BadTensor("the latent is not finite at pixel " + std::to_string(i));
  }
}

void anomaly_map(std::span<const EnergyView> energies, Size to, std::span<float> out) {
  for (const auto& energy : energies) check_energy(energy);
  std::fill(out.begin(), out.end(), 0.0f);
  for (const auto& energy : energies) {
    const auto map = likelihood(energy);
    upsample({map.data(), energy.size}, to, [out](std::size_t i, float value) { out[i] += value; });
  }
  const auto scales = static_cast<float>(energies.size());
  for (float& value : out) value = std::clamp(1 - value / scales, 0.0f, 1.0f);
}

}  // namespace uflow::plain
