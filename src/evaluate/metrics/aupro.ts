import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { areaUpTo, share } from "./curve-area.js";
import { badTensor } from "./maps.js";
import { allPixelScores } from "./pixel-scores.js";
import type { Bounded, RankCurve } from "./rank-curve.js";

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
  return proArea(allPixelScores(scores, masks).curve(), limit)?.value ?? null;
}

/** AUPRO of a curve. */
export function proArea(curve: RankCurve, limit = defaultFprLimit): Bounded | null {
  checkFprLimit(limit);
  const { normal, regions, overlap } = curve;
  if (normal === 0 || regions === 0) return null;
  return share(areaUpTo(limit * normal, curve, overlap), limit * normal * regions);
}

/** @throws UflowError ERR_UFLOW_BAD_TENSOR for a limit outside (0, 1]. */
export function checkFprLimit(limit: number): void {
  if (limit > 0 && limit <= 1) return;
  throw badTensor(
    `Expected the limit of the false positive rate to be above 0, at most 1, but received ${limit}`,
  );
}
