#include "number_of_regions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace uflow {
namespace {

constexpr double alpha = 0.316915;
constexpr double beta = 4.062570;

// ln Σ_{r = 1…n} α·βʳ/r. The largest sizes dominate: βⁿ/n is taken out, and terms are added from there
// downwards until they no longer count.
double log_of_all_sizes(double n) {
  double sum = 0;
  double power = 1;
  for (double k = 0; k < n && power * n > 1e-20; k += 1, power /= beta) sum += power * n / (n - k);
  return std::log(alpha) + n * std::log(beta) - std::log(n) + std::log(sum);
}

}  // namespace

double log_number_of_polyominoes(double cells) {
  return (std::log(alpha) + cells * std::log(beta) - std::log(cells)) / std::numbers::ln10;
}

double log_number_of_regions(std::span<const double> pixels) {
  std::vector<double> logs;
  for (const double n : pixels) logs.push_back(std::log(n) + log_of_all_sizes(n));
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double value : logs) sum += std::exp(value - largest);
  return (largest + std::log(sum)) / std::numbers::ln10;
}

std::vector<double> log_numbers_of_tests(std::span<const double> pixels, Tests tests) {
  if (tests == Tests::all) return std::vector<double>(pixels.size(), log_number_of_regions(pixels));
  const double scales = std::log10(static_cast<double>(pixels.size()));
  std::vector<double> result;
  for (const double& n : pixels) {
    result.push_back(scales + (tests == Tests::per_scale ? log_number_of_regions({&n, 1})
                                                         : 2 * std::log10(n) + log_number_of_polyominoes(1)));
  }
  return result;
}

std::vector<double> log_numbers_of_tests(std::span<const EnergyView> energies, Tests tests) {
  std::vector<double> counts;
  for (const auto& energy : energies) {
    const auto pixels = static_cast<double>(energy.size.pixels());
    counts.push_back(tests == Tests::by_size ? std::max(pixels / energy.area, 1.0) : pixels);
  }
  return log_numbers_of_tests(counts, tests);
}

}  // namespace uflow
