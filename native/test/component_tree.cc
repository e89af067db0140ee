#include "../kernels/component_tree.h"

#include <map>
#include <set>

#include "../plain/component_tree.h"
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

// A tree of either kind as what it means: per pixel the smallest node that holds it, per node its pixels.
struct Nodes {
  std::vector<std::uint32_t> of_pixel;
  std::map<std::uint32_t, Pixels> pixels;
};

Nodes nodes_of(const plain::ComponentTree& tree) {
  Nodes result{tree.node_of, {}};
  for (std::uint32_t i = 0; i < tree.node_of.size(); i++) result.pixels[tree.node_of[i]].insert(i);
  for (std::uint32_t node = 0; node + 1 < tree.nodes(); node++) {
    CHECK(tree.parent[node] > node);
    result.pixels[tree.parent[node]].merge(Pixels(result.pixels[node]));
  }
  CHECK(tree.parent.back() == tree.nodes() - 1);
  return result;
}

Nodes nodes_of(const ComponentTree& tree) {
  const auto n = static_cast<std::uint32_t>(tree.pixels().size());
  Nodes result{std::vector<std::uint32_t>(n), {}};
  for (std::uint32_t rank = 0; rank < n; rank++) {
    const std::uint32_t node = tree.is_node(rank) ? rank : tree.parents()[rank];
    CHECK(tree.is_node(node));
    result.of_pixel[tree.pixels()[rank]] = node;
    result.pixels[node].insert(tree.pixels()[rank]);
    if (node == rank && rank + 1 < n) {
      CHECK(tree.parents()[rank] > rank);
      result.pixels[tree.parents()[rank]].merge(Pixels(result.pixels[rank]));
    }
  }
  CHECK(tree.parents()[n - 1] == n - 1);
  return result;
}

void check_against_flooding(const Map& map, const Nodes& nodes) {
  std::set<Pixels> components;
  for (std::uint32_t i = 0; i < map.data.size(); i++) {
    const Pixels wanted = component(map, i);
    components.insert(wanted);
    CHECK(nodes.pixels.at(nodes.of_pixel[i]) == wanted);
  }
  CHECK(components.size() == nodes.pixels.size());
}

}  // namespace

TEST_CASE("every node is a component of a level set, and every component is a node") {
  Random random(1);
  ComponentTree tree;
  for (int round = 0; round < 400; round++) {
    const Map map = test::random_map(random, 9);
    tree.build(map.view());
    check_against_flooding(map, nodes_of(tree));
    check_against_flooding(map, nodes_of(plain::component_tree(map.view())));
  }
}

TEST_CASE("negative values and both zeros are ordered") {
  const Map map{{5, 1}, {-1.0f, -0.0f, 0.0f, -2.0f, 1.0f}};
  ComponentTree tree;
  tree.build(map.view());
  for (const Nodes& nodes : {nodes_of(tree), nodes_of(plain::component_tree(map.view()))}) {
    CHECK(nodes.pixels.size() == 4);
    CHECK(nodes.of_pixel[1] == nodes.of_pixel[2]);
    CHECK(nodes.pixels.at(nodes.of_pixel[3]).size() == 5);
  }
}

TEST_CASE("with a least value the trees are those of the components above it") {
  Random random(2);
  ComponentTree tree, whole;
  for (int round = 0; round < 400; round++) {
    const Map map = test::random_map(random, 9);
    const float least = map.data[random.below(map.data.size())];
    tree.build(map.view(), least);
    whole.build(map.view());
    std::set<Pixels> wanted;
    for (std::uint32_t i = 0; i < map.data.size(); i++) {
      if (map.data[i] >= least) wanted.insert(component(map, i));
    }
    const auto n = static_cast<std::uint32_t>(tree.pixels().size());
    std::map<std::uint32_t, Pixels> pixels;
    for (std::uint32_t rank = 0; rank < n; rank++) {
      CHECK(map.data[tree.pixels()[rank]] >= least);
      CHECK(tree.pixels()[rank] == whole.pixels()[rank]);
      const std::uint32_t node = tree.is_node(rank) ? rank : tree.parents()[rank];
      pixels[node].insert(tree.pixels()[rank]);
      const std::uint32_t above = tree.parents()[rank];
      if (node == rank && above != rank) pixels[above].merge(Pixels(pixels[rank]));
    }
    std::set<Pixels> found;
    for (const auto& [node, all] : pixels) found.insert(all);
    CHECK(found == wanted);
  }
  tree.build(Map{{2, 2}, {0, 1, 2, 3}}.view(), 4);
  CHECK(tree.pixels().empty());
}
