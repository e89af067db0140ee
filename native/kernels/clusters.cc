#include "clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "anomaly_map.h"
#include "number_of_regions.h"

namespace uflow {
namespace {

// In place of a node's choice: its parts stay separate clusters, or it has none.
constexpr ComponentTree::Index apart = ~ComponentTree::Index{0};

// Whether by chance fewer than one pixel of the map is expected to have such a χ²; by a margin.
bool is_rare(double log_p, std::size_t pixels, double margin) {
  return log_p + std::log10(static_cast<double>(pixels)) <= margin;
}

}  // namespace

void ClusterFinder::find(EnergyView energy, Tail tail, Significance significance, std::span<float> out) {
  check_energy(energy);
  prepare(energy);
  const float least = significance == Significance::by_size ? least_rare(energy, tail) : 0;
  tree_.build({mean_energy_.data(), energy.size}, least);
  choose(energy, tail, significance);
  write(out);
}

// The mean energy of no rare pixel is below it. The tail falls with x but for the last digits, far less than
// the margin; of the Chernoff formula that is not so.
float ClusterFinder::least_rare(EnergyView energy, Tail tail) {
  const std::size_t n = energy.size.pixels();
  constexpr double margin = 1e-9;
  const auto rare = [&](double x) { return is_rare(log_p(x, energy, tail), n, margin); };
  if (tail == Tail::chernoff || rare(0)) return 0;
  if (rare_from_.dof != energy.dof || rare_from_.pixels != n) {
    double common = 0;
    double above = energy.dof;
    while (!rare(above)) common = std::exchange(above, 2 * above);
    for (int halvings = 0; halvings < 40; halvings++) {
      const double middle = (common + above) / 2;
      (rare(middle) ? above : common) = middle;
    }
    rare_from_ = {energy.dof, n, common};
  }
  const double least = rare_from_.x * energy.scale / static_cast<double>(energy.channels);
  constexpr double largest = std::numeric_limits<float>::max();
  return std::nextafter(static_cast<float>(std::min(least, largest)), 0.0f);
}

void ClusterFinder::prepare(EnergyView energy) {
  const std::size_t n = energy.size.pixels();
  // The level sets are those of energy/channels in single precision, as in the reference: division can make
  // two energies equal.
  mean_energy_.resize(n);
  const auto channels = static_cast<float>(energy.channels);
  std::transform(energy.data, energy.data + n, mean_energy_.begin(),
                 [channels](float value) { return value / channels; });
  chi2_.set_dof(energy.dof);
}

// From the leaves to the root: what lies in each node, its significance, and the most significant node of its
// branch.
void ClusterFinder::choose(EnergyView energy, Tail tail, Significance significance) {
  const auto pixels = tree_.pixels();
  const auto parents = tree_.parents();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  nodes_.assign(pixels.size(),
                {0, infinity, std::numeric_limits<float>::infinity(), 0, apart, 0, false, false});
  for (Index rank = 0; rank < nodes_.size(); rank++) {
    Node& node = nodes_[rank];
    Node& parent = nodes_[parents[rank]];
    node.area++;
    node.smallest_energy = std::min(node.smallest_energy, energy.data[pixels[rank]]);
    if (!tree_.is_node(rank)) {
      parent.area++;
      parent.smallest_energy = std::min(parent.smallest_energy, node.smallest_energy);
      continue;
    }
    node.significance = significance_of(node, energy, tail, significance);
    node.choice = choice_of(rank, node, significance);
    if (&parent == &node) continue;
    parent.area += node.area;
    add_child(parent, node, node.choice == apart ? node.least : nodes_[node.choice].significance);
  }
}

double ClusterFinder::significance_of(const Node& node, EnergyView energy, Tail tail,
                                      Significance significance) {
  const double probability = log_p(node.smallest_energy / energy.scale, energy, tail);
  if (significance == Significance::probability) return node.area * probability;
  if (!is_rare(probability, energy.size.pixels(), 0)) return std::numeric_limits<double>::quiet_NaN();
  const double cells = cells_of(node.area, energy.area);
  return cells * probability + log_number_of_polyominoes(cells) - log_number_of_polyominoes(1);
}

double ClusterFinder::log_p(double x, EnergyView energy, Tail tail) {
  return tail == Tail::exact ? chi2_.log_survival(x) : log_chi2_survival(x, energy.dof, Tail::chernoff);
}

// A node replaces the choice of an only child when it is more significant, and the choices of several
// children when none is more significant than it and, in the reference's selection, all are single.
ClusterFinder::Index ClusterFinder::choice_of(Index rank, const Node& node, Significance significance) {
  if (node.children == 0) return std::isnan(node.significance) ? apart : rank;
  if (node.split && significance == Significance::probability) return apart;
  if (node.children == 1) return node.significance < node.least ? rank : node.choice;
  return node.significance <= node.least ? rank : apart;
}

void ClusterFinder::add_child(Node& parent, const Node& child, double least) {
  parent.children = parent.children == 0 ? 1 : 2;
  parent.choice = child.choice;
  parent.split |= child.choice == apart;
  parent.least = std::min(parent.least, least);
}

// From the root to the leaves: where a single choice meets a parent that keeps its children apart (or a
// root), it is final; all that lies in a final node belongs to its cluster, other final nodes too.
void ClusterFinder::write(std::span<float> out) {
  const auto pixels = tree_.pixels();
  const auto parents = tree_.parents();
  std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
  for (auto rank = static_cast<Index>(nodes_.size()); rank-- > 0;) {
    const Node& node = nodes_[rank];
    const Index parent = parents[rank];
    const bool is_root = parent == rank;
    const bool meets_end = is_root || nodes_[parent].choice == apart;
    if (meets_end && node.choice != apart && tree_.is_node(rank)) nodes_[node.choice].is_final = true;
    const float around = is_root ? std::numeric_limits<float>::quiet_NaN() : out[pixels[parent]];
    const bool begins = node.is_final && std::isnan(around);
    out[pixels[rank]] = begins ? static_cast<float>(node.significance) : around;
  }
}

}  // namespace uflow
