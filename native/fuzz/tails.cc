// The tails, which every map rests on.
#include "../kernels/binomial_table.h"
#include "../kernels/binomial_tail.h"
#include "../kernels/chi2_table.h"
#include "../kernels/tail.h"
#include "check.h"
#include "targets.h"

namespace uflow::fuzz {
namespace {

double within(double value, double least, double most) {
  return value >= least && value <= most ? value : least;
}

void require_log_probability(double value) {
  require(value <= 0, "a logarithm of a probability is above 0 or NaN");
}

// Next to 1 logarithms end among the denormal numbers, which have fewer digits.
bool close(double a, double b, double tolerance) {
  return a == b || std::abs(a - b) <= std::fmax(tolerance * std::abs(b), 1e-300);
}

}  // namespace

void chi2(Input& input) {
  const double dof = within(input.number(), 1e-3, 1e9);
  Chi2Table table(dof);
  for (int i = 0; i < 4; i++) {
    const double x = within(input.number(), 0, std::numeric_limits<double>::infinity());
    const double exact = log_chi2_survival(x, dof, Tail::exact);
    require_log_probability(exact);
    require_log_probability(log_chi2_survival(x, dof, Tail::chernoff));
    require(close(table.log_survival(x), exact, 1e-11), "the χ² table differs from its function");
  }
}

void binomial(Input& input) {
  const double n = 1 + input.bits() % 100000;
  const double p = within(input.number(), 1e-300, 1 - 0x1p-53);
  const double x = within(input.number(), -1, n);
  for (const auto kind : {BinomialKind::discrete, BinomialKind::continuous}) {
    require_log_probability(log_binomial_survival(x, n, p, kind));
  }
}

void binomial_table(Input& input) {
  const auto n = static_cast<std::uint32_t>(1 + input.bits() % 3969);
  const auto channels = static_cast<std::uint32_t>(1 + input.bits() % 65535);
  const double p = within(input.number(), 1e-6, 1 - 1e-6);
  for (const auto kind : {BinomialKind::discrete, BinomialKind::continuous}) {
    BinomialTable table(n, p, channels, kind);
    const std::uint32_t count = input.bits() % (n * channels);
    const double x = static_cast<double>(count) / channels;
    require(close(table(count), log_binomial_survival(x, n, p, kind), 1e-11),
            "the binomial table differs from its function");
  }
}

}  // namespace uflow::fuzz
