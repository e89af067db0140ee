import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { allPixelScores } from "./pixel-scores.js";
import { type Bounded, imageRankCurve, type RankCurve } from "./rank-curve.js";

/**
 * Average precision of scores per image: the precision at the score of each defective image, averaged over these; the
 * area under the steps of the precision–recall curve. docs/maths.md, "Metrics".
 *
 * @param scores higher means more anomalous
 * @param labels per image: true or 1 where it is defective
 * @returns 0 … 1, or null when one of the two classes is missing.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN or a different number of labels.
 */
export function imageAveragePrecision(
  scores: ArrayLike<number>,
  labels: ArrayLike<boolean | number>,
): number | null {
  return averagePrecision(imageRankCurve(scores, labels))?.value ?? null;
}

/**
 * The same over all pixels of all images.
 *
 * @param scores one map per image, higher means more anomalous
 * @param masks of the same sizes, not 0 in defects
 * @returns 0 … 1, or null when there are no defective or no normal pixels.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps and masks that do not go together.
 */
export function pixelAveragePrecision(scores: readonly Map2d[], masks: readonly Mask[]): number | null {
  return averagePrecision(allPixelScores(scores, masks).curve())?.value ?? null;
}

/**
 * Average precision of a curve. In a bin of scores the truth lies between all of its normal ones scoring lowest, which
 * gives every anomalous one at most the precision TP/(TP + FP above), and highest, which gives the first one the least.
 */
export function averagePrecision(curve: RankCurve): Bounded | null {
  const { normal, anomalous, truePositives, falsePositives, falseAbove, binned } = curve;
  if (normal === 0 || anomalous === 0) return null;
  let [value, bound, before] = [0, 0, 0];
  for (let i = 0; i < truePositives.length; i++) {
    const found = truePositives[i]!;
    const precision = found / (found + falsePositives[i]!);
    value += (found - before) * precision;
    if (binned) {
      const highest = found / (found + falseAbove[i]!);
      const lowest = (before + 1) / (before + 1 + falsePositives[i]!);
      bound += (found - before) * Math.max(highest - precision, precision - lowest);
    }
    before = found;
  }
  return { value: value / anomalous, bound: bound / anomalous };
}
