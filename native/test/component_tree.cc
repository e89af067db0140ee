#include "../kernels/component_tree.h"

#include <map>
#include <set>

#include "doctest/doctest.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

namespace {

using Pixels = std::set<std::uint32_t>;

// The 4-connected component of {u ≥ u[start]} that holds `start`, by flooding: the specification.
Pixels component(const Map& map, std::uint32_t start) {
  Pixels found{start};
  std::vector<std::uint32_t> open{start};
  const auto [width, height] = map.size;
  while (!open.empty()) {
    const std::uint32_t pixel = open.back();
    open.pop_back();
    const auto visit = [&](std::uint32_t next) {
      if (map.data[next] >= map.data[start] && found.insert(next).second) open.push_back(next);
    };
    const std::size_t x = pixel % width, y = pixel / width;
    if (x > 0) visit(pixel - 1);
    if (x + 1 < width) visit(pixel + 1);
    if (y > 0) visit(pixel - static_cast<std::uint32_t>(width));
    if (y + 1 < height) visit(pixel + static_cast<std::uint32_t>(width));
  }
  return found;
}

// The pixels of every node, those of its children included.
std::vector<Pixels> node_pixels(const ComponentTree& tree) {
  std::vector<Pixels> result(tree.nodes());
  for (std::uint32_t i = 0; i < tree.node_of.size(); i++) result[tree.node_of[i]].insert(i);
  for (std::size_t node = 0; node + 1 < tree.nodes(); node++) {
    result[tree.parent[node]].insert(result[node].begin(), result[node].end());
  }
  return result;
}

}  // namespace

TEST_CASE("every node is a component of a level set, and every component is a node") {
  Random random(1);
  for (int round = 0; round < 400; round++) {
    const Map map = test::random_map(random, 9);
    const ComponentTree tree = component_tree(map.view());
    const auto nodes = node_pixels(tree);
    CHECK(tree.parent.back() == tree.nodes() - 1);
    CHECK(nodes.back().size() == map.size.pixels());
    std::set<Pixels> components;
    for (std::uint32_t i = 0; i < map.data.size(); i++) {
      const Pixels wanted = component(map, i);
      components.insert(wanted);
      CHECK(nodes[tree.node_of[i]] == wanted);
    }
    CHECK(components.size() == tree.nodes());
    for (std::size_t node = 0; node + 1 < tree.nodes(); node++) CHECK(tree.parent[node] > node);
  }
}

TEST_CASE("negative values and both zeros are ordered") {
  const Map map{{5, 1}, {-1.0f, -0.0f, 0.0f, -2.0f, 1.0f}};
  const ComponentTree tree = component_tree(map.view());
  CHECK(tree.nodes() == 4);
  CHECK(tree.node_of[1] == tree.node_of[2]);
  CHECK(tree.node_of[3] == 3);
}
