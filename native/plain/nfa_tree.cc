#include "nfa_tree.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../kernels/anomaly_map.h"
#include "../kernels/chi2_table.h"
#include "../kernels/number_of_regions.h"
#include "component_tree.h"
#include "upsample.h"

namespace uflow::plain {
namespace {

using Index = std::uint32_t;
constexpr Index apart = ~Index{0};

// u = energy / channels in single precision: the values whose level sets are tested.
std::vector<float> mean_energy(EnergyView energy) {
  std::vector<float> result(energy.size.pixels());
  const auto channels = static_cast<float>(energy.channels);
  std::transform(energy.data, energy.data + result.size(), result.begin(),
                 [channels](float value) { return value / channels; });
  return result;
}

// Pixels per node, those of its children included.
std::vector<double> areas(const ComponentTree& tree) {
  std::vector<double> area(tree.nodes(), 0);
  for (const Index node : tree.node_of) area[node] += 1;
  for (Index node = 0; node + 1 < tree.nodes(); node++) area[tree.parent[node]] += area[node];
  return area;
}

// The smallest energy in each node. It is found among the node's own pixels: those of its children are
// higher.
std::vector<float> smallest_energies(const ComponentTree& tree, EnergyView energy) {
  std::vector<float> smallest(tree.nodes(), std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < tree.node_of.size(); i++) {
    float& value = smallest[tree.node_of[i]];
    value = std::min(value, energy.data[i]);
  }
  return smallest;
}

// log10 of P(χ² ≥ smallest energy) to the power of the area, per node. By size the area is counted in cells,
// the number of shapes is a factor, and a node is no candidate (NaN) if more than one pixel of the map is
// expected to have its smallest energy by chance.
std::vector<double> significances(const ComponentTree& tree, EnergyView energy, Tail tail,
                                  Significance significance) {
  const auto area = areas(tree);
  const auto smallest = smallest_energies(tree, energy);
  Chi2Table chi2(energy.dof);
  std::vector<double> result(tree.nodes());
  for (std::size_t node = 0; node < result.size(); node++) {
    const double x = smallest[node] / energy.scale;
    const double log_p = tail == Tail::exact ? chi2.log_survival(x) : log_chi2_survival(x, energy.dof, tail);
    if (significance == Significance::probability) {
      result[node] = area[node] * log_p;
    } else if (log_p + std::log10(static_cast<double>(energy.size.pixels())) <= 0) {
      const double cells = cells_of(area[node], energy.area);
      result[node] = cells * log_p + log_number_of_polyominoes(cells) - log_number_of_polyominoes(1);
    } else {
      result[node] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  return result;
}

// What a node's children have chosen.
struct Children {
  Index count = 0;
  Index choice = apart;                                    // of the last child: the only one, if there is one
  double least = std::numeric_limits<double>::infinity();  // of all that is chosen below
  bool all_single = true;
};

// A branch's most significant node, or `apart` when its parts stay separate clusters (or it has none). A node
// replaces the choice of an only child when it is more significant, and the choices of several children when
// none is more significant than it and, in the reference's selection, all are single.
Index choose(Index node, const Children& children, std::span<const double> of_node,
             Significance significance) {
  if (children.count == 0) return std::isnan(of_node[node]) ? apart : node;
  if (!children.all_single && significance == Significance::probability) return apart;
  if (children.count == 1) return of_node[node] < children.least ? node : children.choice;
  return of_node[node] <= children.least ? node : apart;
}

// The choice of every node, from the leaves to the root.
std::vector<Index> choices(const ComponentTree& tree, std::span<const double> of_node,
                           Significance significance) {
  std::vector<Children> children(tree.nodes());
  std::vector<Index> choice(tree.nodes());
  for (Index node = 0; node < tree.nodes(); node++) {
    choice[node] = choose(node, children[node], of_node, significance);
    Children& siblings = children[tree.parent[node]];
    siblings.count++;
    siblings.choice = choice[node];
    siblings.all_single = siblings.all_single && choice[node] != apart;
    const double least = choice[node] == apart ? children[node].least : of_node[choice[node]];
    siblings.least = std::min(siblings.least, least);
  }
  return choice;
}

// The cluster in which each node lies, or `apart`. Where a single choice meets a parent that keeps its
// children apart (or the root), it is final; all that lies below a final node belongs to it, other
// final nodes too.
std::vector<Index> clusters(const ComponentTree& tree, std::span<const Index> choice) {
  const auto nodes = static_cast<Index>(tree.nodes());
  std::vector<bool> final(nodes, false);
  for (Index node = 0; node < nodes; node++) {
    const bool is_root = tree.parent[node] == node;
    if (choice[node] != apart && (is_root || choice[tree.parent[node]] == apart)) final[choice[node]] = true;
  }
  std::vector<Index> cluster(nodes, apart);
  for (Index node = nodes; node-- > 0;) {
    if (tree.parent[node] != node) cluster[node] = cluster[tree.parent[node]];
    if (final[node] && cluster[node] == apart) cluster[node] = node;
  }
  return cluster;
}

// What goes into the upsampling: numbers only.
float bounded(float significance) {
  if (std::isnan(significance)) return 0;
  return std::max(significance, std::numeric_limits<float>::lowest());
}

}  // namespace

void nfa_tree(EnergyView energy, Tail tail, Significance significance, std::span<float> out) {
  check_energy(energy);
  const auto values = mean_energy(energy);
  const auto tree = component_tree({values.data(), energy.size});
  const auto of_node = significances(tree, energy, tail, significance);
  const auto cluster = clusters(tree, choices(tree, of_node, significance));
  for (std::size_t i = 0; i < out.size(); i++) {
    const Index found = cluster[tree.node_of[i]];
    out[i] = found == apart ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(of_node[found]);
  }
}

void nfa_tree_map(std::span<const EnergyView> energies, Size to, Tail tail, Tests tests,
                  std::span<float> out) {
  for (const auto& energy : energies) check_energy(energy);
  const auto added = log_numbers_of_tests(energies, tests);
  const auto significance = tests == Tests::by_size ? Significance::by_size : Significance::probability;
  std::fill(out.begin(), out.end(), std::numeric_limits<float>::infinity());
  for (std::size_t scale = 0; scale < energies.size(); scale++) {
    const auto& energy = energies[scale];
    std::vector<float> map(energy.size.pixels());
    plain::nfa_tree(energy, tail, significance, map);
    std::transform(map.begin(), map.end(), map.begin(), bounded);
    const auto tests_of_scale = static_cast<float>(added[scale]);
    upsample({map.data(), energy.size}, to, [&](std::size_t i, float value) {
      out[i] = std::min(out[i], std::max(value + tests_of_scale, std::numeric_limits<float>::lowest()));
    });
  }
}

}  // namespace uflow::plain
