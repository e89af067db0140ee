// Tails of distributions in the log domain: probabilities far below the smallest double are still ordinary
// numbers.
#pragma once

namespace uflow {

// `exact`: the χ² tail itself. `chernoff`: the formula of the Python reference, the logarithm of the Chernoff
// bound (dof/2)·(1 + ln r − r), r = x/dof, which is applied there also below the mean, where it is no bound.
enum class Tail { exact, chernoff };

// log10 P(χ²_dof ≥ x) for x ≥ 0 and real dof in [0.001, 1e9].
// Relative error of `exact` below 1e-12, far out, near the mean and next to 1 alike: −1e-300 has as many right
// digits as −1e300. Between −1e-307 and 0 the digits fade with those of the doubles, and what is nearer to 1
// is 0. Cost: at most 120 steps of a series or continued fraction for any argument, below 1 µs; for many x
// with one dof there is Chi2Table. `chernoff` costs one logarithm.
double log_chi2_survival(double x, double dof, Tail tail);

}  // namespace uflow
