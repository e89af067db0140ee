// Phase 4, the other test: by windows instead of regions. Under the hypothesis "only chance" each z² of a
// window exceeds the quantile τ of χ²₁ with the same small probability, so that the number that do is
// binomial. docs/maths.md, "The test of windows".
#pragma once

#include <cstdint>
#include <span>

#include "binomial_tail.h"
#include "views.h"

namespace uflow {

struct WindowTest {
  // Pixels at the finest scale, 1 … 63; each coarser scale has half as many. A window has an odd side: 2·h +
  // 1, h = max(⌊size/2⌋, 1).
  std::uint32_t window_size = 5;
  // Of a z² below τ; 1e-6 … 1 − 1e-6.
  double probability = 0.9;
  BinomialKind kind = BinomialKind::discrete;
};

// The τ with P(χ²₁ < τ) = probability.
double chi2_quantile(double probability);

// h of the window at a scale (0: the finest).
std::uint32_t half_window(const WindowTest& test, std::size_t scale);

// What is asked of a latent, told in its name: throws BadTensor at a pixel with NaN or infinity.
void check_finite(LatentView latent, std::size_t scale);

// Per pixel log10 of the number of false alarms: log10 of all scales' number of pixels plus the sum over
// scales of the window's log10 probability, upsampled (bicubic). `latents` finest first, at most 65535
// channels each. `out` has to.pixels() values. Throws BadTensor on NaN or infinity. One pass over the
// latents, one over `out`.
void nfa_block_map(std::span<const LatentView> latents, Size to, const WindowTest& test,
                   std::span<float> out);

// Per pixel, how many channels of a latent have z² ≥ τ, where the network has counted them: [height, width],
// whole numbers 0 … channels.
struct CountsView {
  const float* data;
  std::size_t channels;
  Size size;
};

// The same from these counts. Throws BadTensor on what is no such count.
void nfa_block_map_of_counts(std::span<const CountsView> counts, Size to, const WindowTest& test,
                             std::span<float> out);

}  // namespace uflow
