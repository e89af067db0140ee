#include "nfa_tree.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "loops.h"

namespace uflow {
namespace {

// What goes into the upsampling: numbers only.
float bounded(float significance) {
  if (std::isnan(significance)) return 0;
  return std::max(significance, std::numeric_limits<float>::lowest());
}

void find_clusters(EnergyView energy, Size to, Tail tail, Tests tests, NfaTreeWorkspace::Scale& scale) {
  const auto significance = tests == Tests::by_size ? Significance::by_size : Significance::probability;
  scale.map.resize(energy.size.pixels());
  scale.finder.find(energy, tail, significance, scale.map);
  std::transform(scale.map.begin(), scale.map.end(), scale.map.begin(), bounded);
  scale.rows.start({scale.map.data(), energy.size}, to);
}

}  // namespace

void nfa_tree_map(std::span<const EnergyView> energies, Size to, Tail tail, Tests tests, std::span<float> out,
                  NfaTreeWorkspace& workspace) {
  workspace.scales.resize(energies.size());
  const auto added = log_numbers_of_tests(energies, tests);
  for (std::size_t i = 0; i < energies.size(); i++) {
    find_clusters(energies[i], to, tail, tests, workspace.scales[i]);
  }
  for (std::size_t y = 0; y < to.height; y++) {
    float* row = out.data() + y * to.width;
    std::fill_n(row, to.width, std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < energies.size(); i++) {
      const auto [upper, lower, weight] = workspace.scales[i].rows.row(y);
      loops().min_blend(upper, lower, weight, static_cast<float>(added[i]), to.width, row);
    }
  }
}

}  // namespace uflow
