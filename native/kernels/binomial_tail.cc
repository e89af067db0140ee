#include "binomial_tail.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gamma_terms.h"

namespace uflow {
namespace {

constexpr double ln10 = std::numbers::ln10;
constexpr double pi = std::numbers::pi;
constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

// ∫ of f from `from` to `to` by ten-point Gauss–Legendre.
template <typename Function>
double gauss(double from, double to, Function f) {
  constexpr double nodes[] = {0.14887433898163121089, 0.43339539412924719080, 0.67940956829902440623,
                              0.86506336668898451073, 0.97390652851717172008};
  constexpr double weights[] = {0.29552422471475287017, 0.26926671930999635509, 0.21908636251598204400,
                                0.14945134915058059315, 0.066671344308688137594};
  const double middle = from + (to - from) / 2;
  const double half = (to - from) / 2;
  double sum = 0;
  for (int i = 0; i < 5; i++) sum += weights[i] * (f(middle - half * nodes[i]) + f(middle + half * nodes[i]));
  return half * sum;
}

class BinomialTail {
 public:
  BinomialTail(double n, double p) : f_(n, p), n_(n), p_(p) {}

  // log10 P(K ≥ k), 1 ≤ k ≤ n. Below the mean from 1 − P(K < k); both are summed from their largest term on.
  double log_upper_sum(double k) const {
    if (k <= n_ * p_ + 1) {
      const double lower = std::exp(f_.log_at(k - 1)) * sum_down(k - 1);
      if (lower < most) return log_complement(lower);
    }
    return (f_.log_at(k) + std::log(sum_up(k))) / ln10;
  }

  // log10 ∫ₓⁿ, 0 ≤ x < n.
  double log_upper_integral(double x) const {
    if (x < n_ * p_) {
      const double lower = lower_integral(x) + deficit();
      if (lower < most) return log_complement(lower);
    }
    const double reference = f_.log_at(x);
    return (reference + std::log(integral(x, n_, reference))) / ln10;
  }

 private:
  // Up to here ln(1 − lower) has all digits but one; a larger `lower` is found near the mode only.
  static constexpr double most = 0.98;

  static double log_complement(double lower) { return lower > 0 ? std::log1p(-lower) / ln10 : 0; }

  // Σ_{i ≥ k} f(i) / f(k).
  double sum_up(double k) const {
    const double odds = p_ / (1 - p_);
    double term = 1;
    double sum = 1;
    for (double i = k; i < n_; i += 1) {
      const double ratio = (n_ - i) / (i + 1) * odds;
      term *= ratio;
      sum += term;
      if (ratio < 1 && term < epsilon / 4 * (1 - ratio) * sum) break;
    }
    return sum;
  }

  // Σ_{i ≤ k} f(i) / f(k).
  double sum_down(double k) const {
    const double odds = (1 - p_) / p_;
    double term = 1;
    double sum = 1;
    for (double i = k; i > 0; i -= 1) {
      const double ratio = i / (n_ - i + 1) * odds;
      term *= ratio;
      sum += term;
      if (ratio < 1 && term < epsilon / 4 * (1 - ratio) * sum) break;
    }
    return sum;
  }

  double lower_integral(double x) const {
    const double reference = f_.log_at(x);
    return std::exp(reference) * integral(x, 0, reference);
  }

  // |∫ f(t)/e^reference| from `from` to 0 or n, panel by panel. ln f is concave: once panels fall they fall
  // ever faster.
  double integral(double from, double to, double reference) const {
    const double direction = to > from ? 1 : -1;
    double sum = 0;
    while (from != to) {
      // Within a panel f changes by a factor of e⁴ at most.
      const double curvature = 1 / (from + 0.5) + 1 / (n_ - from + 0.5);
      const double width = 4 / (std::abs(f_.slope(from)) + 2 * std::sqrt(curvature));
      const double next = direction > 0 ? std::min(from + width, to) : std::max(from - width, to);
      const double part =
          std::abs(gauss(from, next, [&](double t) { return std::exp(f_.log_at(t) - reference); }));
      sum += part;
      from = next;
      if (part < epsilon / 8 * sum) break;
    }
    return sum;
  }

  // 1 − ∫₀ⁿ f = f(0)·E(ln r) + f(n)·E(−ln r), r = p/(1 − p).
  double deficit() const {
    return std::exp(n_ * std::log1p(-p_)) * deficit_of_end(f_.log_odds()) +
           std::exp(n_ * std::log(p_)) * deficit_of_end(-f_.log_odds());
  }

  // E(λ) = ∫ (1 − eʷ)ⁿ/(π² + (w − λ)²) dw over w < 0: Ramanujan's ∫₀^∞ xᵗ/Γ(1 + t) dt = eˣ − ∫₀^∞ e⁻ˣˢ/(s·(π²
  // + ln² s)) ds for the binomial. (1 − eʷ)ⁿ falls from 1 to 0 around w = −ln n; up to there the integral is
  // an arc tangent.
  double deficit_of_end(double log_odds) const {
    const double step = -std::log(n_);
    const double end = std::min(step + 4, 0.0);
    const double start = step - 38;
    double missing = 0;
    const int panels = 42;
    for (int i = 0; i < panels; i++) {
      const double from = start + (end - start) * i / panels;
      const double to = start + (end - start) * (i + 1) / panels;
      missing += gauss(from, to, [&](double w) {
        return -std::expm1(n_ * std::log1p(-std::exp(w))) / (pi * pi + (w - log_odds) * (w - log_odds));
      });
    }
    return std::atan2(pi, log_odds - end) / pi - missing;
  }

  BinomialDensity f_;
  double n_;
  double p_;
};

}  // namespace

BinomialDensity::BinomialDensity(double n, double p)
    : n_(n), p_(p), log_odds_(std::log(p) - std::log1p(-p)), log_whole_(log_gamma_term(n, n, 0)) {}

double BinomialDensity::log_at(double t) const {
  // np − t, rounded once: both deviances live on it.
  const double difference = std::fma(n_, p_, -t);
  return log_gamma_term(t, n_ * p_, difference) + log_gamma_term(n_ - t, n_ * (1 - p_), -difference) -
         log_whole_;
}

double BinomialDensity::slope(double t) const {
  return log_odds_ + std::log((n_ - t + 0.5) / (t + 0.5));
}

double log_binomial_survival(double x, double n, double p, BinomialKind kind) {
  if (x >= n) return -infinity;
  const BinomialTail tail(n, p);
  if (kind == BinomialKind::continuous) return tail.log_upper_integral(std::max(x, 0.0));
  return x < 0 ? 0 : tail.log_upper_sum(std::floor(x) + 1);
}

}  // namespace uflow
