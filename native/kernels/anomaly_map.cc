#include "anomaly_map.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "upsample.h"

namespace uflow {
namespace {

std::vector<float> likelihood(EnergyView energy) {
  std::vector<float> result(energy.size.pixels());
  const float factor = -0.5f / static_cast<float>(energy.channels);
  std::transform(energy.data, energy.data + result.size(), result.begin(),
                 [factor](float value) { return std::exp(factor * value); });
  return result;
}

}  // namespace

void check_energy(EnergyView energy) {
  const auto pixels = energy.pixels();
  const auto wrong = std::find_if(pixels.begin(), pixels.end(),
                                  [](float value) { return !(value >= 0 && std::isfinite(value)); });
  if (wrong == pixels.end()) return;
  throw BadTensor("expected finite energies ≥ 0 but received " +
                  (std::isnan(*wrong) ? "NaN" : std::to_string(*wrong)) + " at pixel " +
                  std::to_string(wrong - pixels.begin()));
}

void energy(LatentView latent, std::span<float> out) {
  std::vector<double> sum(out.size(), 0);
  const float* z = latent.data;
  for (std::size_t c = 0; c < latent.channels; c++, z += out.size()) {
    for (std::size_t i = 0; i < out.size(); i++) sum[i] += static_cast<double>(z[i]) * z[i];
  }
  for (std::size_t i = 0; i < out.size(); i++) {
    out[i] = static_cast<float>(sum[i]);
    if (!std::isfinite(out[i])) {
      throw BadTensor("the latent holds NaN, infinity or values too large to be squared at pixel " +
                      std::to_string(i));
    }
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

}  // namespace uflow
