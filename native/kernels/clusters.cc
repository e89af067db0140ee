#include "clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "anomaly_map.h"
#include "number_of_regions.h"

namespace uflow {
namespace {

// In place of a node's choice: its parts stay separate clusters, or it has none.
constexpr ComponentTree::Index apart = ~ComponentTree::Index{0};

}  // namespace

void ClusterFinder::find(EnergyView energy, Tail tail, Significance significance, std::span<float> out) {
  check_energy(energy);
  prepare(energy);
  tree_.build({mean_energy_.data(), energy.size});
  choose(energy, tail, significance);
  write(out);
}

void ClusterFinder::prepare(EnergyView energy) {
  const std::size_t n = energy.size.pixels();
  // The level sets are those of energy/channels in single precision, as in the reference: division can make
  // two energies equal.
  mean_energy_.resize(n);
  const auto channels = static_cast<float>(energy.channels);
  std::transform(energy.data, energy.data + n, mean_energy_.begin(),
                 [channels](float value) { return value / channels; });
  constexpr double infinity = std::numeric_limits<double>::infinity();
  chi2_.set_dof(energy.dof);
  nodes_.assign(n, {0, infinity, std::numeric_limits<float>::infinity(), 0, apart, 0, false, false});
}

// From the leaves to the root: what lies in each node, its significance, and the most significant node of its
// branch.
void ClusterFinder::choose(EnergyView energy, Tail tail, Significance significance) {
  const auto pixels = tree_.pixels();
  const auto parents = tree_.parents();
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
  const double x = node.smallest_energy / energy.scale;
  const double log_p =
      tail == Tail::exact ? chi2_.log_survival(x) : log_chi2_survival(x, energy.dof, Tail::chernoff);
  if (significance == Significance::probability) return node.area * log_p;
  const bool is_rare = log_p + std::log10(static_cast<double>(energy.size.pixels())) <= 0;
  if (!is_rare) return std::numeric_limits<double>::quiet_NaN();
  const double cells = cells_of(node.area, energy.area);
  return cells * log_p + log_number_of_polyominoes(cells) - log_number_of_polyominoes(1);
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

// From the root to the leaves: where a single choice meets a parent that keeps its children apart (or the
// root), it is final; all that lies in a final node belongs to its cluster, other final nodes too.
void ClusterFinder::write(std::span<float> out) {
  const auto pixels = tree_.pixels();
  const auto parents = tree_.parents();
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
