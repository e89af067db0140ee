#include "../kernels/adam.h"

#include <cmath>
#include <limits>
#include <vector>

#include "../plain/adam.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Random;

namespace {

std::vector<float> normals(Random& random, std::size_t count, double scale) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(scale * (random.uniform() - 0.5));
  return values;
}

struct State {
  std::vector<float> values, first, second;

  AdamVectors view() { return {values.data(), first.data(), second.data()}; }
  bool operator==(const State&) const = default;
};

struct Case {
  std::vector<std::vector<float>> memory;
  std::vector<GradientPiece> gradient;
  State state;
};

Case random_case(Random& random, std::size_t pieces, std::size_t shares, std::size_t longest) {
  Case made;
  std::size_t count = 0;
  for (std::size_t i = 0; i < pieces; i++) {
    GradientPiece piece{{}, random.below(longest)};
    for (std::size_t k = 0; k < shares; k++) {
      made.memory.push_back(normals(random, piece.length, std::pow(10, 8 * random.uniform() - 4)));
      piece.shares.push_back(made.memory.back().data());
    }
    made.gradient.push_back(piece);
    count += piece.length;
  }
  made.state = {normals(random, count, 2), normals(random, count, 1), normals(random, count, 1)};
  for (float& square : made.state.second) square *= square;
  return made;
}

AdamOptions random_options(Random& random) {
  return {.beta1 = 0.9,
          .beta2 = 0.999,
          .epsilon = 1e-8,
          .gradient_scale = random.uniform(),
          .weight_decay = random.below(2) == 0 ? 0 : 1e-5,
          .step_size = 0.1 * random.uniform(),
          .inverse_correction = 1 + 30 * random.uniform()};
}

}  // namespace

TEST_CASE("Adam's step equals its specification, in place or not, whatever the pieces, shares and threads") {
  Random random(7);
  for (int round = 0; round < 60; round++) {
    // Of the longest some are worked on by several threads.
    const std::size_t longest = round % 20 == 0 ? 400000 : 5000;
    Case given = random_case(random, 1 + random.below(6), 1 + random.below(3), longest);
    const AdamOptions options = random_options(random);
    const std::size_t count = given.state.values.size();
    State wanted = given.state;
    plain::adam_step(given.gradient, options, given.state.view(), wanted.view(), {});
    test::with_every_instruction_set([&] {
      for (const std::size_t threads : {1, 3}) {
        State in_place = given.state;
        adam_step(given.gradient, options, in_place.view(), in_place.view(), {}, threads);
        CHECK(in_place == wanted);

        State before = given.state;
        State after{std::vector<float>(count), std::vector<float>(count), std::vector<float>(count)};
        std::vector<float> copy(count);
        float* const copies[] = {copy.data()};
        adam_step(given.gradient, options, before.view(), after.view(), copies, threads);
        CHECK(after == wanted);
        CHECK(before == given.state);
        CHECK(copy == wanted.values);
      }
    });
  }
}

TEST_CASE(
    "the norm of a gradient is that of the sum of its shares, the same bits with any number of threads") {
  Random random(8);
  for (int round = 0; round < 40; round++) {
    const std::size_t longest = round % 20 == 0 ? 400000 : 5000;
    const Case given = random_case(random, 1 + random.below(6), 1 + random.below(3), longest);
    const double wanted = plain::gradient_norm(given.gradient);
    const double norm = gradient_norm(given.gradient, 1);
    CHECK(norm == doctest::Approx(wanted).epsilon(1e-12));
    test::with_every_instruction_set([&] {
      CHECK(gradient_norm(given.gradient, 1) == norm);
      CHECK(gradient_norm(given.gradient, 3) == norm);
    });
  }
}

TEST_CASE("a gradient that is not finite has no finite norm") {
  std::vector<float> slopes(5000);
  slopes[4321] = std::numeric_limits<float>::quiet_NaN();
  const GradientPiece gradient[] = {{{slopes.data()}, slopes.size()}};
  CHECK(std::isnan(gradient_norm(gradient, 2)));
  slopes[4321] = std::numeric_limits<float>::infinity();
  CHECK(std::isinf(gradient_norm(gradient, 2)));
}
