#include "tail.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "gamma_terms.h"

namespace uflow {
namespace {

constexpr double ln10 = std::numbers::ln10;
constexpr double pi = std::numbers::pi;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

// Everything below is about Γ(a, y), with a = dof/2 and y = x/2. From this a on expansions for large a hold.
constexpr double large = 16;

// ln(yᵃ·e⁻ʸ / Γ(a + 1)), as deviance and Stirling error (C. Loader, "Fast and accurate computation of
// binomial probabilities", 2000): a·ln y − y − ln Γ(a + 1) would lose all digits of a difference of large
// numbers.
double log_leading_term(double a, double deviance) {
  return -deviance - stirling_error(a) - 0.5 * std::log(2 * pi * a);
}

// Σ yᵏ / ((a + 1)…(a + k)): the lower incomplete gamma function over yᵃ·e⁻ʸ/a (DLMF 8.11.4).
double lower_series(double a, double y) {
  double term = 1;
  double sum = 1;
  for (double k = 1; term > epsilon / 8 * sum; k += 1) {
    term *= y / (a + k);
    sum += term;
  }
  return sum;
}

// The continued fraction of the upper incomplete gamma function over yᵃ·e⁻ʸ (DLMF 8.9.2, even part),
// 1/(y + 1 − a − 1·(1 − a)/(y + 3 − a − 2·(2 − a)/(y + 5 − a − …))), as the series of the differences of its
// convergents.
double upper_fraction(double a, double y) {
  double b = y + 1 - a;
  double d = 1 / b;
  double term = d;
  double sum = d;
  for (double k = 1; std::abs(term) > epsilon / 8 * sum; k += 1) {
    const double numerator = k * (a - k);
    const double before = d;
    b += 2;
    d = 1 / (b + numerator * before);
    term *= -numerator * before * d;
    sum += term;
  }
  return sum;
}

// exp(z²)·erfc(z), z² = square. erfc is Γ(½, z²)/√π (DLMF 7.11.2).
double scaled_erfc(double square) {
  if (square < 16) return std::exp(square) * std::erfc(std::sqrt(square));
  return std::sqrt(square / pi) * upper_fraction(0.5, square);
}

// Taylor coefficients at η = 0 of η/(λ − 1), where ½·η² = λ − 1 − ln λ. Those of μ = λ − 1 follow from μ·μ' =
// η·(1 + μ), and η/μ is μ' − η.
constexpr std::size_t terms = 26;
constexpr auto mean_coefficients = [] {
  std::array<double, terms + 2> mu{0, 1};
  for (std::size_t n = 2; n < mu.size(); ++n) {
    mu[n] = mu[n - 1] / static_cast<double>(n + 1);
    for (std::size_t i = 2; i < n; ++i) mu[n] -= mu[i] * mu[n + 1 - i] / 2;
  }
  std::array<double, terms + 1> result{};
  for (std::size_t n = 0; n <= terms; ++n) result[n] = static_cast<double>(n + 1) * mu[n + 1];
  result[1] -= 1;
  return result;
}();

// R in Q(a, y) = ½·erfc(η·√(a/2)) + exp(−½·a·η²)·R, for large a and |η| ≤ 1 (DLMF 8.12.3, 8.12.4; N. Temme,
// "On the computation of the incomplete gamma functions for large values of the parameters", 1987). With R =
// Σ βₙ·ηⁿ / (Γ*(a)·√(2·π·a)) the derivative of Q gives βₙ₋₁ = fₙ + (n + 1)/a·βₙ₊₁ and Γ*(a) = 1 + β₁/a, where
// fₙ are the coefficients above.
double mean_remainder(double a, double eta) {
  const double inverse = 1 / a;
  double sum = 0;
  double after = 0;  // βₙ₊₁
  double beta = 0;   // βₙ
  for (std::size_t n = terms; n >= 1; --n) {
    const double before = mean_coefficients[n] + static_cast<double>(n + 1) * inverse * after;
    after = beta;
    beta = before;
    sum = sum * eta + beta;
  }
  return sum / ((1 + after * inverse) * std::sqrt(2 * pi * a));
}

// ln P(χ² ≥ x) from ln P(χ² < x).
double log_complement(double log_lower) {
  return std::log1p(-std::exp(log_lower));
}

double log_chi2_survival_exact(double x, double dof) {
  if (x <= 0) return 0;
  if (std::isinf(x)) return -std::numeric_limits<double>::infinity();
  const double a = dof / 2;
  const double y = x / 2;
  // Of (a, y), but half of the smallest x would be 0. This is ½·a·η² in Temme's expansion.
  const double square = deviance(dof, x, x - dof) / 2;
  if (a >= large && square <= a / 2) {
    const double half = scaled_erfc(square) / 2;
    const double eta = std::sqrt(2 * square / a);
    return x < dof ? log_complement(std::log(half - mean_remainder(a, -eta)) - square) / ln10
                   : (std::log(half + mean_remainder(a, eta)) - square) / ln10;
  }
  const double term = log_leading_term(a, square);
  if (y < a + 1) return log_complement(term + std::log(lower_series(a, y))) / ln10;
  return (term + std::log(a * upper_fraction(a, y))) / ln10;
}

double log_chi2_survival_chernoff(double x, double dof) {
  const double ratio = x / dof;
  if (std::isinf(ratio)) return -std::numeric_limits<double>::infinity();
  return -dof / 2 * (ratio - 1 - std::log(ratio)) / ln10;
}

}  // namespace

double log_chi2_survival(double x, double dof, Tail tail) {
  return tail == Tail::exact ? log_chi2_survival_exact(x, dof) : log_chi2_survival_chernoff(x, dof);
}

}  // namespace uflow
