#include "nfa_block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "bicubic.h"
#include "binomial_table.h"
#include "loops.h"

namespace uflow {
namespace {

using Counts = std::vector<std::uint32_t>;

// The counts of a block stay in the first-level cache while all channels pass by.
constexpr std::size_t block = 2048;

// The smallest |z| with z² ≥ τ, the square and τ in single precision. A comparison of |z| is one of its bits.
float smallest_exceeding(float tau) {
  float z = std::sqrt(tau);
  while (z * z >= tau) z = std::nextafter(z, 0.0f);
  while (z * z < tau) z = std::nextafter(z, 1e30f);
  return z;
}

// Per pixel how many channels have z² ≥ τ.
Counts exceedances(LatentView latent, std::size_t scale, float tau) {
  const auto limit = std::bit_cast<std::uint32_t>(smallest_exceeding(tau));
  const std::size_t pixels = latent.size.pixels();
  Counts counts(pixels);
  bool finite = true;
  for (std::size_t start = 0; start < pixels; start += block) {
    finite &= loops().count_large(latent.data + start, latent.channels, pixels,
                                  std::min(block, pixels - start), limit, counts.data() + start);
  }
  if (!finite) check_finite(latent, scale);
  return counts;
}

// The positions −half … size − 1 + half of an axis, continued by reflection (again and again, if the axis is
// shorter).
std::vector<std::size_t> reflected_axis(std::size_t size, std::size_t half) {
  std::vector<std::size_t> axis(size + 2 * half, 0);
  if (size == 1) return axis;
  const std::size_t period = 2 * (size - 1);
  for (std::size_t i = 0; i < axis.size(); i++) {
    const std::size_t position = (i + half * (period - 1)) % period;
    axis[i] = std::min(position, period - position);
  }
  return axis;
}

// out[x] = Σ row[axis[x]] … row[axis[x + 2·half]], of a row given by its reflected axis.
void sum_along(const Counts& row, const std::vector<std::size_t>& axis, std::size_t half,
               std::uint32_t* out) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 2 * half; i++) sum += row[axis[i]];
  for (std::size_t x = 0; x < row.size(); x++) {
    sum += row[axis[x + 2 * half]];
    out[x] = sum;
    sum -= row[axis[x]];
  }
}

// Sums over windows of (2·half + 1)² pixels, in place of the counts. They fit: 63²·65535 < 2³².
Counts window_sums(const Counts& counts, Size size, std::size_t half) {
  const auto columns = reflected_axis(size.width, half);
  const auto rows = reflected_axis(size.height, half);
  Counts sums(counts.size());
  Counts column_sums(size.width, 0);
  const auto row = [&](std::size_t i) { return counts.data() + rows[i] * size.width; };
  for (std::size_t i = 0; i < 2 * half; i++) {
    for (std::size_t x = 0; x < size.width; x++) column_sums[x] += row(i)[x];
  }
  for (std::size_t y = 0; y < size.height; y++) {
    const std::uint32_t* entering = row(y + 2 * half);
    const std::uint32_t* leaving = row(y);
    for (std::size_t x = 0; x < size.width; x++) column_sums[x] += entering[x];
    sum_along(column_sums, columns, half, sums.data() + y * size.width);
    for (std::size_t x = 0; x < size.width; x++) column_sums[x] -= leaving[x];
  }
  return sums;
}

Counts checked_counts(CountsView given, std::size_t scale) {
  const auto largest = static_cast<float>(given.channels);
  Counts counts(given.size.pixels());
  for (std::size_t i = 0; i < counts.size(); i++) {
    const float value = given.data[i];
    if (!(value >= 0 && value <= largest && value == std::floor(value))) {
      throw BadTensor("expected whole numbers from 0 to " + std::to_string(given.channels) + " in counts[" +
                      std::to_string(scale) + "] but received " +
                      (std::isnan(value) ? "NaN" : std::to_string(value)) + " at pixel " + std::to_string(i));
    }
    counts[i] = static_cast<std::uint32_t>(value);
  }
  return counts;
}

