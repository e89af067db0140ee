#include "gamma_terms.h"

#include <cmath>
#include <limits>

namespace uflow {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

// From here on the series of stirling_error has all digits of a double.
constexpr double large = 16;

constexpr double log_2pi = 1.8378770664093454836;

// ln(y/a), also where the quotient of extreme numbers is no double.
double log_quotient(double y, double a) {
  const double quotient = y / a;
  return std::isnormal(quotient) ? std::log(quotient) : std::log(y) - std::log(a);
}

// ln Γ(a + 1) for a < 16, to an absolute error of 1e-14: from Γ(z + 1) with z = a + m ≥ 16.
double log_factorial(double a) {
  double product = 1;
  double z = a;
  while (z < large) product *= (z += 1);
  return (z + 0.5) * std::log(z) - z + 0.5 * log_2pi + stirling_error(z) - std::log(product);
}

}  // namespace

double deviance(double a, double y, double difference) {
  if (y < a / 3 || y > 3 * a) return difference - a * log_quotient(y, a);
  // With s = (y − a)/(y + a), ln(y/a) = 2·(s + s³/3 + s⁵/5 + …), and y − a − 2·a·s = s·(y − a).
  const double s = difference / (y + a);
  const double square = s * s;
  double sum = 0;
  double power = 1;
  for (int k = 3; power > epsilon / 8; k += 2, power *= square) sum += power / k;
  return s * (difference - 2 * a * square * sum);
}

double stirling_error(double a) {
  double recursion = 0;
  for (; a < large; a += 1) recursion += (a + 0.5) * std::log1p(1 / a) - 1;
  const double inverse = 1 / a;
  const double q = inverse * inverse;
  const double series =
      1.0 / 12 -
      q * (1.0 / 360 - q * (1.0 / 1260 - q * (1.0 / 1680 - q * (1.0 / 1188 - q * (691.0 / 360360)))));
  return recursion + inverse * series;
}

double log_gamma_term(double a, double y, double difference) {
  if (a < large) return a * std::log(y) - y - log_factorial(a);
  return -deviance(a, y, difference) - stirling_error(a) - 0.5 * (log_2pi + std::log(a));
}

}  // namespace uflow
