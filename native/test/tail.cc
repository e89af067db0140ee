#include "../kernels/tail.h"

#include <cmath>
#include <initializer_list>
#include <limits>

#include "doctest/doctest.h"
#include "random_map.h"

using namespace uflow;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double exact(double x, double dof) {
  return log_chi2_survival(x, dof, Tail::exact);
}

bool close(double value, double wanted) {
  return std::abs(value - wanted) <= 1e-12 * std::abs(wanted);
}

// log10 P for an even dof, which is a Poisson probability: P = Σ_{k < dof/2} e⁻ʸ·yᵏ/k!, y = x/2; below the
// mean by the other part of the sum.
double poisson(double x, double dof) {
  const double y = x / 2;
  const double a = dof / 2;
  double term = 1;
  double below = 0;
  double k = 0;
  for (; k < a; term *= y / ++k) below += term;
  if (x > dof) return (std::log(below) - y) / std::log(10);
  double above = 0;
  for (; term > 1e-18 * above; term *= y / ++k) above += term;
  return std::log1p(-above * std::exp(-y)) / std::log(10);
}

}  // namespace

TEST_CASE("two degrees of freedom have a closed form: P(χ² ≥ x) = exp(−x/2)") {
  for (double x = 1e-306; x < 1e300; x *= 1.3) CHECK(close(exact(x, 2), -x / 2 / std::log(10)));
}

TEST_CASE("an even number of degrees of freedom is a finite sum") {
  for (double dof = 2; dof <= 160; dof += 2) {
    for (double x = dof / 100; x < 6 * dof; x *= 1.05) {
      CAPTURE(dof);
      CAPTURE(x);
      CHECK(close(exact(x, dof), poisson(x, dof)));
    }
  }
}

TEST_CASE("one degree of freedom is the error function") {
  for (double x = 0.01; x < 1000; x *= 1.3) {
    const double wanted = std::log10(std::erfc(std::sqrt(x / 2)));
    CHECK(close(exact(x, 1), wanted));
  }
}

TEST_CASE("the tail falls with x and grows with dof, also where one method takes over from another") {
  constexpr double step = 1e-9;
  test::Random random(1);
  for (int i = 0; i < 300; ++i) {
    const double dof = std::pow(10, 5 * random.uniform());
    // ½·η² = ½ at the two ratios in the middle.
    for (const double seam : {dof / 3, 0.301701 * dof, 2.357677 * dof, 3 * dof, dof, dof + 2, 1.2 * dof}) {
      if (exact(seam, dof) > -1e-290) continue;
      CAPTURE(dof);
      for (int k = -3; k < 3; ++k) {
        const double x = seam * (1 + k * step);
        CHECK(exact(x * (1 + step), dof) < exact(x, dof));
      }
    }
  }
  for (double x = 10; x < 200; x *= 1.01) CHECK(exact(x, 32 * (1 - step)) < exact(x, 32));
}

TEST_CASE("extreme arguments end and give numbers") {
  for (const double dof : {1e-3, 0.5, 1.0, 1e5, 1e9}) {
    for (const double x : {0.0, 5e-324, 1e-310, 1e-300, 1e-9, 1.0, dof, 1e9, 1e300, 1.7e308, infinity}) {
      for (const Tail tail : {Tail::exact, Tail::chernoff}) {
        const double value = log_chi2_survival(x, dof, tail);
        CHECK(value <= 0);
        CHECK(!std::isnan(value));
      }
    }
    CHECK(exact(0, dof) == 0);
    CHECK(log_chi2_survival(infinity, dof, Tail::exact) == -infinity);
    CHECK(log_chi2_survival(infinity, dof, Tail::chernoff) == -infinity);
    CHECK(close(exact(1.7e308, dof), -1.7e308 / 2 / std::log(10)));
  }
  // P(χ² < x) = (x/2)ᵃ / Γ(a + 1) for small x, a = dof/2.
  const double lower = std::pow(5e-324, 5e-4) * std::pow(0.5, 5e-4) / std::tgamma(1 + 5e-4);
  CHECK(close(exact(5e-324, 1e-3), std::log1p(-lower) / std::log(10)));
}
