// Energy and anomaly map on random shapes, under the sanitizers.
#include "../kernels/anomaly_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "../plain/anomaly_map.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

TEST_CASE("energy and anomaly map equal their specification, with the same bits on every instruction set") {
  Random random(5);
  for (int round = 0; round < 300; round++) {
    const Map fine = test::random_map(random, 20);
    const Map coarse = test::random_map(random, 20);
    const EnergyView energies[] = {fine.energy(1 + random.below(900)), coarse.energy(1 + random.below(900))};
    const Size to{1 + random.below(40), 1 + random.below(40)};
    std::vector<float> wanted(to.pixels());
    plain::anomaly_map(energies, to, wanted);
    const auto map = [&] {
      std::vector<float> out(to.pixels());
      AnomalyMapWorkspace workspace;
      const float largest = anomaly_map(energies, to, out, workspace);
      CHECK(largest == *std::max_element(out.begin(), out.end()));
      return out;
    };
    test::same_with_every_instruction_set(map);
    const auto found = map();
    for (std::size_t i = 0; i < found.size(); i++) CHECK(std::abs(found[i] - wanted[i]) <= 2e-7f);
  }
}

TEST_CASE("a workspace serves maps of any sizes, one after the other") {
  Random random(7);
  AnomalyMapWorkspace reused;
  for (int round = 0; round < 100; round++) {
    const Map map = test::random_map(random, 20);
    const std::vector<EnergyView> energies(1 + random.below(3), map.energy(1 + random.below(9)));
    const Size to{1 + random.below(40), 1 + random.below(40)};
    std::vector<float> out(to.pixels()), wanted(to.pixels());
    AnomalyMapWorkspace fresh;
    anomaly_map(energies, to, wanted, fresh);
    anomaly_map(energies, to, out, reused);
    CHECK(out == wanted);
  }
}

TEST_CASE("the energy of a latent equals its specification bit for bit, for any shape") {
  Random random(8);
  for (int round = 0; round < 200; round++) {
    const Size size{1 + random.below(70), 1 + random.below(70)};
    const std::size_t channels = 1 + random.below(12);
    std::vector<float> z(channels * size.pixels());
    for (float& value : z) value = static_cast<float>(6 * random.uniform() - 3);
    std::vector<float> wanted(size.pixels()), out(size.pixels());
    plain::energy({z.data(), channels, size}, wanted);
    test::with_every_instruction_set([&] {
      energy({z.data(), channels, size}, out);
      CHECK(out == wanted);
    });
  }
}

TEST_CASE("the likelihood has the right last digit, down to the smallest floats") {
  std::vector<float> energies;
  for (float value = 0; value < 230; value += 0.0137f) energies.push_back(value);
  energies.push_back(std::numeric_limits<float>::max());
  energies.push_back(std::numeric_limits<float>::denorm_min());
  std::vector<float> out(energies.size());
  test::with_every_instruction_set([&] {
    loops().likelihood(energies.data(), energies.size(), -0.5f, out.data());
    for (std::size_t i = 0; i < out.size(); i++) {
      const double wanted = std::exp(-0.5 * static_cast<double>(energies[i]));
      const double unit = std::max(std::ldexp(1.0, -149), std::ldexp(wanted, -23));
      CHECK(std::abs(out[i] - wanted) <= unit);
    }
  });
}

TEST_CASE("numbers that no image can give are refused") {
  const float nan[] = {1, std::nanf("")};
  std::vector<float> out(2);
  AnomalyMapWorkspace workspace;
  CHECK_THROWS_AS(anomaly_map(std::array{EnergyView{nan, 1, {2, 1}}}, {2, 1}, out, workspace), BadTensor);
  CHECK_THROWS_AS(energy({nan, 1, {2, 1}}, out), BadTensor);
}
