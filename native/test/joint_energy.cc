#include "../kernels/joint_energy.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "../kernels/tail.h"
#include "../plain/joint_energy.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

TEST_CASE("the joint energy equals its specification and is an energy, whatever the energies and sizes") {
  Random random(4);
  JointEnergyWorkspace workspace;
  for (int round = 0; round < 200; round++) {
    const Map fine = test::random_map(random, 40);
    const Map coarse = test::random_map(random, 12);
    EnergyView energies[] = {fine.energy(1 + random.below(20)), coarse.energy(1 + random.below(60))};
    energies[1].scale = random.below(2) == 0 ? 1e-30 : 0.1 + random.uniform();
    energies[1].dof = 0.5 + 30 * random.uniform();
    std::vector<float> out(fine.data.size()), wanted(fine.data.size());
    plain::joint_energy(energies, wanted);
    test::with_every_instruction_set([&] {
      joint_energy(energies, out, workspace);
      CHECK(out == wanted);
    });
    CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x >= 0 && std::isfinite(x); }));
  }
}

TEST_CASE("a pixel is as improbable as the least improbable of its scales") {
  const float fine[] = {10, 90}, coarse[] = {40};
  const EnergyView energies[] = {{fine, 10, {2, 1}}, {coarse, 10, {1, 1}, 1.5, 8}};
  const auto energy = [](double x, double dof) {
    return -2 * std::numbers::ln10 * log_chi2_survival(x, dof, Tail::exact);
  };
  std::vector<float> out(2);
  JointEnergyWorkspace workspace;
  joint_energy(energies, out, workspace);
  CHECK(out[0] == doctest::Approx(energy(10, 10)));
  CHECK(out[1] == doctest::Approx(energy(40 / 1.5, 8)));
  const Background by_chance = joint_background(energies);
  CHECK(by_chance.scale == 1);
  CHECK(by_chance.dof == 2);
  CHECK(by_chance.area == 2);
}
