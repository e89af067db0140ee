// The binomial tail for many counts with one n and p.
#pragma once

#include <cstdint>
#include <vector>

#include "binomial_tail.h"

namespace uflow {

// log10 of the binomial tail at x = count/channels for counts 0 … n·channels, for tests that ask for a few
// values very often: what is needed is computed at first use. At n·channels, where the tail is 0, the
// smallest finite value, that of n·channels − 1. Values do not depend on what was asked before. Relative to
// log_binomial_survival: equal (discrete), 1e-12 (continuous). Some 80 ns for a new count, 10 µs more for the
// first in a whole step of x. Not for several threads at once.
class BinomialTable {
 public:
  // n up to 3969 (a window of 63 × 63), channels up to 65535, p from 1e-6 to 1 − 1e-6.
  BinomialTable(std::uint32_t n, double p, std::uint32_t channels, BinomialKind kind);

  double operator()(std::uint32_t count);

 private:
  // The continuous tail on [j, j + 1]: the density is a polynomial on each of some pieces of equal width, and
  // so is its integral.
  static constexpr int degree = 14;
  struct Piece {
    double coefficients[degree + 1];  // of Chebyshev polynomials
  };
  struct Unit {
    std::vector<Piece> pieces;
    bool near_one;     // the pieces hold 1 − tail, else the tail
    double log_scale;  // ln of what they are to be multiplied by
  };
  struct Slot {
    std::uint32_t count;
    double value;
  };

  double discrete(std::uint32_t count);
  double continuous(std::uint32_t count);
  double on_unit(double x);
  Unit unit(std::uint32_t j) const;
  Piece antiderivative(double from, double width, double log_scale) const;

  BinomialDensity density_;
  std::uint32_t channels_;
  std::uint32_t largest_;
  BinomialKind kind_;
  std::vector<double> values_;  // discrete, per whole x; NaN until it is asked for
  std::vector<Unit> units_;     // continuous, per whole x; without pieces until it is asked for
  std::vector<Slot> recent_;    // continuous, per remainder of the count
  double cosines_[4 * degree];  // cos(π·i/(2·degree))
};

}  // namespace uflow
