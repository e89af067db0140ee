#include "binomial_table.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

namespace uflow {
namespace {

constexpr double ln10 = std::numbers::ln10;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t nothing = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t slots = 2048;

// Σ c_k·T_k(u) by Clenshaw's recurrence.
template <int count>
double chebyshev_sum(const double (&c)[count], double u) {
  double after = 0;
  double next = 0;
  for (int k = count - 1; k > 0; k--) {
    const double here = c[k] + 2 * u * next - after;
    after = next;
    next = here;
  }
  return c[0] + u * next - after;
}

}  // namespace

BinomialTable::BinomialTable(std::uint32_t n, double p, std::uint32_t channels, BinomialKind kind)
    : density_(n, p), channels_(channels), largest_(n * channels - 1), kind_(kind) {
  if (kind == BinomialKind::discrete) {
    values_.assign(n, nan);
    return;
  }
  units_.resize(n);
  recent_.assign(slots, {nothing, nan});
  for (int i = 0; i < 4 * degree; i++) cosines_[i] = std::cos(std::numbers::pi * i / (2 * degree));
}

double BinomialTable::operator()(std::uint32_t count) {
  count = std::min(count, largest_);
  return kind_ == BinomialKind::discrete ? discrete(count) : continuous(count);
}

double BinomialTable::discrete(std::uint32_t count) {
  const std::uint32_t x = count / channels_;
  double& value = values_[x];
  if (std::isnan(value)) value = log_binomial_survival(x, density_.n(), density_.p(), kind_);
  return value;
}

double BinomialTable::continuous(std::uint32_t count) {
  Slot& slot = recent_[count % slots];
  if (slot.count != count) slot = {count, on_unit(static_cast<double>(count) / channels_)};
  return slot.value;
}

double BinomialTable::on_unit(double x) {
  // Here the tail goes to 0, and a sum of polynomials would lose its digits.
  if (x >= density_.n() - 1) return log_binomial_survival(x, density_.n(), density_.p(), kind_);
  const auto j = static_cast<std::uint32_t>(x);
  if (units_[j].pieces.empty()) units_[j] = unit(j);
  const Unit& unit = units_[j];
  const double position = (x - j) * static_cast<double>(unit.pieces.size());
  const auto piece = std::min(static_cast<std::size_t>(position), unit.pieces.size() - 1);
  const double u = 2 * (position - static_cast<double>(piece)) - 1;
  const double sum = chebyshev_sum(unit.pieces[piece].coefficients, u);
  return (unit.near_one ? std::log1p(-sum) : unit.log_scale + std::log(sum)) / ln10;
}

// From an exact value at one end: the upper one for the tail, the lower one for 1 − tail.
BinomialTable::Unit BinomialTable::unit(std::uint32_t j) const {
  const auto log_tail = [&](double x) {
    return ln10 * log_binomial_survival(x, density_.n(), density_.p(), kind_);
  };
  // On a piece the density changes by a factor of e² at most: the polynomial is then exact relative to the
  // tail too.
  const double steepest = std::max(std::abs(density_.slope(j)), std::abs(density_.slope(j + 1.0)));
  Unit unit{std::vector<Piece>(static_cast<std::size_t>(steepest / 2) + 1), false, 0};
  const double above = log_tail(j + 1.0);
  unit.near_one = above > std::log(0.02);
  if (!unit.near_one) unit.log_scale = density_.log_at(j + 0.5);
  double value = unit.near_one ? -std::expm1(log_tail(j)) : std::exp(above - unit.log_scale);
  const std::size_t count = unit.pieces.size();
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t position = unit.near_one ? i : count - 1 - i;
    const double width = 1 / static_cast<double>(count);
    auto& c = unit.pieces[position].coefficients;
    unit.pieces[position] = antiderivative(j + static_cast<double>(position) * width, width, unit.log_scale);
    if (!unit.near_one) std::transform(c, c + degree + 1, c, std::negate<>());
    const double known_end = unit.near_one ? -1 : 1;
    c[0] = value - chebyshev_sum(c, known_end);
    value = chebyshev_sum(c, -known_end);
  }
  return unit;
}

// Of the density over e^log_scale, by interpolation at the zeros of T_degree.
BinomialTable::Piece BinomialTable::antiderivative(double from, double width, double log_scale) const {
  double values[degree];
  for (int i = 0; i < degree; i++) {
    const double u = cosines_[2 * i + 1];
    values[i] = std::exp(density_.log_at(from + width * (1 + u) / 2) - log_scale);
  }
  double c[degree + 2] = {};
  for (int k = 0; k < degree; k++) {
    for (int i = 0; i < degree; i++) c[k] += values[i] * cosines_[k * (2 * i + 1) % (4 * degree)];
    c[k] *= (k == 0 ? 1.0 : 2.0) / degree;
  }
  Piece result{};
  // 2·∫ T_k = T_{k + 1}/(k + 1) − T_{k − 1}/(k − 1)
  for (int k = 1; k <= degree; k++) {
    const double below = k == 1 ? 2 * c[0] : c[k - 1];
    result.coefficients[k] = width / 2 * (below - c[k + 1]) / (2 * k);
  }
  return result;
}

}  // namespace uflow
