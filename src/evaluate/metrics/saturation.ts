import type { Mask } from "../../image/mask.js";
import { badTensor, checkPair, countSet } from "./maps.js";
import { type Tally, tallySorted } from "./tally.js";

/** A region of the ground truth of which so much is enough: it may be where something missing could have been. */
export interface SaturatingRegion {
  /** Not 0 in the region, which need not be connected. */
  mask: Mask;
  /** Pixels of it, above 0, that count as all of it; no more than it has. */
  saturation: number;
}

/**
 * Mean part of an image's regions that is detected, each counted up to its saturation; null without regions.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for regions of another size, without pixels or with a saturation of 0.
 */
export function saturatedOverlap(detected: Mask, regions: readonly SaturatingRegion[]): number | null {
  if (regions.length === 0) return null;
  const shares = regions.map((region) => {
    checkRegion(region, region.mask);
    const { mask, saturation } = region;
    checkPair(detected, mask);
    const found = countSet(mask.data.map((inside, i) => (inside && detected.data[i] ? 1 : 0)));
    return Math.min(found / Math.min(saturation, countSet(mask.data)), 1);
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/**
 * The highest scores of a region, as many as its saturation, of which each weighs 1 / saturation: they add up to
 * min(found / saturation, 1) at every threshold. Where the saturation is no whole number, the last of them weighs the rest.
 */
export function tallySaturating(keys: Uint32Array, { mask, saturation }: SaturatingRegion): Tally {
  const sorted = keys.filter((_, i) => mask.data[i]).sort();
  const enough = Math.min(saturation, sorted.length);
  const highest = sorted.slice(sorted.length - Math.ceil(enough));
  const weights = new Float64Array(highest.length).fill(1 / enough);
  weights[0] = 1 - (highest.length - 1) / enough;
  return tallySorted(highest, weights);
}

/** @throws UflowError ERR_UFLOW_BAD_TENSOR for a region without pixels, or not inside of the mask. */
export function checkRegion({ mask, saturation }: SaturatingRegion, whole: Mask): void {
  checkPair(mask, whole, "a region");
  if (countSet(mask.data) === 0) throw badTensor("Expected regions with pixels but received one without");
  if (!(saturation > 0)) throw badTensor(`Expected saturations above 0 but received ${saturation}`);
  if (mask.data.some((inside, i) => inside && !whole.data[i])) {
    throw badTensor("Expected regions inside of the mask but received one with pixels outside");
  }
}
