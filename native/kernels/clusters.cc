#include "clusters.h"

#include <algorithm>
#include <limits>

#include "anomaly_map.h"
#include "number_of_regions.h"

namespace uflow {
namespace {

// In place of a node's choice: its parts stay separate clusters.
constexpr ComponentTree::Index apart = ~ComponentTree::Index{0};

}  // namespace

void ClusterFinder::find(EnergyView energy, Tail tail, Significance significance, std::span<float> out) {
  check_energy(energy);
  prepare(energy, significance);
  tree_.build({mean_energy_.data(), energy.size});
  choose(energy, tail, significance);
  write(out);
}

void ClusterFinder::prepare(EnergyView energy, Significance significance) {
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
  if (significance == Significance::probability) return;
  for (std::size_t area = log_more_shapes_.size(); area <= n; area++) {
    const auto cells = static_cast<double>(std::max<std::size_t>(area, 1));
    log_more_shapes_.push_back(log_number_of_polyominoes(cells) - log_number_of_polyominoes(1));
  }
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
    node.significance = log_probability(node, energy, tail);
    if (significance == Significance::by_size) node.significance += log_more_shapes_[node.area];
    node.choice = choice_of(rank, node);
    if (&parent == &node) continue;
    parent.area += node.area;
    add_child(parent, node, node.choice == apart ? 0 : nodes_[node.choice].significance);
  }
}

double ClusterFinder::log_probability(const Node& node, EnergyView energy, Tail tail) {
  const double x = node.smallest_energy / energy.scale;
  return node.area *
         (tail == Tail::exact ? chi2_.log_survival(x) : log_chi2_survival(x, energy.dof, Tail::chernoff));
}

// A node replaces the choice of an only child when it is less probable, and the choices of several children
// when all are single and none is less probable than it.
ClusterFinder::Index ClusterFinder::choice_of(Index rank, const Node& node) {
  if (node.children == 0) return rank;
  if (node.split) return apart;
  if (node.children == 1) return node.significance < node.least ? rank : node.choice;
  return node.significance <= node.least ? rank : apart;
}

void ClusterFinder::add_child(Node& parent, const Node& child, double significance_of_choice) {
  parent.children = parent.children == 0 ? 1 : 2;
  parent.choice = child.choice;
  if (child.choice == apart)
    parent.split = true;
  else
    parent.least = std::min(parent.least, significance_of_choice);
}

// From the root to the leaves: where a single choice meets a parent that keeps its children apart (or the
// root), it is final; what lies in a final node belongs to its cluster.
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
    out[pixels[rank]] = node.is_final ? static_cast<float>(node.significance) : around;
  }
}

}  // namespace uflow
