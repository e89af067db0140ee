import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { badTensor, notANumber } from "./maps.js";
import { type PixelRanking, rankPixels } from "./pixel-ranking.js";

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
  if (scores.length !== labels.length) {
    throw badTensor(
      `Expected one label per score but received ${scores.length} scores and ${labels.length} labels`,
    );
  }
  const all = Float64Array.from(scores);
  if (all.some(Number.isNaN)) throw notANumber("the image scores");
  const defective = all.filter((_, i) => labels[i]).sort();
  const good = all.filter((_, i) => !labels[i]).sort();
  return mannWhitney(defective, good);
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
  return rankedPixelAuroc(rankPixels(scores, masks));
}

/** `pixelAuroc()` where the pixels are ranked already. */
export function rankedPixelAuroc({ anomalous, normal }: PixelRanking): number | null {
  return mannWhitney(anomalous, normal);
}

/**
 * P(positive > negative) + ½ P(positive = negative): Mann and Whitney's U over the number of pairs, which is the area
 * under the ROC curve. U is exact as long as there are fewer than 2⁵² pairs. Both arrays ascend.
 */
function mannWhitney<T extends Float64Array | Uint32Array>(positives: T, negatives: T): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  let u = 0;
  let below = 0;
  let notAbove = 0;
  for (let i = 0; i < positives.length; i++) {
    const score = positives[i]!;
    while (below < negatives.length && negatives[below]! < score) below++;
    while (notAbove < negatives.length && negatives[notAbove]! <= score) notAbove++;
    u += (below + notAbove) / 2;
  }
  return u / positives.length / negatives.length;
}
