#include "../kernels/chi2_table.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "../kernels/tail.h"
#include "doctest/doctest.h"
#include "random_map.h"

using namespace uflow;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool agrees(Chi2Table& table, double x, double bound) {
  const double wanted = log_chi2_survival(x, table.dof(), Tail::exact);
  const double value = table.log_survival(x);
  return value == wanted || std::abs(value - wanted) <= bound * std::abs(wanted);
}

std::vector<double> random_x(test::Random& random, double dof, int count) {
  std::vector<double> xs;
  for (int i = 0; i < count; ++i) {
    xs.push_back(std::abs(dof + (100 * random.uniform() - 45) * std::sqrt(2 * dof)));
    xs.push_back(dof * std::pow(10, 6 * random.uniform() - 3));
  }
  return xs;
}

}  // namespace

TEST_CASE("the table is the function") {
  test::Random random(2);
  for (int i = 0; i < 200; ++i) {
    const double dof = std::pow(10, (i % 4 == 0 ? 9 : 4) * random.uniform());
    CAPTURE(dof);
    Chi2Table table(i % 2 == 0 ? dof : std::floor(dof));
    for (const double x : random_x(random, dof, 100)) {
      CAPTURE(x);
      CHECK(agrees(table, x, 1e-12));
    }
  }
}

TEST_CASE("the table is the function for less than one degree of freedom and for extreme arguments") {
  test::Random random(3);
  for (const double dof : {1e-3, 0.0123, 0.5, 1.0, 2.0, 1e5, 1e9}) {
    CAPTURE(dof);
    Chi2Table table(dof);
    for (const double x : {0.0, 5e-324, 1e-310, 1e-300, 1e-9, 1.0, 1e9, 1e300, 1.7e308, infinity}) {
      CHECK(agrees(table, x, 1e-11));
    }
    for (const double x : random_x(random, dof, 100)) CHECK(agrees(table, x, 1e-11));
  }
}

// The seams are numbers with few bits in their mantissa.
TEST_CASE("the table falls across its seams") {
  for (const double dof : {1.0, 2.5, 24.0, 112.0, 768.0, 5000.0}) {
    Chi2Table table(dof);
    for (std::uint64_t mantissa = 0; mantissa < 256; ++mantissa) {
      for (const double octave : {0.25, 0.5, 1.0, 2.0, 8.0}) {
        const double x = std::ldexp(1 + mantissa / 256.0, std::ilogb(dof * octave));
        const double value = table.log_survival(x);
        if (value > -1e-290) continue;
        CAPTURE(dof);
        CAPTURE(x);
        CHECK(table.log_survival(x * (1 - 1e-9)) > value);
        CHECK(table.log_survival(x * (1 + 1e-9)) < value);
        CHECK(std::abs(table.log_survival(std::nextafter(x, 0)) / value - 1) < 2e-12);
      }
    }
  }
}

TEST_CASE("results do not depend on what was asked before") {
  test::Random random(4);
  const auto xs = random_x(random, 40, 300);
  Chi2Table forwards(40);
  Chi2Table backwards(7);
  backwards.log_survival(7);
  backwards.set_dof(40);
  CHECK(backwards.dof() == 40);
  std::vector<double> values;
  for (const double x : xs) values.push_back(forwards.log_survival(x));
  forwards.set_dof(40);
  for (std::size_t i = xs.size(); i-- > 0;) {
    CHECK(backwards.log_survival(xs[i]) == values[i]);
    CHECK(forwards.log_survival(xs[i]) == values[i]);
  }
}
