// Tails of distributions in the log domain: probabilities far below the smallest double are still ordinary
// numbers.
#pragma once

namespace uflow {

// `exact`: the χ² tail itself. `chernoff`: the formula of the Python reference, the logarithm of the Chernoff
// bound (dof/2)·(1 + ln r − r), r = x/dof, which is applied there also below the mean, where it is no bound.
enum class Tail { exact, chernoff };

// log10 P(χ²_dof ≥ x) for x ≥ 0 and real dof in [0.001, 1e9]. Relative error of `exact` below 1e-11 for dof
// up to 1e5. Cost: O(√dof) near the mean, a few steps far from it.
double log_chi2_survival(double x, double dof, Tail tail);

}  // namespace uflow
