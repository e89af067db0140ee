// The specification of native/kernels/component_tree: one pass per function.
#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/views.h"

namespace uflow::plain {

// A node is a component of some level set, together with the components of higher level sets that lie in it.
// Nodes are numbered from high to low: every child comes before its parent, the last node is the root (the
// whole map).
struct ComponentTree {
  // Per pixel: the smallest node that holds it.
  std::vector<std::uint32_t> node_of;
  // Per node: its parent; the root is its own.
  std::vector<std::uint32_t> parent;

  std::size_t nodes() const { return parent.size(); }
};

// Builds the 4-connected max-tree by radix sorting and union-find with union by size (L. Najman and M.
// Couprie, 2006): O(n α(n)), practically linear. `values` holds no NaN.
ComponentTree component_tree(MapView values);

}  // namespace uflow::plain
