#include "../kernels/joint_test.h"

#include <algorithm>
#include <cmath>

#include "../kernels/box_mean.h"
#include "../plain/joint_test.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

TEST_CASE("means over squares are those of the pixels that are on the map") {
  std::vector<float> map = {1, 2, 3, 4, 5, 6}, workspace;
  box_mean(map, {3, 2}, 1, workspace);
  CHECK(map == std::vector<float>{1, 2, 3, 4, 5, 6});
  box_mean(map, {3, 2}, 3, workspace);
  const float wanted[] = {3, 3.5f, 4, 3, 3.5f, 4};
  for (std::size_t i = 0; i < map.size(); i++) CHECK(map[i] == doctest::Approx(wanted[i]));
  box_mean(map, {3, 2}, 255, workspace);
  for (const float value : map) CHECK(value == doctest::Approx(3.5));
}

TEST_CASE("means over squares equal their specification") {
  Random random(8);
  std::vector<float> workspace;
  for (int round = 0; round < 100; round++) {
    Map map = test::random_map(random, 30);
    const std::size_t side = 1 + 2 * random.below(9);
    const auto wanted = plain::box_mean({map.data.data(), map.size}, side);
    box_mean(map.data, map.size, side, workspace);
    CHECK(map.data == wanted);
  }
}

TEST_CASE("the joint test equals its specification") {
  Random random(9);
  JointTestWorkspace workspace;
  for (int round = 0; round < 200; round++) {
    const Map fine = test::random_map(random, 24);
    const Map coarse = test::random_map(random, 12);
    const EnergyView energies[] = {fine.energy(1 + random.below(4)), coarse.energy(1 + random.below(8))};
    JointBackground background{{0.2 + random.uniform(), 1 + 4 * random.uniform(), 1 + 8 * random.uniform()},
                               {}};
    if (random.below(4) > 0) {
      background.mean = {1 + 2 * random.below(4),
                         {0.1 + random.uniform(), 1 + 8 * random.uniform(), 1 + 15 * random.uniform()}};
    }
    background.soft = random.below(2) == 1;
    const Size to{1 + random.below(50), 1 + random.below(50)};
    const Tests tests = random.below(4) == 0 ? Tests::per_scale : Tests::by_size;
    std::vector<float> out(to.pixels()), wanted(to.pixels());
    plain::joint_test(energies, background, to, Tail::exact, tests, wanted);
    test::with_every_instruction_set([&] {
      joint_test(energies, background, to, Tail::exact, tests, out, workspace);
      CHECK(out == wanted);
    });
    CHECK(std::all_of(out.begin(), out.end(), [](float x) { return std::isfinite(x); }));
  }
}

TEST_CASE("a region must stand the test of its means and that of its pixels") {
  constexpr Size size{16, 16};
  std::vector<float> map(size.pixels(), 1.0f);
  // A single pixel, and a square of nine.
  map[2 * size.width + 2] = 60;
  for (std::size_t y = 9; y < 12; y++) {
    for (std::size_t x = 9; x < 12; x++) map[y * size.width + x] = 60;
  }
  const EnergyView energy{map.data(), 2, size};
  const auto nfa_at = [&](const JointBackground& background, std::size_t x, std::size_t y) {
    JointTestWorkspace workspace;
    std::vector<float> out(size.pixels());
    joint_test({&energy, 1}, background, size, Tail::exact, Tests::by_size, out, workspace);
    return out[y * size.width + x];
  };
  const Background pixel{1, 2, 1};
  const float single = nfa_at({pixel, {}}, 2, 2);
  const float square = nfa_at({pixel, {}}, 10, 10);
  CHECK(single < 0);
  CHECK(square < 0);
  // Means as improbable as can be: the pixels decide.
  CHECK(nfa_at({pixel, JointBackground::Mean{3, {0.01, 2, 1}}}, 10, 10) == doctest::Approx(square));
  // Means that nothing is improbable of: nothing is detected.
  CHECK(nfa_at({pixel, JointBackground::Mean{3, {1e3, 2, 1}}}, 10, 10) > 0);
  // The mean of a square stays, that of a single pixel does not.
  const JointBackground both{pixel, JointBackground::Mean{3, {2, 2, 1}}};
  CHECK(nfa_at(both, 2, 2) > 0);
  CHECK(nfa_at(both, 10, 10) < 0);
}
