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
    for (const bool soft : {false, true}) {
      plain::joint_energy(energies, soft, wanted);
      test::with_every_instruction_set([&] {
        joint_energy(energies, soft, out, workspace);
        CHECK(out == wanted);
      });
      CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x >= 0 && std::isfinite(x); }));
    }
  }
}

TEST_CASE(
    "the soft minimum is between the least and √scales times as much, from nothing to the largest energy") {
  const float some[] = {0, 1e-30f, 1, 7, 1e29f, 3e38f, 1e21f, 1e17f};
  const float others[] = {3e38f, 0, 9, 7, 1e-3f, 3e38f, 1e21f, 1e19f};
  // On this background −2·ln p of small energies is nearly that of χ²₂, the energy itself.
  const EnergyView energies[] = {{some, 2, {8, 1}}, {others, 2, {8, 1}}};
  std::vector<float> least(8), soft(8);
  JointEnergyWorkspace workspace;
  joint_energy(energies, false, least, workspace);
  joint_energy(energies, true, soft, workspace);
  for (std::size_t i = 0; i < soft.size(); i++) {
    CHECK(soft[i] >= least[i] * 0.999f);
    CHECK(soft[i] <= least[i] * std::sqrt(2.001f));
  }
  CHECK(soft[3] == doctest::Approx(7));
}

TEST_CASE("a pixel is as improbable as the least improbable of its scales") {
  const float fine[] = {10, 90}, coarse[] = {40};
  const EnergyView energies[] = {{fine, 10, {2, 1}}, {coarse, 10, {1, 1}, 1.5, 8}};
  const auto energy = [](double x, double dof) {
    return -2 * std::numbers::ln10 * log_chi2_survival(x, dof, Tail::exact);
  };
  std::vector<float> out(2);
  JointEnergyWorkspace workspace;
  joint_energy(energies, false, out, workspace);
  CHECK(out[0] == doctest::Approx(energy(10, 10)));
  CHECK(out[1] == doctest::Approx(energy(40 / 1.5, 8)));
  joint_energy(energies, true, out, workspace);
  const double a = energy(90, 10), b = energy(40 / 1.5, 8);
  CHECK(out[1] == doctest::Approx(std::sqrt(2 / (1 / (a * a) + 1 / (b * b)))));
  const Background by_chance = joint_background(energies);
  CHECK(by_chance.scale == 1);
  CHECK(by_chance.dof == 2);
  CHECK(by_chance.area == 2);
}
