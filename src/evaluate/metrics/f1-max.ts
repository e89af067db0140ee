import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { allPixelScores } from "./pixel-scores.js";
import { type Bounded, imageRankCurve, type RankCurve } from "./rank-curve.js";

/** The best F1 that a threshold chosen on these very images reaches: an oracle's. */
export interface F1Max {
  /** 2·precision·recall / (precision + recall), 0 … 1. */
  value: number;
  /** What scores as much or more is found. Of several equally good ones, the highest. */
  threshold: number;
}

/**
 * The largest F1 of scores per image over all thresholds. docs/maths.md, "Metrics".
 *
 * @param scores higher means more anomalous
 * @param labels per image: true or 1 where it is defective
 * @returns null when one of the two classes is missing.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN or a different number of labels.
 */
export function imageF1Max(scores: ArrayLike<number>, labels: ArrayLike<boolean | number>): F1Max | null {
  return withoutBound(f1Max(imageRankCurve(scores, labels)));
}

/**
 * The same over all pixels of all images.
 *
 * @param scores one map per image, higher means more anomalous
 * @param masks of the same sizes, not 0 in defects
 * @returns null when there are no defective or no normal pixels.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps and masks that do not go together.
 */
export function pixelF1Max(scores: readonly Map2d[], masks: readonly Mask[]): F1Max | null {
  return withoutBound(f1Max(allPixelScores(scores, masks).curve()));
}

/**
 * F1-max of a curve. The best threshold is the score of an anomalous one: up to the next, only normal ones are added.
 * The ends of bins are thresholds too; within one, at best all of its anomalous ones come first.
 */
export function f1Max(curve: RankCurve): (F1Max & Bounded) | null {
  const { normal, anomalous, truePositives, falsePositives, falseAbove, scores, binned } = curve;
  if (normal === 0 || anomalous === 0) return null;
  const f1 = (found: number, falsely: number) => (2 * found) / (found + falsely + anomalous);
  let [value, best, highest] = [0, 0, 0];
  for (let i = 0; i < truePositives.length; i++) {
    const current = f1(truePositives[i]!, falsePositives[i]!);
    if (current > value) [value, best] = [current, i];
    if (binned) highest = Math.max(highest, f1(truePositives[i]!, falseAbove[i]!));
  }
  return { value, threshold: scores[best]!, bound: Math.max(highest - value, 0) };
}

export function withoutBound(result: F1Max | null): F1Max | null {
  return result && { value: result.value, threshold: result.threshold };
}
