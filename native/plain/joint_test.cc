#include "joint_test.h"

#include <algorithm>
#include <limits>

#include "joint_energy.h"
#include "nfa_tree.h"
#include "upsample.h"

namespace uflow::plain {
namespace {

// Means along rows (`across`), or along columns.
std::vector<float> line_means(std::span<const float> map, Size size, bool across, std::size_t side) {
  const auto radius = static_cast<std::ptrdiff_t>(side / 2);
  const auto length = static_cast<std::ptrdiff_t>(across ? size.width : size.height);
  const std::size_t step = across ? 1 : size.width;
  std::vector<float> result(map.size(), 0);
  for (std::size_t i = 0; i < map.size(); i++) {
    const auto place = static_cast<std::ptrdiff_t>(across ? i % size.width : i / size.width);
    const std::ptrdiff_t first = std::max<std::ptrdiff_t>(-radius, -place);
    const std::ptrdiff_t last = std::min(radius, length - 1 - place);
    const auto count = static_cast<float>(last - first + 1);
    for (std::ptrdiff_t d = first; d <= last; d++) {
      const float value = map[i + static_cast<std::size_t>(d) * step];
      result[i] += across ? value : value / count;
    }
    if (across) result[i] /= count;
  }
  return result;
}

EnergyView on(const Background& background, std::span<const float> energy, Size size) {
  return {energy.data(), 1, size, background.scale, background.dof, background.area};
}

// The least of `pixels` in each 4-connected region below `none`: neighbours tell one another until nothing
// changes.
std::vector<float> least_of_regions(std::span<const float> regions, std::span<const float> pixels, float none,
                                    Size size) {
  std::vector<float> least(pixels.begin(), pixels.end());
  for (bool changed = true; changed;) {
    changed = false;
    const auto tell = [&](std::size_t a, std::size_t b) {
      if (!(regions[a] < none && regions[b] < none) || least[a] == least[b]) return;
      least[a] = least[b] = std::min(least[a], least[b]);
      changed = true;
    };
    for (std::size_t i = 0; i < regions.size(); i++) {
      if (i % size.width + 1 < size.width) tell(i, i + 1);
      if (i + size.width < regions.size()) tell(i, i + size.width);
    }
  }
  return least;
}

}  // namespace

std::vector<float> box_mean(MapView map, std::size_t side) {
  const auto rows = line_means(map.pixels(), map.size, true, side);
  return line_means(rows, map.size, false, side);
}

void joint_test(std::span<const EnergyView> energies, const JointBackground& background, Size to, Tail tail,
                Tests tests, std::span<float> out) {
  const Size size = energies[0].size;
  std::vector<float> energy(size.pixels());
  plain::joint_energy(energies, background.soft, energy);
  const EnergyView pixels = on(background.pixel, energy, size);
  if (!background.mean) return plain::nfa_tree_map({&pixels, 1}, to, tail, tests, out);
  const auto averaged = box_mean({energy.data(), size}, background.mean->side);
  const EnergyView means = on(background.mean->background, averaged, size);
  std::vector<float> of_pixels(size.pixels()), of_means(size.pixels());
  plain::nfa_tree_map({&pixels, 1}, size, tail, tests, of_pixels);
  plain::nfa_tree_map({&means, 1}, size, tail, tests, of_means);
  const auto none = static_cast<float>(log_numbers_of_tests({&means, 1}, tests)[0]);
  const auto least = least_of_regions(of_means, of_pixels, none, size);
  for (std::size_t i = 0; i < of_means.size(); i++) {
    if (of_means[i] < none) of_means[i] = std::max(of_means[i], least[i]);
  }
  upsample({of_means.data(), size}, to, [out](std::size_t i, float value) {
    out[i] = std::max(value, std::numeric_limits<float>::lowest());
  });
}

}  // namespace uflow::plain
