import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { iouAbove } from "./iou.js";
import { checkPairs, countSet } from "./maps.js";
import { PixelScores } from "./pixel-scores.js";

/** One false pixel per 256 × 256: what the authors of the method grant a method that has no threshold of its own. */
export const fairShare = 1 / 256 ** 2;

/** A threshold on the anomaly map that good images alone determine. */
export interface FairThreshold {
  /** At most 1/65536 of the pixels of good images score above it; the smallest score of theirs that is so. */
  score: number;
  /** Mean IoU over all images of the pixels that score above it; null when no pixel is defective. */
  miou: number | null;
}

/**
 * The fair threshold for plain anomaly maps, and the mIoU at it. docs/maths.md, "Metrics".
 *
 * @param scores one map per image, higher means more anomalous
 * @param masks of the same sizes, not 0 in defects; images whose mask is empty are good
 * @returns null without a good image.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps and masks that do not go together.
 */
export function fairThreshold(scores: readonly Map2d[], masks: readonly Mask[]): FairThreshold | null {
  checkPairs(scores, masks);
  const pixels = new PixelScores(Number.POSITIVE_INFINITY);
  const kindOf = (mask: Mask) => (countSet(mask.data) === 0 ? "good" : "defective");
  masks.forEach((mask, i) => {
    pixels.add(scores[i]!, mask, kindOf(mask), `the scores of image ${i}`);
  });
  const score = pixels.exceededBy(fairShare, "good");
  if (score === null) return null;
  if (masks.every((mask) => kindOf(mask) === "good")) return { score, miou: null };
  const ious = scores.map(({ data }, i) => iouAbove(score, data, masks[i]!.data));
  return { score, miou: ious.reduce((sum, iou) => sum + iou, 0) / ious.length };
}
