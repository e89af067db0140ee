import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { badTensor } from "./maps.js";
import { type PixelRanking, rankPixels } from "./pixel-ranking.js";

/** Up to which false positive rate the curve is integrated unless said otherwise, as in the literature. */
export const defaultFprLimit = 0.3;

/**
 * The area under the per-region overlap curve: at each threshold the share of each defect region that is found,
 * averaged over the regions (8-connected components of the masks), against the share of normal pixels that are found;
 * integrated with straight lines between the points of all distinct scores up to `limit`, then divided by it.
 * docs/maths.md, "Metrics".
 *
 * @param scores one map per image, higher means more anomalous
 * @param masks of the same sizes, not 0 in defects
 * @returns 0 … 1, or null when there is no region or no normal pixel.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, maps and masks that do not go together, or a limit outside (0, 1].
 */
export function aupro(
  scores: readonly Map2d[],
  masks: readonly Mask[],
  { limit = defaultFprLimit }: { limit?: number } = {},
): number | null {
  return rankedAupro(rankPixels(scores, masks), limit);
}

/** `aupro()` where the pixels are ranked already. */
export function rankedAupro(ranking: PixelRanking, limit = defaultFprLimit): number | null {
  if (!(limit > 0 && limit <= 1)) {
    throw badTensor(
      `Expected the limit of the false positive rate to be above 0, at most 1, but received ${limit}`,
    );
  }
  const { normal, anomalous, weights, regions } = ranking;
  if (regions === 0 || normal.length === 0) return null;
  let i = normal.length;
  let j = anomalous.length;
  let [fpr, overlap, weight, area] = [0, 0, 0, 0];
  // The threshold falls from the highest score to the lowest; each pixel is passed once.
  while (i > 0 || j > 0) {
    const key = Math.max(i > 0 ? normal[i - 1]! : 0, j > 0 ? anomalous[j - 1]! : 0);
    while (i > 0 && normal[i - 1] === key) i--;
    while (j > 0 && anomalous[j - 1] === key) weight += weights[--j]!;
    const nextFpr = (normal.length - i) / normal.length;
    const nextOverlap = weight / regions;
    if (nextFpr >= limit) {
      const atLimit = overlap + ((nextOverlap - overlap) * (limit - fpr)) / (nextFpr - fpr);
      return (area + ((limit - fpr) * (overlap + atLimit)) / 2) / limit;
    }
    area += ((nextFpr - fpr) * (overlap + nextOverlap)) / 2;
    [fpr, overlap] = [nextFpr, nextOverlap];
  }
  return area / limit;
}
