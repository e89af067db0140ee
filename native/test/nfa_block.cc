#include "../kernels/nfa_block.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "../plain/nfa_block.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Random;

namespace {

struct Latent {
  Size size;
  std::size_t channels;
  std::vector<float> data;

  LatentView view() const { return {data.data(), channels, size}; }
};

// Sides from 1 up. Kinds: noise around τ, few levels, all exceeding, none, denormals, huge values of both
// signs.
Latent random_latent(Random& random, std::size_t largest_side) {
  Latent latent{{1 + random.below(largest_side), 1 + random.below(largest_side)}, 1 + random.below(11), {}};
  const std::size_t kind = random.below(6);
  for (std::size_t i = 0; i < latent.channels * latent.size.pixels(); i++) {
    const double u = 2 * random.uniform() - 1;
    const double values[] = {2.2 * u,
                             std::round(2 * u) * 0.82242683,
                             3,
                             0,
                             u * std::numeric_limits<float>::denorm_min() * 9,
                             u * std::numeric_limits<float>::max()};
    latent.data.push_back(static_cast<float>(values[kind]));
  }
  return latent;
}

}  // namespace

TEST_CASE("the map of windows equals its specification, with the same bits on every instruction set") {
  Random random(11);
  for (int round = 0; round < 150; round++) {
    const Latent fine = random_latent(random, 14);
    const Latent coarse = random_latent(random, 7);
    const std::array latents{fine.view(), coarse.view()};
    const Size to{1 + random.below(40), 1 + random.below(40)};
    const WindowTest test{static_cast<std::uint32_t>(1 + random.below(9)),
                          std::array{0.9, 0.5, 0.999, 0.01}[random.below(4)],
                          random.below(2) == 0 ? BinomialKind::discrete : BinomialKind::continuous};
    const auto map = [&] {
      std::vector<float> out(to.pixels());
      nfa_block_map(latents, to, test, out);
      return out;
    };
    test::same_with_every_instruction_set(map);
    const auto found = map();
    std::vector<float> wanted(to.pixels());
    plain::nfa_block_map(latents, to, test, wanted);
    // The largest term: bicubic weights overshoot, and terms of two scales may cancel.
    float largest = 1;
    for (const float value : wanted) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < found.size(); i++) CHECK(std::abs(found[i] - wanted[i]) <= 1e-6f * largest);
  }
}

TEST_CASE("the widest window on one pixel of the most channels counts without overflow") {
  const std::vector<float> z(65535, 2);
  const std::array latents{LatentView{z.data(), z.size(), {1, 1}}};
  for (const BinomialKind kind : {BinomialKind::discrete, BinomialKind::continuous}) {
    std::vector<float> out(1);
    nfa_block_map(latents, {1, 1}, {63, 0.9, kind}, out);
    const double last = 63 * 63 - 1 / 65535.0;
    CHECK(out[0] == doctest::Approx(log_binomial_survival(last, 63 * 63, 1 - 0.9, kind)));
  }
}

TEST_CASE("NaN and infinity are refused wherever they stand") {
  const float bad[] = {std::nanf(""), std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity()};
  for (std::size_t position = 0; position < 6 * 7; position++) {
    std::vector<float> z(6 * 7, 1);
    z[position] = bad[position % 3];
    const std::array latents{LatentView{z.data(), 6, {7, 1}}};
    std::vector<float> out(4);
    test::with_every_instruction_set([&] {
      CHECK_THROWS_AS(nfa_block_map(latents, {2, 2}, {}, out), BadTensor);
    });
    CHECK_THROWS_AS(plain::nfa_block_map(latents, {2, 2}, {}, out), BadTensor);
  }
}

TEST_CASE("the quantile of one degree of freedom is the inverse of the error function") {
  for (const double probability : {1e-6, 0.01, 0.5, 0.9, 0.999, 1 - 1e-6}) {
    const double tau = chi2_quantile(probability);
    CHECK(std::erf(std::sqrt(tau / 2)) == doctest::Approx(probability).epsilon(1e-15));
  }
  CHECK(std::abs(chi2_quantile(0.9) - 2.705543454095404) < 1e-13);
}
