#include "tail.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace uflow {
namespace {

constexpr double ln10 = std::numbers::ln10;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

// x − a − a·ln(x/a), which is 0 at x = a, without cancellation near there. With e = (x − a)/a and s = e/(2 +
// e), ln(1 + e) = 2·(s + s³/3 + s⁵/5 + …) and e = s·e + 2·s.
double deviance(double a, double x) {
  const double e = (x - a) / a;
  if (std::abs(e) > 0.25) return x - a - a * (std::log(x) - std::log(a));
  const double s = e / (2 + e);
  const double square = s * s;
  double sum = 0;
  double power = 1;
  for (int k = 3; power > epsilon * epsilon; k += 2, power *= square) sum += power / k;
  return a * (s * e - 2 * s * square * sum);
}

// The error of Stirling's formula: ln Γ(a + 1) − (a + ½)·ln a + a − ½·ln 2π.
double stirling_error(double a) {
  double recursion = 0;
  for (; a < 16; a += 1) recursion += (a + 0.5) * std::log1p(1 / a) - 1;
  const double inverse = 1 / a;
  const double q = inverse * inverse;
  const double series =
      1.0 / 12 -
      q * (1.0 / 360 - q * (1.0 / 1260 - q * (1.0 / 1680 - q * (1.0 / 1188 - q * (691.0 / 360360)))));
  return recursion + inverse * series;
}

// ln(xᵃ·e⁻ˣ / Γ(a + 1)), as deviance and Stirling error (C. Loader, "Fast and accurate computation of
// binomial probabilities", 2000): a·ln x − x − ln Γ(a + 1) would lose all digits of a difference of large
// numbers.
double log_gamma_term(double a, double x) {
  return -deviance(a, x) - stirling_error(a) - 0.5 * std::log(2 * std::numbers::pi * a);
}

// Σ xᵏ / ((a + 1)…(a + k)): the lower incomplete gamma function over its leading term; converges fast for x <
// a + 1.
double lower_series(double a, double x) {
  double term = 1;
  double sum = 1;
  for (double k = 1; term > epsilon * sum / 4; k += 1) {
    term *= x / (a + k);
    sum += term;
  }
  return sum;
}

// The continued fraction of the upper incomplete gamma function over xᵃ·e⁻ˣ (Lentz's method), for x ≥ a + 1:
// 1/(x + 1 − a − 1·(1 − a)/(x + 3 − a − 2·(2 − a)/(x + 5 − a − …))).
double upper_fraction(double a, double x) {
  constexpr double tiny = 1e-300;
  double b = x + 1 - a;
  double c = 1 / tiny;
  double d = 1 / b;
  double fraction = d;
  for (double k = 1;; k += 1) {
    const double numerator = -k * (k - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < tiny) d = tiny;
    c = b + numerator / c;
    if (std::abs(c) < tiny) c = tiny;
    d = 1 / d;
    const double factor = c * d;
    fraction *= factor;
    if (std::abs(factor - 1) <= epsilon) return fraction;
  }
}

double log_chi2_survival_exact(double x, double dof) {
  if (x <= 0) return 0;
  if (std::isinf(x)) return -std::numeric_limits<double>::infinity();
  const double a = dof / 2;
  const double y = x / 2;
  if (y < a + 1) return std::log1p(-std::exp(log_gamma_term(a, y)) * lower_series(a, y)) / ln10;
  return (log_gamma_term(a, y) + std::log(a * upper_fraction(a, y))) / ln10;
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
