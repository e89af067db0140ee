#include "../kernels/nfa_tree.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "../plain/component_tree.h"
#include "../plain/nfa_tree.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

namespace {

// The selection written as a recursion over explicit lists of pixels: the specification.
class Specification {
 public:
  Specification(EnergyView energy, Tail tail, Significance significance)
      : by_size_(significance == Significance::by_size),
        count_(energy.size.pixels()),
        tree_(tree_of(energy)),
        children_(tree_.nodes()) {
    pixels_.resize(tree_.nodes());
    for (std::size_t i = 0; i < count_; i++) {
      for (std::uint32_t node = tree_.node_of[i];; node = tree_.parent[node]) {
        pixels_[node].push_back(i);
        if (tree_.parent[node] == node) break;
      }
    }
    for (std::uint32_t node = 0; node + 1 < tree_.nodes(); node++)
      children_[tree_.parent[node]].push_back(node);
    Chi2Table chi2(energy.dof);
    for (const auto& pixels : pixels_) {
      float smallest = std::numeric_limits<float>::infinity();
      for (const std::size_t pixel : pixels) smallest = std::min(smallest, energy.data[pixel]);
      const auto area = static_cast<double>(pixels.size());
      const double x = smallest / energy.scale;
      const double log_p =
          tail == Tail::exact ? chi2.log_survival(x) : log_chi2_survival(x, energy.dof, tail);
      significance_.push_back(by_size_ ? log_nfa_by_size(log_p, area, energy) : area * log_p);
    }
  }

  std::vector<float> map() const {
    std::vector<float> result(count_, std::numeric_limits<float>::quiet_NaN());
    for (const std::uint32_t node : clusters(static_cast<std::uint32_t>(tree_.nodes() - 1))) {
      for (const std::size_t pixel : pixels_[node]) result[pixel] = static_cast<float>(significance_[node]);
    }
    return result;
  }

 private:
  static double log_nfa_by_size(double log_p, double area, EnergyView energy) {
    const auto pixels = static_cast<double>(energy.size.pixels());
    if (log_p + std::log10(pixels) > 0) return std::numeric_limits<double>::quiet_NaN();
    const double cells = 1 + (area - 1) / energy.area;
    return cells * log_p + log_number_of_polyominoes(cells) - log_number_of_polyominoes(1);
  }

  // What remains of a node's branch.
  std::vector<std::uint32_t> clusters(std::uint32_t node) const {
    std::vector<std::uint32_t> below;
    bool all_single = true;
    double least = std::numeric_limits<double>::infinity();
    for (const std::uint32_t child : children_[node]) {
      const auto chosen = clusters(child);
      all_single = all_single && chosen.size() == 1;
      for (const std::uint32_t one : chosen) least = std::min(least, significance_[one]);
      below.insert(below.end(), chosen.begin(), chosen.end());
    }
    const double mine = significance_[node];
    if (children_[node].empty() && !std::isnan(mine)) return {node};
    const bool is_better = children_[node].size() == 1 ? mine < least : mine <= least;
    const bool replaces = is_better && (all_single || by_size_);
    return replaces ? std::vector<std::uint32_t>{node} : below;
  }

  static plain::ComponentTree tree_of(EnergyView energy) {
    std::vector<float> mean(energy.data, energy.data + energy.size.pixels());
    for (float& value : mean) value /= static_cast<float>(energy.channels);
    return plain::component_tree({mean.data(), energy.size});
  }

