// The terms of Poisson, gamma and binomial densities in the log domain, for real arguments: C. Loader, "Fast
// and accurate computation of binomial probabilities", 2000. As deviance and Stirling error they keep the
// digits that the difference of large logarithms would lose.
#pragma once

namespace uflow {

// y − a − a·ln(y/a) for a, y > 0, which is 0 at y = a, without cancellation near there. `difference` is y −
// a: a caller may know it better than y.
double deviance(double a, double y, double difference);

// The error of Stirling's formula: ln Γ(a + 1) − (a + ½)·ln a + a − ½·ln 2π, a > 0 (DLMF 5.11.1).
double stirling_error(double a);

// ln(yᵃ·e⁻ʸ / Γ(a + 1)) for a ≥ 0, y > 0 to an absolute error of 1e-14 plus a relative one of 1e-15;
// `difference` is y − a.
double log_gamma_term(double a, double y, double difference);

}  // namespace uflow
