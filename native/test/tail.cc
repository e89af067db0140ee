#include "../kernels/tail.h"

#include <cmath>
#include <initializer_list>
#include <limits>

#include "doctest/doctest.h"

using namespace uflow;

TEST_CASE("two degrees of freedom have a closed form: P(χ² ≥ x) = exp(−x/2)") {
  for (double x = 0.001; x < 1e5; x *= 1.3) {
    const double wanted = -x / 2 / std::log(10);
    CHECK(std::abs(log_chi2_survival(x, 2, Tail::exact) / wanted - 1) < 1e-12);
  }
}

TEST_CASE("one degree of freedom is the error function") {
  for (double x = 0.01; x < 1000; x *= 1.3) {
    const double wanted = std::log10(std::erfc(std::sqrt(x / 2)));
    CHECK(std::abs(log_chi2_survival(x, 1, Tail::exact) / wanted - 1) < 1e-11);
  }
}

TEST_CASE("extreme arguments end and give numbers") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double dof : {1e-3, 0.5, 1e5, 1e9}) {
    for (const double x : {0.0, 1e-300, 1e-9, 1.0, dof, 1e9, 1e300, 1e308, infinity}) {
      for (const Tail tail : {Tail::exact, Tail::chernoff}) {
        const double value = log_chi2_survival(x, dof, tail);
        CHECK(value <= 0);
        CHECK(!std::isnan(value));
      }
    }
    CHECK(log_chi2_survival(infinity, dof, Tail::exact) == -infinity);
    CHECK(log_chi2_survival(infinity, dof, Tail::chernoff) == -infinity);
  }
}
