// The exact χ² tail for many x with one dof.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace uflow {

// log10 P(χ²_dof ≥ x) by piecewise polynomials, each of which is made when an x first falls into it. A result
// depends on dof and x alone, not on what was asked before. Not for several threads at once.
class Chi2Table {
 public:
  // dof: real, in [0.001, 1e9]. Allocates 100 KB at most; some microseconds.
  explicit Chi2Table(double dof) { set_dof(dof); }

  double dof() const { return dof_; }

  // Forgets the polynomials of another dof and keeps the memory; does nothing for the same dof.
  void set_dof(double dof);

  // x ≥ 0. Differs from log_chi2_survival(x, dof, Tail::exact) by at most 1e-12 (relative) for dof ≥ 1 and
  // 1e-11 below. 10 to 30 ns, and 1.5 µs more at the first use of a polynomial. Polynomials reach at least
  // 128 standard deviations to both sides of the mean, or to where the result is nearer to 0 than −1e-200;
  // beyond them the function itself is called.
  double log_survival(double x);

 private:
  static constexpr std::size_t coefficients = 12;
  using Polynomial = std::array<double, coefficients>;

  double lower_end(std::uint64_t key) const;
  void fill(std::size_t segment);

  double dof_ = 0;
  int bits_ = 0;             // of the mantissa that, with the exponent, number a segment: its key
  std::uint64_t first_ = 0;  // key of the first segment
  std::vector<Polynomial> segments_;
};

}  // namespace uflow
