// Tails of the binomial distribution in the log domain. docs/maths.md, "The test of windows".
#pragma once

namespace uflow {

// `discrete`: P(K > x), K ~ Binomial(n, p). `continuous`: ∫ₓⁿ of its density with Γ in place of factorials,
// f(t) = Γ(n + 1)/(Γ(t + 1)·Γ(n − t + 1))·pᵗ·(1 − p)ⁿ⁻ᵗ, 0 ≤ t ≤ n.
enum class BinomialKind { discrete, continuous };

// The density f; for whole t it is that of the discrete distribution.
class BinomialDensity {
 public:
  BinomialDensity(double n, double p);

  // ln f(t), 0 ≤ t ≤ n.
  double log_at(double t) const;
  // Its derivative to a few per cent, for the choice of steps: Γ'/Γ (t + 1) ≈ ln(t + ½).
  double slope(double t) const;

  double n() const { return n_; }
  double p() const { return p_; }
  // ln(p/(1 − p))
  double log_odds() const { return log_odds_; }

 private:
  double n_;
  double p_;
  double log_odds_;
  double log_whole_;
};

// log10 of the tail for real x, whole n in [1, 1e6] and p from 1e-300 to 1 − 2⁻⁵³. −infinity for x ≥ n. For x
// < 0 the discrete tail is certain (0); the continuous one is that at 0, which is below 1 since f does not
// integrate to 1. Relative error of the result below 1e-12 for n up to 1e4, below 1e-10 up to 1e6, wherever
// the tail lies: far below the smallest double and next to 1, there down to −1e-300. Cost: O(√n) steps
// (discrete), at most 0.1 ms (continuous).
double log_binomial_survival(double x, double n, double p, BinomialKind kind);

}  // namespace uflow
