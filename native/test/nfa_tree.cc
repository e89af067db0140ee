#include "../kernels/nfa_tree.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "../kernels/component_tree.h"
#include "doctest/doctest.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

namespace {

// The selection written as a recursion over explicit lists of pixels: the specification.
class Specification {
 public:
  Specification(const Map& map, std::size_t channels, Tail tail)
      : map_(map), tree_(component_tree(scaled(map, channels).view())), children_(tree_.nodes()) {
    pixels_.resize(tree_.nodes());
    for (std::size_t i = 0; i < map.data.size(); i++) {
      for (std::uint32_t node = tree_.node_of[i];; node = tree_.parent[node]) {
        pixels_[node].push_back(i);
        if (tree_.parent[node] == node) break;
      }
    }
    for (std::uint32_t node = 0; node + 1 < tree_.nodes(); node++)
      children_[tree_.parent[node]].push_back(node);
    for (const auto& pixels : pixels_) {
      float smallest = std::numeric_limits<float>::infinity();
      for (const std::size_t pixel : pixels) smallest = std::min(smallest, map.data[pixel]);
      const double tail_of_pixel = log_chi2_survival(smallest, static_cast<double>(channels), tail);
      log_probability_.push_back(static_cast<double>(pixels.size()) * tail_of_pixel);
    }
  }

  std::vector<float> map() const {
    std::vector<float> result(map_.data.size(), std::numeric_limits<float>::quiet_NaN());
    for (const std::uint32_t node : clusters(static_cast<std::uint32_t>(tree_.nodes() - 1))) {
      for (const std::size_t pixel : pixels_[node])
        result[pixel] = static_cast<float>(log_probability_[node]);
    }
    return result;
  }

 private:
  // What remains of a node's branch.
  std::vector<std::uint32_t> clusters(std::uint32_t node) const {
    std::vector<std::uint32_t> below;
    bool all_single = true;
    double least = std::numeric_limits<double>::infinity();
    for (const std::uint32_t child : children_[node]) {
      const auto chosen = clusters(child);
      all_single = all_single && chosen.size() == 1;
      least = std::min(least, log_probability_[chosen[0]]);
      below.insert(below.end(), chosen.begin(), chosen.end());
    }
    if (below.empty()) return {node};
    const double mine = log_probability_[node];
    const bool replaces = all_single && (children_[node].size() == 1 ? mine < least : mine <= least);
    return replaces ? std::vector<std::uint32_t>{node} : below;
  }

  static Map scaled(const Map& map, std::size_t channels) {
    Map result = map;
    for (float& value : result.data) value /= static_cast<float>(channels);
    return result;
  }

  const Map& map_;
  ComponentTree tree_;
  std::vector<std::vector<std::uint32_t>> children_;
  std::vector<std::vector<std::size_t>> pixels_;
  std::vector<double> log_probability_;
};

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

TEST_CASE("the clusters are those of the recursive specification") {
  Random random(2);
  for (int round = 0; round < 400; round++) {
    const Map map = test::random_map(random, 9);
    const std::size_t channels = 1 + random.below(20);
    const Tail tail = random.below(2) == 0 ? Tail::exact : Tail::chernoff;
    std::vector<float> out(map.data.size());
    nfa_tree(map.energy(channels), tail, out);
    CHECK(same(out, Specification(map, channels, tail).map()));
  }
}

TEST_CASE("the map holds numbers only, whatever the energies and sizes") {
  Random random(3);
  for (int round = 0; round < 200; round++) {
    const Map fine = test::random_map(random, 12);
    const Map coarse = test::random_map(random, 12);
    const EnergyView energies[] = {fine.energy(1 + random.below(900)), coarse.energy(1 + random.below(900))};
    const Size to{1 + random.below(30), 1 + random.below(30)};
    std::vector<float> out(to.pixels());
    for (const Tail tail : {Tail::exact, Tail::chernoff}) {
      for (const Tests tests : {Tests::all, Tests::per_scale}) {
        nfa_tree_map(energies, to, tail, tests, out);
        CHECK(std::all_of(out.begin(), out.end(), [](float value) { return std::isfinite(value); }));
      }
    }
  }
}

TEST_CASE("a deep tree and a flat one need no recursion") {
  Map ramp{{400, 400}, {}};
  for (std::size_t i = 0; i < ramp.size.pixels(); i++) ramp.data.push_back(static_cast<float>(i));
  std::vector<float> out(ramp.size.pixels());
  nfa_tree(ramp.energy(8), Tail::exact, out);
  CHECK(std::isfinite(out.back()));
}
