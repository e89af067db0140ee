// Phase 4: the a contrario test of regions. Under the hypothesis "only chance", the energy of a pixel is χ²
// with as many degrees of freedom as there are channels. A region of n pixels that all have at least the
// energy m has the probability P(χ² ≥ m)ⁿ; its number of false alarms is that times the number of regions one
// could have tested. Candidate regions are the nodes of the component tree. Paper section 4; docs/maths.md,
// "The a contrario test".
#pragma once

#include <span>

#include "tail.h"
#include "views.h"

namespace uflow {

// Per pixel log10 of the probability of the cluster that holds it: the nodes of the tree that remain when
// every branch keeps its most significant node. NaN outside of all clusters; −infinity where the Chernoff
// formula yields it. `out` has energy.size.pixels() values. Throws BadTensor on an energy that is negative or
// not finite. O(n α(n)) plus one tail per node.
void nfa_tree(EnergyView energy, Tail tail, std::span<float> out);

enum class Tests {
  all,        // one number of tests over all scales, as the Python reference
  per_scale,  // each scale with its own number of tests, times the number of scales: a union bound
};

// Per pixel log10 of the number of false alarms: per scale nfa_tree (outside 0, −infinity the lowest float)
// plus the number of tests, upsampled to the size of the map, and the minimum over the scales. `out` has
// to.pixels() values.
void nfa_tree_map(std::span<const EnergyView> energies, Size to, Tail tail, Tests tests,
                  std::span<float> out);

}  // namespace uflow
