#include "component_tree.h"

#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace uflow::plain {
namespace {

using Index = std::uint32_t;
constexpr Index none = ~Index{0};

// Maps floats to integers whose order is the reverse of theirs; −0 and 0 become one.
std::uint32_t descending_key(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0f);
  return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

// Pixels from the highest value to the lowest, equal ones in their order. Radix sort, O(n).
std::vector<Index> sorted_pixels(std::span<const float> values) {
  constexpr int digit_bits = 11;
  constexpr std::uint32_t digits = 1u << digit_bits;
  const std::size_t n = values.size();
  std::vector<std::pair<std::uint32_t, Index>> from(n), to(n);
  for (std::size_t i = 0; i < n; i++) from[i] = {descending_key(values[i]), static_cast<Index>(i)};
  for (int shift = 0; shift < 32; shift += digit_bits) {
    std::array<std::size_t, digits> start{};
    for (const auto& [key, pixel] : from) start[(key >> shift) % digits]++;
    std::exclusive_scan(start.begin(), start.end(), start.begin(), std::size_t{0});
    for (const auto& entry : from) to[start[(entry.first >> shift) % digits]++] = entry;
    std::swap(from, to);
  }
  std::vector<Index> order(n);
  for (std::size_t i = 0; i < n; i++) order[i] = from[i].second;
  return order;
}

// Sets of pixels that are connected so far; each knows the pixel at the top of its part of the tree.
class ConnectedSets {
 public:
  explicit ConnectedSets(std::size_t pixels) : link_(pixels, none), size_(pixels, 1), top_(pixels) {}

  bool has(Index pixel) const { return link_[pixel] != none; }

  void add(Index pixel) {
    link_[pixel] = pixel;
    top_[pixel] = pixel;
  }

  Index find(Index pixel) {
    while (link_[pixel] != pixel) {
      link_[pixel] = link_[link_[pixel]];
      pixel = link_[pixel];
    }
    return pixel;
  }

  Index top(Index set) const { return top_[set]; }

  // Joins two sets under a new top; returns the joined set.
  Index join(Index a, Index b, Index top) {
    if (size_[a] < size_[b]) std::swap(a, b);
    link_[b] = a;
    size_[a] += size_[b];
    top_[a] = top;
    return a;
  }

 private:
  std::vector<Index> link_;
  std::vector<Index> size_;
  std::vector<Index> top_;
};

template <typename Visit>
void for_each_neighbour(Index pixel, Size size, Visit visit) {
  const auto width = static_cast<Index>(size.width);
  const Index x = pixel % width;
  if (x > 0) visit(pixel - 1);
  if (x + 1 < width) visit(pixel + 1);
  if (pixel >= width) visit(pixel - width);
  if (pixel + width < size.pixels()) visit(pixel + width);
}

// Floods from the highest pixel down. Afterwards the parent of a pixel is a pixel of the same or a lower
// value.
std::vector<Index> pixel_parents(MapView values, std::span<const Index> order) {
  std::vector<Index> parent(order.size());
  ConnectedSets sets(order.size());
  for (const Index pixel : order) {
    parent[pixel] = pixel;
    sets.add(pixel);
    Index mine = pixel;
    for_each_neighbour(pixel, values.size, [&](Index neighbour) {
      if (!sets.has(neighbour)) return;
      const Index other = sets.find(neighbour);
      if (other == mine) return;
      parent[sets.top(other)] = pixel;
      mine = sets.join(mine, other, pixel);
    });
  }
  return parent;
}

// Makes every parent the one pixel that stands for its component: the last of equal values in the order of
// flooding.
void canonize(std::span<const float> values, std::span<const Index> order, std::vector<Index>& parent) {
  for (std::size_t i = order.size(); i-- > 0;) {
    const Index pixel = order[i];
    const Index above = parent[pixel];
    if (values[above] == values[parent[above]]) parent[pixel] = parent[above];
  }
}

// Numbers the pixels that stand for components, high to low, and gives every pixel its node.
ComponentTree number_nodes(std::span<const float> values, std::span<const Index> order,
                           std::span<const Index> parent) {
  ComponentTree tree{std::vector<Index>(order.size(), none), {}};
  std::vector<Index> representative;
  for (const Index pixel : order) {
    const bool stands_for_component = parent[pixel] == pixel || values[parent[pixel]] != values[pixel];
    if (!stands_for_component) continue;
    tree.node_of[pixel] = static_cast<Index>(representative.size());
    representative.push_back(pixel);
  }
  for (const Index pixel : order) {
    if (tree.node_of[pixel] == none) tree.node_of[pixel] = tree.node_of[parent[pixel]];
  }
  for (const Index pixel : representative) tree.parent.push_back(tree.node_of[parent[pixel]]);
  return tree;
}

}  // namespace

ComponentTree component_tree(MapView values) {
  const auto order = sorted_pixels(values.pixels());
  auto parent = pixel_parents(values, order);
  canonize(values.pixels(), order, parent);
  return number_nodes(values.pixels(), order, parent);
}

}  // namespace uflow::plain
