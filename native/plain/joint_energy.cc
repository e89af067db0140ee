#include "joint_energy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "../kernels/anomaly_map.h"
#include "../kernels/chi2_table.h"
#include "../kernels/joint_energy.h"
#include "upsample.h"

namespace uflow::plain {
namespace {

std::vector<float> minus_twice_log_p(EnergyView energy) {
  Chi2Table chi2(energy.dof);
  std::vector<float> result;
  for (const float value : energy.pixels()) {
    const double log_p = chi2.log_survival(value / energy.scale);
    result.push_back(
        static_cast<float>(std::min<double>(-2 * std::numbers::ln10 * log_p, largest_joint_energy)));
  }
  return result;
}

}  // namespace

void joint_energy(std::span<const EnergyView> energies, bool soft, std::span<float> out) {
  for (const auto& energy : energies) check_energy(energy);
  std::fill(out.begin(), out.end(), soft ? 0 : std::numeric_limits<float>::infinity());
  for (const auto& energy : energies) {
    const auto map = minus_twice_log_p(energy);
    upsample({map.data(), energy.size}, energies[0].size, [&](std::size_t i, float value) {
      const float inverse = 1 / value;
      out[i] = soft ? out[i] + inverse * inverse : std::min(out[i], value);
    });
  }
  if (!soft) return;
  const auto number = static_cast<float>(energies.size());
  for (float& value : out) value = std::min(std::sqrt(number / value), largest_joint_energy);
}

}  // namespace uflow::plain