// What one scale adds to the map: log10 of the probability of each pixel's window.
struct ScaleMap {
  std::vector<float> log_probabilities;
  Size size;
};

ScaleMap scale_map(const Counts& counts, std::size_t channels, Size size, std::size_t scale,
                   const WindowTest& test) {
  const std::uint32_t half = half_window(test, scale);
  const std::uint32_t pixels = (2 * half + 1) * (2 * half + 1);
  const auto sums = window_sums(counts, size, half);
  BinomialTable tail(pixels, 1 - test.probability, static_cast<std::uint32_t>(channels), test.kind);
  ScaleMap result{std::vector<float>(sums.size()), size};
  std::transform(sums.begin(), sums.end(), result.log_probabilities.begin(),
                 [&](std::uint32_t count) { return static_cast<float>(tail(count)); });
  return result;
}

// log10 of the number of pixels of all scales, plus the sum of the upsampled maps.
void add_up(const std::vector<ScaleMap>& maps, Size to, std::span<float> out) {
  double tests = 0;
  std::vector<CubicRows> scales;
  for (const auto& [log_probabilities, size] : maps) {
    scales.emplace_back(MapView{log_probabilities.data(), size}, to);
    tests += static_cast<double>(size.pixels());
  }
  const auto log_tests = static_cast<float>(std::log10(tests));
  for (std::size_t y = 0; y < to.height; y++) {
    float* row = out.data() + y * to.width;
    std::fill_n(row, to.width, log_tests);
    for (auto& rows : scales) {
      const auto blend = rows.row(y);
      loops().add_cubic(blend.rows.data(), blend.weights.data(), to.width, row);
    }
  }
}

}  // namespace

double chi2_quantile(double probability) {
  // Newton's method for erf(y) = probability, τ = 2·y²: from the left it rises to the root of a concave
  // function.
  double y = 0;
  for (;;) {
    const double next = y + (probability - std::erf(y)) * std::exp(y * y) * std::sqrt(std::numbers::pi) / 2;
    if (!(next > y)) return 2 * y * y;
    y = next;
  }
}

std::uint32_t half_window(const WindowTest& test, std::size_t scale) {
  const std::uint32_t half = scale < 31 ? test.window_size >> (scale + 1) : 0;
  return std::max<std::uint32_t>(half, 1);
}

void check_finite(LatentView latent, std::size_t scale) {
  const std::size_t pixels = latent.size.pixels();
  const float* end = latent.data + latent.channels * pixels;
  const float* wrong = std::find_if(latent.data, end, [](float z) { return !std::isfinite(z); });
  if (wrong == end) return;
  const auto position = static_cast<std::size_t>(wrong - latent.data);
  throw BadTensor("expected finite numbers in latents[" + std::to_string(scale) + "] but received " +
                  (std::isnan(*wrong) ? "NaN" : "infinity") + " at pixel " +
                  std::to_string(position % pixels) + " of channel " + std::to_string(position / pixels) +
                  ": the flow that made it has diverged; train it again with a lower learning rate");
}

void nfa_block_map(std::span<const LatentView> latents, Size to, const WindowTest& test,
                   std::span<float> out) {
  const auto tau = static_cast<float>(chi2_quantile(test.probability));
  std::vector<ScaleMap> maps;
  for (std::size_t scale = 0; scale < latents.size(); scale++) {
    const auto& latent = latents[scale];
    maps.push_back(scale_map(exceedances(latent, scale, tau), latent.channels, latent.size, scale, test));
  }
  add_up(maps, to, out);
}

void nfa_block_map_of_counts(std::span<const CountsView> counts, Size to, const WindowTest& test,
                             std::span<float> out) {
  std::vector<ScaleMap> maps;
  for (std::size_t scale = 0; scale < counts.size(); scale++) {
    const auto& given = counts[scale];
    maps.push_back(scale_map(checked_counts(given, scale), given.channels, given.size, scale, test));
  }
  add_up(maps, to, out);
}

}  // namespace uflow
