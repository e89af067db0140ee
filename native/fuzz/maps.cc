// The kernels from latent to map.
#include "../kernels/anomaly_map.h"
#include "../kernels/joint_test.h"
#include "../kernels/nfa_block.h"
#include "../kernels/nfa_tree.h"
#include "../kernels/resample.h"
#include "../plain/anomaly_map.h"
#include "../plain/joint_energy.h"
#include "../plain/joint_test.h"
#include "../plain/nfa_block.h"
#include "../plain/nfa_tree.h"
#include "../plain/resample.h"
#include "check.h"
#include "targets.h"

namespace uflow::fuzz {
namespace {

constexpr std::size_t largest_side = 24;

// One to three energies and their memory.
struct Energies {
  std::vector<std::vector<float>> data;
  std::vector<EnergyView> views;

  explicit Energies(Input& input) : data(1 + input.below(3)) {
    for (auto& plane : data) {
      const Size size = input.size(largest_side);
      const std::size_t channels = 1 + input.below(200);
      plane = input.floats(size.pixels());
      views.push_back({plane.data(), channels, size});
      if (input.below(2) == 0) continue;
      views.back().dof = 0.25 + input.byte();
      views.back().scale = (1 + input.byte()) / 64.0;
      views.back().area = 1 + input.byte() / 8.0;
    }
  }
};

}  // namespace

void energy(Input& input) {
  const Size size = input.size(largest_side);
  const std::size_t channels = 1 + input.below(9);
  const auto z = input.floats(channels * size.pixels());
  const LatentView latent{z.data(), channels, size};
  require_same(made(size.pixels(), [&](auto out) { uflow::energy(latent, out); }),
               made(size.pixels(), [&](auto out) { plain::energy(latent, out); }));
}

void anomaly_map(Input& input) {
  const Energies energies(input);
  const Size to = input.size(40);
  AnomalyMapWorkspace workspace;
  const auto fast =
      made(to.pixels(), [&](auto out) { uflow::anomaly_map(energies.views, to, out, workspace); });
  require_same(fast, made(to.pixels(), [&](auto out) { plain::anomaly_map(energies.views, to, out); }), 3e-7);
  for (const float value : fast) require(value >= 0 && value <= 1, "an anomaly map leaves 0 … 1");
}

void joint_energy(Input& input) {
  const Energies energies(input);
  const std::size_t pixels = energies.views[0].size.pixels();
  const bool soft = input.below(2) == 1;
  JointEnergyWorkspace workspace;
  const auto fast =
      made(pixels, [&](auto out) { uflow::joint_energy(energies.views, soft, out, workspace); });
  require_same(fast, made(pixels, [&](auto out) { plain::joint_energy(energies.views, soft, out); }));
  for (const float value : fast) require(value >= 0 && std::isfinite(value), "a joint energy is no energy");
}

void joint_test(Input& input) {
  const Energies energies(input);
  const Size to = input.size(24);
  JointBackground background{{1, 2, 4}, {}};
  if (input.below(2) == 1) background.mean = {1 + 2 * input.below(5), {0.5, 3, 9}};
  background.soft = input.below(2) == 1;
  JointTestWorkspace workspace;
  const auto fast = made(to.pixels(), [&](auto out) {
    uflow::joint_test(energies.views, background, to, Tail::exact, Tests::by_size, out, workspace);
  });
  require_same(fast, made(to.pixels(), [&](auto out) {
                 plain::joint_test(energies.views, background, to, Tail::exact, Tests::by_size, out);
               }));
}

void nfa_tree(Input& input) {
  const Energies energies(input);
  const Size to = input.size(40);
  const Tail tail = input.below(2) == 0 ? Tail::exact : Tail::chernoff;
  const auto tests = static_cast<Tests>(input.below(3));
  NfaTreeWorkspace workspace;
  const auto fast = made(
      to.pixels(), [&](auto out) { uflow::nfa_tree_map(energies.views, to, tail, tests, out, workspace); });
  require_same(
      fast, made(to.pixels(), [&](auto out) { plain::nfa_tree_map(energies.views, to, tail, tests, out); }),
      1e-6);
  for (const float value : fast) require(std::isfinite(value), "a map of log NFA is not finite");
}

void nfa_block(Input& input) {
  std::vector<std::vector<float>> data(1 + input.below(3));
  std::vector<LatentView> latents;
  for (auto& z : data) {
    const Size size = input.size(9);
    const std::size_t channels = 1 + input.below(9);
    z = input.floats(channels * size.pixels());
    latents.push_back({z.data(), channels, size});
  }
  const Size to = input.size(40);
  const WindowTest test{static_cast<std::uint32_t>(1 + input.below(9)), (1 + input.byte()) / 257.0,
                        input.below(2) == 0 ? BinomialKind::discrete : BinomialKind::continuous};
  const auto fast = made(to.pixels(), [&](auto out) { uflow::nfa_block_map(latents, to, test, out); });
  require_same(fast, made(to.pixels(), [&](auto out) { plain::nfa_block_map(latents, to, test, out); }),
               1e-4);
  for (const float value : fast) require(std::isfinite(value), "a map of log NFA is not finite");
}

void resample(Input& input) {
  const std::size_t choices[] = {1, 3, 4};
  const std::size_t channels = choices[input.below(3)];
  const Size from = input.size(64), to = input.size(64);
  std::vector<std::uint8_t> pixels(from.pixels() * channels);
  for (auto& value : pixels) value = input.byte();
  Normalization normalization;
  normalization.mean[0] = 0.25f, normalization.std[2] = 0.5f;
  const ImageView image{pixels.data(), from, channels};
  ResampleWorkspace workspace;
  require_same(
      made(3 * to.pixels(), [&](auto out) { uflow::resample(image, to, normalization, out, workspace); }),
      made(3 * to.pixels(), [&](auto out) { plain::resample(image, to, normalization, out); }));
}

}  // namespace uflow::fuzz