  bool by_size_;
  std::size_t count_;
  plain::ComponentTree tree_;
  std::vector<std::vector<std::uint32_t>> children_;
  std::vector<std::vector<std::size_t>> pixels_;
  std::vector<double> significance_;
};

// With the ideal degrees of freedom or with fitted ones.
EnergyView random_background(Random& random, const Map& map) {
  EnergyView energy = map.energy(1 + random.below(20));
  if (random.below(2) == 0) return energy;
  energy.dof = 0.5 + 30 * random.uniform();
  energy.scale = 0.1 + 3 * random.uniform();
  energy.area = 1 + 20 * random.uniform();
  return energy;
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

TEST_CASE("the clusters are those of the recursive specification") {
  Random random(2);
  ClusterFinder finder;
  for (int round = 0; round < 400; round++) {
    const Map map = test::random_map(random, 9);
    const EnergyView energy = random_background(random, map);
    for (const Tail tail : {Tail::exact, Tail::chernoff}) {
      for (const auto significance : {Significance::probability, Significance::by_size}) {
        const auto wanted = Specification(energy, tail, significance).map();
        std::vector<float> out(map.data.size());
        finder.find(energy, tail, significance, out);
        CHECK(same(out, wanted));
        plain::nfa_tree(energy, tail, significance, out);
        CHECK(same(out, wanted));
      }
    }
  }
}

TEST_CASE("rare pixels are found on backgrounds of any scale and any degrees of freedom") {
  Random random(5);
  ClusterFinder finder;
  const auto power_of_ten = [&](double least, double most) {
    return std::pow(10, least + (most - least) * random.uniform());
  };
  for (int round = 0; round < 400; round++) {
    Map map = test::random_map(random, 9);
    EnergyView energy = map.energy(1 + random.below(20));
    energy.scale = power_of_ten(-30, 30);
    energy.dof = power_of_ten(-3, 9);
    energy.area = power_of_ten(0, 3);
    // Around where rare begins, as far as floats reach.
    for (float& value : map.data) {
      const double x = energy.dof + 6 * random.uniform() * std::sqrt(2 * energy.dof) + 8 * random.uniform();
      value = static_cast<float>(std::min(x * energy.scale, 1e38));
    }
    std::vector<float> out(map.data.size());
    finder.find(energy, Tail::exact, Significance::by_size, out);
    CHECK(same(out, Specification(energy, Tail::exact, Significance::by_size).map()));
  }
}

TEST_CASE("the map equals its specification and holds numbers only, whatever the energies and sizes") {
  Random random(3);
  NfaTreeWorkspace workspace;
  for (int round = 0; round < 200; round++) {
    const Map fine = test::random_map(random, 40);
    const Map coarse = test::random_map(random, 12);
    const EnergyView energies[] = {random_background(random, fine), random_background(random, coarse)};
    const Size to{1 + random.below(50), 1 + random.below(50)};
    std::vector<float> out(to.pixels()), wanted(to.pixels());
    for (const Tail tail : {Tail::exact, Tail::chernoff}) {
      for (const Tests tests : {Tests::all, Tests::per_scale, Tests::by_size}) {
        plain::nfa_tree_map(energies, to, tail, tests, wanted);
        test::with_every_instruction_set([&] {
          nfa_tree_map(energies, to, tail, tests, out, workspace);
          CHECK(out == wanted);
        });
        CHECK(std::all_of(out.begin(), out.end(), [](float value) { return std::isfinite(value); }));
      }
    }
  }
}

TEST_CASE("a deep tree and a flat one need no recursion") {
  Map ramp{{400, 400}, {}};
  for (std::size_t i = 0; i < ramp.size.pixels(); i++) ramp.data.push_back(static_cast<float>(i));
  std::vector<float> out(ramp.size.pixels());
  ClusterFinder().find(ramp.energy(8), Tail::exact, Significance::probability, out);
  CHECK(std::isfinite(out.back()));
}

TEST_CASE("what lies apart becomes one region when it is more significant together") {
  // Two peaks on a ridge that is itself rare; the reference's selection would keep a third one apart for
  // ever.
  std::vector<float> data(16 * 16, 1);
  for (std::size_t x = 4; x < 12; x++) data[5 * 16 + x] = x == 5 || x == 7 || x == 9 ? 42.0f : 40.0f;
  const EnergyView energy{data.data(), 1, {16, 16}};
  std::vector<float> out(data.size());
  ClusterFinder().find(energy, Tail::exact, Significance::by_size, out);
  CHECK(out[5 * 16 + 4] == out[5 * 16 + 5]);
  const double ridge = 8 * log_chi2_survival(40, 1, Tail::exact);
  CHECK(out[5 * 16 + 4] ==
        doctest::Approx(ridge + log_number_of_polyominoes(8) - log_number_of_polyominoes(1)));
}

TEST_CASE("level sets that are not rare are no candidates by size") {
  // 200 pixels of 256 are far more than chance gives, but of energies that one pixel in ten has.
  std::vector<float> data(16 * 16, 1);
  std::fill_n(data.begin(), 200, 3.0f);
  std::vector<float> out(data.size());
  ClusterFinder().find({data.data(), 1, {16, 16}}, Tail::exact, Significance::by_size, out);
  CHECK(std::all_of(out.begin(), out.end(), [](float value) { return std::isnan(value); }));
}

TEST_CASE("correlated pixels count in cells") {
  const Size size{40, 25};
  std::vector<float> data(size.pixels(), 1);
  for (const std::size_t i : {100, 101, 102, 103, 104}) data[i] = 60;
  EnergyView energy{data.data(), 4, size};
  energy.area = 8;
  const auto tests = log_numbers_of_tests({&energy, 1}, Tests::by_size)[0];
  CHECK(tests == doctest::Approx(2 * std::log10(1000.0 / 8) + log_number_of_polyominoes(1)));
  std::vector<float> out(data.size());
  ClusterFinder().find(energy, Tail::exact, Significance::by_size, out);
  CHECK(out[102] == doctest::Approx(1.5 * log_chi2_survival(60, 4, Tail::exact) +
                                    log_number_of_polyominoes(1.5) - log_number_of_polyominoes(1)));
  energy.area = 1e9;
  CHECK(log_numbers_of_tests({&energy, 1}, Tests::by_size)[0] ==
        doctest::Approx(log_number_of_polyominoes(1)));
}

TEST_CASE("a region's budget by size is that of its polyominoes") {
  const double many = log_number_of_polyominoes(100) - log_number_of_polyominoes(1);
  CHECK(many == doctest::Approx(99 * std::log10(4.06257) - 2));
  const double pixels[] = {64, 16};
  const auto by_size = log_numbers_of_tests(std::span<const double>(pixels), Tests::by_size);
  CHECK(by_size[0] == doctest::Approx(std::log10(2 * 64.0 * 64 * 0.316915 * 4.06257)));
  CHECK(by_size[1] == doctest::Approx(std::log10(2 * 16.0 * 16 * 0.316915 * 4.06257)));
}
