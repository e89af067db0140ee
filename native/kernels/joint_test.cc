#include "joint_test.h"

#include <algorithm>
#include <limits>

#include "box_mean.h"
#include "loops.h"

namespace uflow {
namespace {

EnergyView on(const Background& background, std::span<const float> energy, Size size) {
  const auto [scale, dof, area] = background;
  return {energy.data(), 1, size, scale, dof, area};
}

// The value of pixels outside of all regions: log10 of the number of tests.
float outside(EnergyView energy, Tests tests) {
  return static_cast<float>(log_numbers_of_tests({&energy, 1}, tests)[0]);
}

// Raises each 4-connected region of `regions` below `none` to the least of `pixels` in it, where that is
// larger.
void raise_regions(std::span<float> regions, std::span<const float> pixels, float none, Size size,
                   JointTestWorkspace& workspace) {
  auto& waiting = workspace.waiting;
  auto& visited = workspace.visited;
  visited.assign(regions.size(), false);
  for (std::size_t start = 0; start < regions.size(); start++) {
    if (visited[start] || !(regions[start] < none)) continue;
    waiting.assign(1, static_cast<std::uint32_t>(start));
    visited[start] = true;
    float least = std::numeric_limits<float>::infinity();
    const auto visit = [&](std::size_t i) {
      if (visited[i] || !(regions[i] < none)) return;
      visited[i] = true;
      waiting.push_back(static_cast<std::uint32_t>(i));
    };
    for (std::size_t next = 0; next < waiting.size(); next++) {
      const std::size_t i = waiting[next];
      least = std::min(least, pixels[i]);
      const std::size_t x = i % size.width;
      if (x > 0) visit(i - 1);
      if (x + 1 < size.width) visit(i + 1);
      if (i >= size.width) visit(i - size.width);
      if (i + size.width < regions.size()) visit(i + size.width);
    }
    for (const std::uint32_t i : waiting) regions[i] = std::max(regions[i], least);
  }
}

void widen(MapView map, Size to, std::span<float> out, WidenedRows& rows) {
  rows.start(map, to);
  for (std::size_t y = 0; y < to.height; y++) {
    float* row = out.data() + y * to.width;
    std::fill_n(row, to.width, std::numeric_limits<float>::infinity());
    const auto [upper, lower, weight] = rows.row(y);
    loops().min_blend(upper, lower, weight, 0, to.width, row);
  }
}

}  // namespace

void joint_test(std::span<const EnergyView> energies, const JointBackground& background, Size to, Tail tail,
                Tests tests, std::span<float> out, JointTestWorkspace& workspace) {
  const Size size = energies[0].size;
  workspace.energy.resize(size.pixels());
  joint_energy(energies, background.soft, workspace.energy, workspace.joint_energy);
  const EnergyView pixels = on(background.pixel, workspace.energy, size);
  if (!background.mean) return nfa_tree_map({&pixels, 1}, to, tail, tests, out, workspace.nfa_tree);
  workspace.of_pixels.resize(size.pixels());
  workspace.of_means.resize(size.pixels());
  nfa_tree_map({&pixels, 1}, size, tail, tests, workspace.of_pixels, workspace.nfa_tree);
  workspace.mean = workspace.energy;
  box_mean(workspace.mean, size, background.mean->side, workspace.box);
  const EnergyView means = on(background.mean->background, workspace.mean, size);
  nfa_tree_map({&means, 1}, size, tail, tests, workspace.of_means, workspace.nfa_tree);
  raise_regions(workspace.of_means, workspace.of_pixels, outside(means, tests), size, workspace);
  widen({workspace.of_means.data(), size}, to, out, workspace.rows);
}

}  // namespace uflow
