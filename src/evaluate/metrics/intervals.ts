import { logBinomialSurvival, logChi2Survival } from "../../kernels/index.js";
import { badTensor } from "./maps.js";

/** Ends of a confidence interval. */
export type Interval = [low: number, high: number];

/** All intervals are central ones of this level: above and below, at most half of the rest. */
export const confidence = 0.95;

const tail = (1 - confidence) / 2;

/**
 * Exact 95 % interval (Garwood 1936) of the mean number per unit of a Poisson process of which `count` were seen in
 * `units`: with a = 0.025, χ²-quantiles qₐ(2·count)/2 and q₁₋ₐ(2·count + 2)/2, over the units. Null without units.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR unless `count` is a whole number from 0 and `units` a number from 0.
 */
export function poissonInterval(count: number, units: number): Interval | null {
  checkCount(count);
  if (!(units >= 0 && units < Number.POSITIVE_INFINITY)) {
    throw badTensor(`Expected a number of units from 0 but received ${units}`);
  }
  if (units === 0) return null;
  const low = count === 0 ? 0 : chi2Exceeded(1 - tail, 2 * count) / 2;
  return [low / units, chi2Exceeded(tail, 2 * count + 2) / 2 / units];
}

/**
 * Exact 95 % interval (Clopper and Pearson 1934) of a probability that came true in `count` of `trials`. Null without any.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR unless both are whole numbers from 0 and `count` is at most `trials`.
 */
export function binomialInterval(count: number, trials: number): Interval | null {
  checkCount(count);
  checkCount(trials);
  if (count > trials) throw badTensor(`Expected at most ${trials} of ${trials} trials but received ${count}`);
  if (trials === 0) return null;
  const more = (p: number) => 10 ** logBinomialSurvival(count, trials, p);
  const asMany = (p: number) => 10 ** logBinomialSurvival(count - 1, trials, p);
  const low = count === 0 ? 0 : crossing((p) => asMany(p) >= tail, 0, 1);
  const high = count === trials ? 1 : crossing((p) => more(p) >= 1 - tail, 0, 1);
  return [low, high];
}

function checkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw badTensor(`Expected counts to be whole numbers from 0 but received ${count}`);
}

/** The number that χ² with `dof` degrees of freedom exceeds with this probability. */
function chi2Exceeded(probability: number, dof: number): number {
  // At most 0.025 beyond it by Chebyshev's inequality: √(1/0.025) < 7 standard deviations.
  const high = dof + 7 * Math.sqrt(2 * dof);
  return crossing((x) => 10 ** logChi2Survival(x, dof) <= probability, 0, high);
}

/** Where a condition that is false at `low` and true at `high` becomes true, to the last digits, by halving. */
function crossing(reached: (x: number) => boolean, low: number, high: number): number {
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}
