#include "joint_energy.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include "anomaly_map.h"
#include "loops.h"

namespace uflow {
namespace {

void start_rows(EnergyView energy, Size to, JointEnergyWorkspace::Scale& scale) {
  scale.chi2.set_dof(energy.dof);
  scale.map.resize(energy.size.pixels());
  std::transform(energy.data, energy.data + scale.map.size(), scale.map.begin(), [&](float value) {
    const double log_p = scale.chi2.log_survival(value / energy.scale);
    return static_cast<float>(std::min<double>(-2 * std::numbers::ln10 * log_p, largest_joint_energy));
  });
  scale.rows.start({scale.map.data(), energy.size}, to);
}

}  // namespace

void joint_energy(std::span<const EnergyView> energies, bool soft, std::span<float> out,
                  JointEnergyWorkspace& workspace) {
  for (const auto& energy : energies) check_energy(energy);
  const Size to = energies[0].size;
  workspace.scales.resize(energies.size());
  for (std::size_t i = 0; i < energies.size(); i++) start_rows(energies[i], to, workspace.scales[i]);
  for (std::size_t y = 0; y < to.height; y++) {
    float* row = out.data() + y * to.width;
    std::fill_n(row, to.width, soft ? 0 : std::numeric_limits<float>::infinity());
    for (auto& scale : workspace.scales) {
      const auto [upper, lower, weight] = scale.rows.row(y);
      if (soft) {
        loops().add_inverse_squares(upper, lower, weight, to.width, row);
      } else {
        loops().min_blend(upper, lower, weight, 0, to.width, row);
      }
    }
    if (soft) {
      loops().inverse_roots(row, to.width, static_cast<float>(energies.size()), largest_joint_energy);
    }
  }
}

Background joint_background(std::span<const EnergyView> energies) {
  const std::size_t pixels = energies[0].size.pixels();
  std::size_t fewest = pixels;
  for (const auto& energy : energies) fewest = std::min(fewest, energy.size.pixels());
  return {.scale = 1, .dof = 2, .area = static_cast<double>(pixels) / static_cast<double>(fewest)};
}

}  // namespace uflow
