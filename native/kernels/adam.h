// Adam's step over flat vectors (D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015),
// with weight decay added to the gradient. The gradient comes in shares, one per thread that computed one,
// and in pieces, one per parameter.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace uflow {

// The gradient of one parameter: the sum of `shares`, each of `length` numbers, in their order.
struct GradientPiece {
  std::vector<const float*> shares;
  std::size_t length;
};

// One number per parameter in each.
struct AdamVectors {
  float* values;
  float* first_moment;
  float* second_moment;
};

// Rounded to single precision after 1 − β was taken, which would lose digits there: by 10⁻⁵ of itself for β₂
// = 0.999. With β₁ = beta1, β₂ = beta2, at step t: step_size = rate/(1 − β₁ᵗ), inverse_correction = 1/√(1 −
// β₂ᵗ).
struct AdamOptions {
  double beta1, beta2, epsilon;
  double gradient_scale;
  double weight_decay;
  double step_size;
  double inverse_correction;
};

// The Euclidean norm of the gradient, in double precision. The same bits whatever the number of threads.
double gradient_norm(std::span<const GradientPiece> gradient, std::size_t threads);

// With g = gradient_scale·gradient + weight_decay·values:
//   first ← β₁·first + (1 − β₁)·g,  second ← β₂·second + (1 − β₂)·g²,
//   values ← values − step_size · first/(√second·inverse_correction + epsilon).
// Reads `before` and writes `after`, which may be the same, and the new values into `copies` too. One pass
// over memory, in as many threads; the same bits whatever their number.
void adam_step(std::span<const GradientPiece> gradient, const AdamOptions& options, const AdamVectors& before,
               const AdamVectors& after, std::span<float* const> copies, std::size_t threads);

}  // namespace uflow
