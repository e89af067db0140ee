#include "anomaly_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "loops.h"

namespace uflow {
namespace {

// The sums of a block stay in the first-level cache while all channels pass by.
constexpr std::size_t block = 2048;

void start_rows(std::span<const EnergyView> energies, Size to, AnomalyMapWorkspace& workspace) {
  workspace.likelihoods.resize(energies.size());
  workspace.rows.resize(energies.size());
  for (std::size_t scale = 0; scale < energies.size(); scale++) {
    const auto& energy = energies[scale];
    auto& map = workspace.likelihoods[scale];
    map.resize(energy.size.pixels());
    loops().likelihood(energy.data, map.size(), -0.5f / static_cast<float>(energy.channels), map.data());
    workspace.rows[scale].start({map.data(), energy.size}, to);
  }
}

}  // namespace

void check_energy(EnergyView energy) {
  const auto pixels = energy.pixels();
  if (loops().are_energies(pixels.data(), pixels.size())) return;
  const auto wrong = std::find_if(pixels.begin(), pixels.end(),
                                  [](float value) { return !(value >= 0 && std::isfinite(value)); });
  throw BadTensor("expected finite energies ≥ 0 but received " +
                  (std::isnan(*wrong) ? "NaN" : std::to_string(*wrong)) + " at pixel " +
                  std::to_string(wrong - pixels.begin()));
}

void energy(LatentView latent, std::span<float> out) {
  std::array<double, block> sum;
  for (std::size_t start = 0; start < out.size(); start += block) {
    const std::size_t count = std::min(block, out.size() - start);
    loops().sum_squares(latent.data + start, latent.channels, out.size(), count, sum.data());
    std::transform(sum.begin(), sum.begin() + static_cast<std::ptrdiff_t>(count),
                   out.begin() + static_cast<std::ptrdiff_t>(start),
                   [](double value) { return static_cast<float>(value); });
  }
  if (loops().are_energies(out.data(), out.size())) return;
  const auto wrong = std::find_if(out.begin(), out.end(), [](float value) { return !std::isfinite(value); });
  throw BadTensor("the latent holds NaN, infinity or values too large to be squared at pixel " +
                  std::to_string(wrong - out.begin()));
}

float anomaly_map(std::span<const EnergyView> energies, Size to, std::span<float> out,
                  AnomalyMapWorkspace& workspace) {
  for (const auto& energy : energies) check_energy(energy);
  start_rows(energies, to, workspace);
  const auto scales = static_cast<float>(energies.size());
  float largest = 0;
  for (std::size_t y = 0; y < to.height; y++) {
    float* row = out.data() + y * to.width;
    std::fill_n(row, to.width, 0.0f);
    for (auto& rows : workspace.rows) {
      const auto [upper, lower, weight] = rows.row(y);
      loops().add_blend(upper, lower, weight, to.width, row);
    }
    largest = std::max(largest, loops().complement(row, to.width, scales));
  }
  return largest;
}

}  // namespace uflow
