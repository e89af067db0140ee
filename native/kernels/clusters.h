// The regions of one scale that the a contrario test looks at, and their probabilities. Under the hypothesis
// "only chance" the energy of a pixel is χ² (see EnergyView); a region of n pixels that all have at least the
// energy m then has the probability P(χ² ≥ m)ⁿ. Candidates are the nodes of the component tree of
// energy/channels. Paper section 4; docs/maths.md, "The a contrario test".
#pragma once

#include <span>
#include <vector>

#include "chi2_table.h"
#include "component_tree.h"
#include "tail.h"
#include "views.h"

namespace uflow {

enum class Significance {
  // log10 P(χ² ≥ m)ⁿ, and the reference's selection: several branches that meet become one cluster only if
  // each of them still is one.
  probability,
  // n counted in cells, plus log10 of how many more shapes that many cells can have than one. Candidates are
  // level sets that by chance are expected to hold at most one pixel of the map, so that pixels of lower
  // energy
  // need not be looked at, and of a node and all that lies in it the most significant remains.
  by_size,
};

// Finds the clusters: the nodes of the tree that remain when every branch keeps its most significant node.
// Keeps its memory from one map to the next.
class ClusterFinder {
 public:
  // Per pixel the significance of the cluster that holds it; NaN outside of all clusters; −infinity where the
  // Chernoff formula yields it. `out` has energy.size.pixels() values. Throws BadTensor on an energy that is
  // negative or not finite. O(n α(n)), and one tail per node, from a table.
  void find(EnergyView energy, Tail tail, Significance significance, std::span<float> out);

 private:
  using Index = ComponentTree::Index;

  // What is known of a node, once all that lies in it has been visited.
  struct Node {
    double significance;    // its own; NaN: no candidate
    double least;           // the smallest among all that has been chosen below it
    float smallest_energy;  // found among its own pixels: those of its children are higher
    Index area;             // pixels, those of its children included
    Index choice;           // that of the only child, and then its own
    std::uint8_t children;  // 0, 1 or 2 for more
    bool split;             // some child has no single choice
    bool is_final;          // it is a cluster
  };

  void prepare(EnergyView energy);
  float least_rare(EnergyView energy, Tail tail);
  void choose(EnergyView energy, Tail tail, Significance significance);
  double significance_of(const Node& node, EnergyView energy, Tail tail, Significance significance);
  double log_p(double x, EnergyView energy, Tail tail);
  void write(std::span<float> out);

  static Index choice_of(Index rank, const Node& node, Significance significance);
  static void add_child(Node& parent, const Node& child, double least);

  // Below this χ² no level set of so many pixels is rare.
  struct RareFrom {
    double dof = 0;
    std::size_t pixels = 0;
    double x = 0;
  };

  std::vector<float> mean_energy_;
  ComponentTree tree_;
  Chi2Table chi2_{1};
  RareFrom rare_from_;
  std::vector<Node> nodes_;  // per rank
};

}  // namespace uflow
