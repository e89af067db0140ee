#include "number_of_regions.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace uflow {
namespace {

constexpr double alpha = 0.316915;
constexpr double beta = 4.062570;

// ln Σ_{r = 1…n} α·βʳ/r. The largest sizes dominate: βⁿ/n is taken out, and terms are added from there
// downwards until they no longer count.
double log_number_of_polyominoes(double n) {
  double sum = 0;
  double power = 1;
  for (double k = 0; k < n && power * n > 1e-20; k += 1, power /= beta) sum += power * n / (n - k);
  return std::log(alpha) + n * std::log(beta) - std::log(n) + std::log(sum);
}

}  // namespace

double log_number_of_regions(std::span<const double> pixels) {
  std::vector<double> logs;
  for (const double n : pixels) logs.push_back(std::log(n) + log_number_of_polyominoes(n));
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double value : logs) sum += std::exp(value - largest);
  return (largest + std::log(sum)) / std::numbers::ln10;
}

}  // namespace uflow
