// Tails of distributions in the log domain: probabilities far below the smallest double are still ordinary
// numbers.
#pragma once

namespace uflow {

// `exact`: the χ² tail itself. `chernoff`: the formula of the Python reference, the logarithm of the Chernoff
// bound (dof/2)·(1 + ln r − r), r = x/dof, which is applied there also below the mean, where it is no bound.
enum class Tail { exact, chernoff };

// log10 P(χ²_dof ≥ x) for x ≥ 0 and real dof in [0.001, 1e9].
// Relative error of `exact`: at most 1e-12 for dof ≥ 1 and 1e-11 below, far out, near the mean and next to
// probability 1 alike: −1e-300 has as many right digits as −1e300. By rounding analysis it is a few units in
// the last place of ln P, or of ln P(χ² < x), which is at least −708 where its exponential is a normal
// double. From −1e-307 on digits fade as those of doubles do; from −1e-323 on the result is 0. Cost: at most
// 100 steps of a series or continued fraction, 40 to 400 ns. For many x with one dof: Chi2Table. `chernoff`
// costs one logarithm, 5 ns.
double log_chi2_survival(double x, double dof, Tail tail);

}  // namespace uflow
