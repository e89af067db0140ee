#include "chi2_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tail.h"

namespace uflow {
namespace {

constexpr int mantissa_bits = 52;
constexpr std::uint64_t mantissa = (std::uint64_t{1} << mantissa_bits) - 1;
constexpr std::uint64_t one = std::bit_cast<std::uint64_t>(1.0);

// Results nearer to 0 are left to the function.
constexpr double certain = -1e-200;

// The most segments on each side of the mean.
constexpr std::uint64_t reach = 512;

// The points of interpolation, times 128: Chebyshev's, rounded so that x is exact there, in an order (Leja's)
// in which divided differences lose nothing.
constexpr std::array<int, 12> nodes{17, -127, 127, -78, 78, -49, 102, -118, 49, -17, 118, -102};

}  // namespace

void Chi2Table::set_dof(double dof) {
  if (dof == dof_) return;
  dof_ = dof;
  // ln(−log P) is analytic but at x = 0 and at the zeros of P and 1 − P, some 2.8 standard deviations,
  // √(2·dof) each, from the real axis. With 2^bits ≥ √(dof/2), half a segment is at most ½ of a standard
  // deviation.
  bits_ = std::max(3, (std::ilogb(dof) + 1) / 2);
  const std::uint64_t middle = std::bit_cast<std::uint64_t>(dof) >> (mantissa_bits - bits_);
  first_ = middle - reach;
  for (std::uint64_t step = reach / 2; step > 0; step /= 2) {
    if (log_chi2_survival(lower_end(first_ + step - 1), dof, Tail::exact) > certain) first_ += step;
  }
  Polynomial unfilled;
  unfilled.fill(std::numeric_limits<double>::quiet_NaN());
  segments_.assign(middle + reach - first_, unfilled);
}

double Chi2Table::log_survival(double x) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t segment = (bits >> (mantissa_bits - bits_)) - first_;
  if (segment >= segments_.size()) return log_chi2_survival(x, dof_, Tail::exact);
  const Polynomial& c = segments_[segment];
  if (std::isnan(c[0])) fill(segment);
  // The rest of the mantissa as a number in [1, 2), then in [−1, 1); exact.
  const double place = std::bit_cast<double>(((bits << bits_) & mantissa) | one);
  const double t = 2 * place - 3;
  const double t2 = t * t;
  const double t4 = t2 * t2;
  const double low = (c[0] + c[1] * t) + (c[2] + c[3] * t) * t2;
  const double middle = (c[4] + c[5] * t) + (c[6] + c[7] * t) * t2;
  const double high = (c[8] + c[9] * t) + (c[10] + c[11] * t) * t2;
  return -std::exp(low + (middle + high * t4) * t4);
}

double Chi2Table::lower_end(std::uint64_t key) const {
  return std::bit_cast<double>(key << (mantissa_bits - bits_));
}

// ln(−log10 P), interpolated by Newton's divided differences.
void Chi2Table::fill(std::size_t segment) {
  const double begin = lower_end(first_ + segment);
  const double end = lower_end(first_ + segment + 1);
  std::array<double, coefficients> differences;
  for (std::size_t i = 0; i < coefficients; ++i) {
    const double x = begin + (end - begin) * (nodes[i] + 128) / 256;
    differences[i] = std::log(-log_chi2_survival(x, dof_, Tail::exact));
  }
  for (std::size_t order = 1; order < coefficients; ++order) {
    for (std::size_t i = coefficients - 1; i >= order; --i) {
      differences[i] = (differences[i] - differences[i - 1]) * 128 / (nodes[i] - nodes[i - order]);
    }
  }
  // From the innermost bracket of d₀ + (t − t₀)·(d₁ + (t − t₁)·(d₂ + …)) outwards.
  Polynomial& c = segments_[segment];
  c.fill(0);
  for (std::size_t i = coefficients; i-- > 0;) {
    const double node = nodes[i] / 128.0;
    for (std::size_t k = coefficients - 1; k >= 1; --k) c[k] = c[k - 1] - node * c[k];
    c[0] = differences[i] - node * c[0];
  }
}

}  // namespace uflow
