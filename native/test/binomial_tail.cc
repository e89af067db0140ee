#include "../kernels/binomial_tail.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "../kernels/binomial_table.h"
#include "doctest/doctest.h"

using namespace uflow;

namespace {

constexpr BinomialKind kinds[] = {BinomialKind::discrete, BinomialKind::continuous};

// |a/b − 1|, also where both are 0 or −infinity.
double difference(double a, double b) {
  return a == b ? 0 : std::abs(a / b - 1);
}

}  // namespace

TEST_CASE("the discrete tail of a few trials is a sum of a few terms") {
  for (const double p : {1e-6, 0.1, 0.5, 0.93}) {
    const double q = 1 - p;
    const auto tail = [p](double x) { return log_binomial_survival(x, 3, p, BinomialKind::discrete); };
    CHECK(difference(tail(0.5), std::log10(p * (3 * q * q + 3 * q * p + p * p))) < 1e-12);
    CHECK(difference(tail(1), std::log10(p * p * (3 * q + p))) < 1e-13);
    CHECK(difference(tail(2.99), 3 * std::log10(p)) < 1e-13);
    CHECK(tail(-0.1) == 0);
  }
}

TEST_CASE("extreme arguments end and give numbers") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double n : {1.0, 2.0, 25.0, 3969.0, 1e4, 1e6}) {
    for (const double p : {1e-300, 1e-16, 1e-6, 0.5, 1 - 1e-6, 1 - 0x1p-53}) {
      for (const BinomialKind kind : kinds) {
        const double mean = n * p;
        const double last = std::nextafter(n, 0.0);
        for (const double x : {-infinity, -1.0, 0.0, 1e-300, 0.5, 1.0, mean, n / 2, n - 1, last}) {
          if (x >= n) continue;
          const double value = log_binomial_survival(x, n, p, kind);
          CHECK(value <= 0);
          CHECK(std::isfinite(value));
        }
        CHECK(log_binomial_survival(n, n, p, kind) == -infinity);
        CHECK(log_binomial_survival(infinity, n, p, kind) == -infinity);
      }
    }
  }
}

TEST_CASE("a table holds the tails at whole counts") {
  for (const std::uint32_t n : {1u, 2u, 9u, 25u, 121u}) {
    for (const double p : {1e-6, 0.001, 1 - 0.9, 0.5, 0.93, 1 - 1e-6}) {
      for (const BinomialKind kind : kinds) {
        const std::uint32_t channels = n > 25 ? 3 : 17;
        BinomialTable table(n, p, channels, kind);
        const auto wanted = [&](double count) { return log_binomial_survival(count / channels, n, p, kind); };
        double worst = 0;
        for (std::uint32_t count = 0; count < n * channels; count++) {
          worst = std::max(worst, difference(table(count), wanted(count)));
        }
        CHECK(worst < 1e-12);
        CHECK(table(n * channels) == table(n * channels - 1));
      }
    }
  }
}

TEST_CASE("a table's values do not depend on what was asked before") {
  for (const BinomialKind kind : kinds) {
    std::vector<double> upwards;
    BinomialTable table(25, 0.1, 700, kind);
    for (std::uint32_t count = 0; count <= 25 * 700; count++) upwards.push_back(table(count));
    BinomialTable other(25, 0.1, 700, kind);
    for (std::uint32_t count = 25 * 700 + 1; count-- > 0;) CHECK(other(count) == upwards[count]);
  }
}

TEST_CASE("a table falls steadily, also where its polynomials meet") {
  BinomialTable table(25, 0.1, 60000, BinomialKind::continuous);
  for (std::uint32_t meeting = 0; meeting < 25 * 60000; meeting += 10000) {
    for (std::uint32_t count = std::max(meeting, 3u) - 3; count < meeting + 3; count++) {
      CHECK(table(count + 1) < table(count));
    }
  }
}
