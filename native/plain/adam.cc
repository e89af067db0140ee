#include "adam.h"

#include <cmath>
#include <vector>

namespace uflow::plain {
namespace {

std::vector<float> flat(std::span<const GradientPiece> gradient) {
  std::vector<float> result;
  for (const auto& [shares, length] : gradient) {
    for (std::size_t i = 0; i < length; i++) {
      float sum = shares[0][i];
      for (std::size_t k = 1; k < shares.size(); k++) sum += shares[k][i];
      result.push_back(sum);
    }
  }
  return result;
}

float single(double value) {
  return static_cast<float>(value);
}

}  // namespace

double gradient_norm(std::span<const GradientPiece> gradient) {
  double sum = 0;
  for (const double slope : flat(gradient)) sum += slope * slope;
  return std::sqrt(sum);
}

void adam_step(std::span<const GradientPiece> gradient, const AdamOptions& options, const AdamVectors& before,
               const AdamVectors& after, std::span<float* const> copies) {
  const auto slopes = flat(gradient);
  for (std::size_t i = 0; i < slopes.size(); i++) {
    const float before_value = before.values[i];
    const float slope =
        single(options.gradient_scale) * slopes[i] + single(options.weight_decay) * before_value;
    const float first = single(options.beta1) * before.first_moment[i] + single(1 - options.beta1) * slope;
    const float second =
        single(options.beta2) * before.second_moment[i] + single(1 - options.beta2) * (slope * slope);
    const float deviation = std::sqrt(second) * single(options.inverse_correction) + single(options.epsilon);
    after.values[i] = before_value - single(options.step_size) * (first / deviation);
    after.first_moment[i] = first;
    after.second_moment[i] = second;
    for (float* values : copies) values[i] = after.values[i];
  }
}

}  // namespace uflow::plain
