// The max-tree of a map: how the connected components of its upper level sets {u ≥ t} lie within one another.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "views.h"

namespace uflow {

// Pixels are numbered by rank, from the highest value to the lowest, equal ones in their order in the map. A
// component is represented by the last rank among its pixels of the lowest value, its *node*: all that lies
// in a component comes before its node, and the last rank of all is the root, the whole map.
class ComponentTree {
 public:
  using Index = std::uint32_t;

  // Builds the 4-connected max-tree by radix sorting and union-find (L. Najman and M. Couprie, 2006; C.
  // Berger et al., 2007): flat arrays, practically linear. `values` holds no NaN and at most 2³² − 1 pixels.
  // Memory is kept from one map to the next. Pixels below `least` are left out, as if they were not in the
  // map: without them the tree falls into one per component of {u ≥ least}, each with a root of its own, none
  // where there are no such pixels.
  void build(MapView values, float least = -std::numeric_limits<float>::infinity());

  // Per rank: its pixel.
  std::span<const Index> pixels() const { return pixel_; }

  // Per rank: of a node the node of the smallest larger component, the root being its own; of any other rank
  // the node of its own component.
  std::span<const Index> parents() const { return parent_; }

  bool is_node(Index rank) const { return parent_[rank] == rank || key_[parent_[rank]] != key_[rank]; }

 private:
  void sort(std::span<const float> values, float least);
  void flood(Size size);
  void canonize();
  Index root_of(Index rank);
  Index join(Index mine, Index other, Index rank);

  std::vector<std::uint64_t> sorted_;  // key in the upper half, pixel in the lower
  std::vector<std::uint64_t> buffer_;
  std::vector<std::uint32_t> key_;  // per rank; equal where values are equal
  std::vector<Index> pixel_;
  std::vector<Index> rank_;  // per pixel; as many as there are where it is left out
  // Of the sets of ranks that are connected so far: per rank another one of its set, the root its own; per
  // root how many there are, and the last of them.
  std::vector<Index> link_;
  std::vector<Index> count_;
  std::vector<Index> top_;
  std::vector<Index> parent_;  // per rank
};

}  // namespace uflow
