import { badTensor, notANumber } from "./maps.js";
import type { Tally } from "./tally.js";

/**
 * What a threshold that falls from the highest score to the lowest finds, at every distinct score of an anomalous one
 * (image or pixel), highest first. Between two of them only normal ones are found, so that this is all that ROC, PR and
 * per-region overlap curves need. All numbers but `scores` are running totals.
 */
export interface RankCurve {
  /** The distinct scores of anomalous ones; in bins, their lower ends. Found is what scores as much or more. */
  scores: Float64Array;
  /** Normal ones that score higher. */
  falseAbove: Float64Array;
  /** Normal ones that score as much or higher. */
  falsePositives: Float64Array;
  /** Anomalous ones that score as much or higher. */
  truePositives: Float64Array;
  /** Their weights: for pixels 1 / area of the region, so that each region found as a whole adds 1. */
  overlap: Float64Array;
  /** Number of normal ones. */
  normal: number;
  /** Number of anomalous ones. */
  anomalous: number;
  /** Number of defect regions; 0 for images. */
  regions: number;
  /** Equal scores may have been different ones: then every metric has a bound on what that changes. */
  binned: boolean;
}

/** A metric and by how much it can be off because scores were binned; 0: it is exact. */
export interface Bounded {
  value: number;
  bound: number;
}

/**
 * @param anomalous with weights @param normal any number of tallies, whose counts add up
 * @param scoreOf the score of a key
 */
export function rankCurve(of: {
  anomalous: Tally;
  normal: readonly Tally[];
  regions: number;
  scoreOf: (key: number) => number;
  binned: boolean;
}): RankCurve {
  const keys = of.anomalous.keys.slice().reverse();
  const falseAbove = new Float64Array(keys.length);
  const falsePositives = new Float64Array(keys.length);
  let normal = 0;
  for (const tally of of.normal) normal += countFalse(tally, keys, falseAbove, falsePositives);
  const truePositives = runningTotals(of.anomalous.counts);
  const overlap = runningTotals(of.anomalous.weights!);
  const anomalous = truePositives.at(-1) ?? 0;
  const { regions, binned } = of;
  const scores = Float64Array.from(keys, of.scoreOf);
  return { scores, falseAbove, falsePositives, truePositives, overlap, normal, anomalous, regions, binned };
}

/**
 * The curve of single scores, such as those of images, of any precision.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN or a different number of labels.
 */
export function imageRankCurve(scores: ArrayLike<number>, labels: ArrayLike<boolean | number>): RankCurve {
  if (scores.length !== labels.length) {
    throw badTensor(
      `Expected one label per score but received ${scores.length} scores and ${labels.length} labels`,
    );
  }
  const all = Float64Array.from(scores);
  if (all.some(Number.isNaN)) throw notANumber("the image scores");
  // Sets and maps take −0 for 0.
  const distinct = [...new Set(all)].sort((a, b) => a - b);
  const keyOf = new Map(distinct.map((score, key) => [score, key]));
  const tally = (anomalous: boolean): Tally => {
    const counts = new Uint32Array(distinct.length);
    all.forEach((score, i) => {
      if (Boolean(labels[i]) === anomalous) counts[keyOf.get(score)!]!++;
    });
    const keys = Uint32Array.from(distinct.keys()).filter((key) => counts[key]! > 0);
    return { keys, counts: keys.map((key) => counts[key]!), weights: new Float64Array(keys.length) };
  };
  const scoreOf = (key: number) => distinct[key]!;
  return rankCurve({ anomalous: tally(true), normal: [tally(false)], regions: 0, scoreOf, binned: false });
}

/** Adds a tally's pixels above, and at or above, each key; keys descend. @returns all of the tally's pixels. */
function countFalse(
  { keys, counts }: Tally,
  at: Uint32Array,
  above: Float64Array,
  orAt: Float64Array,
): number {
  let found = 0;
  let i = keys.length - 1;
  for (let n = 0; n < at.length; n++) {
    for (; i >= 0 && keys[i]! > at[n]!; i--) found += counts[i]!;
    above[n]! += found;
    for (; i >= 0 && keys[i] === at[n]; i--) found += counts[i]!;
    orAt[n]! += found;
  }
  for (; i >= 0; i--) found += counts[i]!;
  return found;
}

/** Running totals from the last value to the first. */
function runningTotals(values: Uint32Array | Float64Array): Float64Array {
  let total = 0;
  return Float64Array.from(values)
    .reverse()
    .map((value) => {
      total += value;
      return total;
    });
}
