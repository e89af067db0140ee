// The tails, which every map rests on.
#include "../kernels/tail.h"
#include "check.h"
#include "targets.h"

namespace uflow::fuzz {
namespace {

double clamped(double value, double least, double most) {
  return value >= least && value <= most ? value : least;
}

}  // namespace

void tails(Input& input) {
  const double x = clamped(input.number(), 0, std::numeric_limits<double>::infinity());
  const double dof = clamped(input.number(), 1e-3, 1e9);
  for (const Tail tail : {Tail::exact, Tail::chernoff}) {
    const double value = log_chi2_survival(x, dof, tail);
    require(value <= 0 || tail == Tail::chernoff, "a probability is larger than 1");
    require(!std::isnan(value), "a tail is not a number");
  }
}

}  // namespace uflow::fuzz
