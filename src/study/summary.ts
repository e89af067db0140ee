import { type MetricName, type Metrics, metricNames, type Run } from "./run.js";

/** A metric over several seeds; null where it is not defined. */
export interface Spread {
  mean: number | null;
  /** Standard deviation of the sample (n - 1); null with fewer than two seeds. */
  spread: number | null;
}

export type Summary = Record<MetricName, Spread>;

/** Mean and spread of every metric over the runs of one category. */
export function summarize(runs: readonly { metrics: Metrics }[]): Summary {
  return perMetric((name) => spreadOf(runs.map(({ metrics }) => metrics[name])));
}

/**
 * The mean over categories, for every seed, and its mean and spread over the seeds: how much the figure of the whole data
 * set depends on chance. A metric that a category does not define is averaged over the others.
 */
export function summarizeAll(categories: readonly (readonly Run[])[], seeds: readonly number[]): Summary {
  return perMetric((name) =>
    spreadOf(
      seeds.map((seed) => {
        const ofSeed = categories.flatMap((runs) => runs.filter((run) => run.seed === seed));
        return meanOf(ofSeed.map(({ metrics }) => metrics[name]));
      }),
    ),
  );
}

const perMetric = (make: (name: MetricName) => Spread) =>
  Object.fromEntries(metricNames.map((name) => [name, make(name)])) as Summary;

function spreadOf(values: readonly (number | null)[]): Spread {
  const known = values.filter((value) => value !== null);
  const mean = meanOf(known);
  if (mean === null || known.length < 2) return { mean, spread: null };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / (known.length - 1)) };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
