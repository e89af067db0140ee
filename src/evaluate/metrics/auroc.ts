import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { areaUpTo, share } from "./curve-area.js";
import { allPixelScores } from "./pixel-scores.js";
import { type Bounded, imageRankCurve, type RankCurve } from "./rank-curve.js";

/**
 * The area under the ROC curve of scores per image: the probability that a defective image scores higher than a good
 * one, ties counted half. docs/maths.md, "Metrics".
 *
 * @param scores higher means more anomalous
 * @param labels per image: true or 1 where it is defective
 * @returns 0 … 1, or null when one of the two classes is missing.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN or a different number of labels.
 */
export function imageAuroc(scores: ArrayLike<number>, labels: ArrayLike<boolean | number>): number | null {
  return auroc(imageRankCurve(scores, labels))?.value ?? null;
}

/**
 * The same over all pixels of all images.
 *
 * @param scores one map per image, higher means more anomalous
 * @param masks of the same sizes, not 0 in defects
 * @returns 0 … 1, or null when there are no defective or no normal pixels.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps and masks that do not go together.
 */
export function pixelAuroc(scores: readonly Map2d[], masks: readonly Mask[]): number | null {
  return auroc(allPixelScores(scores, masks).curve())?.value ?? null;
}

/** AUROC of a curve: Mann and Whitney's U, exact as long as there are fewer than 2⁵² pairs, over the number of pairs. */
export function auroc(curve: RankCurve): Bounded | null {
  const { normal, anomalous, truePositives } = curve;
  if (normal === 0 || anomalous === 0) return null;
  return share(areaUpTo(normal, curve, truePositives), normal * anomalous);
}
