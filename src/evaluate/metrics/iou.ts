import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { checkPair, checkPairs, notANumber } from "./maps.js";

/** Added to intersection and union: a good image without a detection counts 1, with any false pixel practically 0. */
const tiny = 2.2e-16;

/** The oracle's thresholds on −logNfa: every whole number in this range. */
const lowest = -400;
const highest = 1000;

/**
 * Mean over all images of intersection over union; null when no pixel of them is defective: good images alone would only
 * tell, in the same range of numbers, on how many nothing is detected.
 */
export interface Miou {
  /** At the operating point, which no defect was needed for. */
  automatic: number | null;
  /** At the one threshold that suits these very images best. */
  oracle: number | null;
  /** That threshold: logNfa below it is detected. Of several equally good ones, the nearest to the operating point. */
  oracleLogEpsilon: number | null;
}

/** mIoU where logNfa < logEpsilon[i] is detected. */
export interface MiouCurve {
  logEpsilon: number[];
  miou: number[];
}

/**
 * Mean intersection over union of the detected pixels, logNfa < logEpsilon, with the defects.
 * docs/maths.md, "Metrics".
 *
 * @param logNfa one map per image
 * @param masks of the same sizes, not 0 in defects
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps and masks that do not go together.
 */
export function miou(
  logNfa: readonly Map2d[],
  masks: readonly Mask[],
  { logEpsilon = 0 }: { logEpsilon?: number } = {},
): Miou {
  checkPairs(logNfa, masks);
  const curve = new IouCurve(logEpsilon);
  logNfa.forEach((map, i) => {
    curve.add(map, masks[i]!);
  });
  return curve.result();
}

/** IoU at the operating point and at all of the oracle's thresholds, gathered image by image; no map is kept. */
export class IouCurve {
  private readonly sums = new Float64Array(highest - lowest + 1);
  private automatic = 0;
  private images = 0;
  private defectPixels = 0;

  constructor(private readonly logEpsilon = 0) {}

  /**
   * Adds one image. O(pixels + thresholds).
   * @returns its IoU at the operating point.
   * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or a map and a mask of different sizes.
   */
  add(logNfa: Map2d, mask: Mask): number {
    checkPair(logNfa, mask);
    const { defect, normal, defectArea, hits, falseHits } = this.count(logNfa.data, mask.data);
    let found = 0;
    let falsely = 0;
    // From the strictest threshold down: what a threshold detects, all laxer ones detect too.
    for (let i = this.sums.length - 1; i >= 0; i--) {
      found += defect[i + 1]!;
      falsely += normal[i + 1]!;
      this.sums[i]! += iou(found, defectArea + falsely);
    }
    const automatic = iou(hits, defectArea + falseHits);
    this.automatic += automatic;
    this.images++;
    this.defectPixels += defectArea;
    return automatic;
  }

  /** Mean IoU where logNfa < logEpsilon is detected, for a whole number logEpsilon in −1000 … 400. */
  at(logEpsilon: number): number {
    return this.sums[-logEpsilon - lowest]! / this.images;
  }

  /**
   * Mean IoU against the threshold, the thresholds ascending: every n-th whole number between those beyond which
   * nothing changes, at most `most`. Null when no pixel is defective.
   */
  thinned(most: number): MiouCurve | null {
    if (this.defectPixels === 0) return null;
    let [first, last] = [0, this.sums.length - 1];
    while (first < last && this.sums[first + 1] === this.sums[first]) first++;
    while (first < last && this.sums[last - 1] === this.sums[last]) last--;
    const step = Math.ceil((last - first + 1) / most);
    const curve: MiouCurve = { logEpsilon: [], miou: [] };
    for (let i = last; i >= first; i -= step) {
      curve.logEpsilon.push(0 - (i + lowest));
      curve.miou.push(this.sums[i]! / this.images);
    }
    return curve;
  }

  result(): Miou {
    if (this.defectPixels === 0) return { automatic: null, oracle: null, oracleLogEpsilon: null };
    const distance = (i: number) => Math.abs(i + lowest + this.logEpsilon);
    let best = 0;
    this.sums.forEach((sum, i) => {
      const better = sum > this.sums[best]! || (sum === this.sums[best] && distance(i) < distance(best));
      if (better) best = i;
    });
    // The sum with 0 keeps −0 out of the result.
    const oracleLogEpsilon = 0 - (best + lowest);
    return {
      automatic: this.automatic / this.images,
      oracle: this.sums[best]! / this.images,
      oracleLogEpsilon,
    };
  }

  /**
   * Histograms over the strictest threshold that detects a pixel: bin i + 1 for threshold i of the oracle's, bin 0 for
   * none. Threshold t detects −logNfa > t, so the strictest whole number is ⌈−logNfa⌉ − 1.
   */
  private count(logNfa: Float32Array, mask: Uint8Array) {
    const bins = this.sums.length + 1;
    const defect = new Uint32Array(bins);
    const normal = new Uint32Array(bins);
    let [defectArea, hits, falseHits] = [0, 0, 0];
    for (let i = 0; i < logNfa.length; i++) {
      const value = logNfa[i]!;
      if (Number.isNaN(value)) throw notANumber("a map of logNfa");
      const bin = Math.min(Math.max(Math.ceil(-value) - lowest, 0), bins - 1);
      const detected = value < this.logEpsilon ? 1 : 0;
      if (mask[i]) {
        defectArea++;
        hits += detected;
        defect[bin]!++;
      } else {
        falseHits += detected;
        normal[bin]!++;
      }
    }
    return { defect, normal, defectArea, hits, falseHits };
  }
}

/** IoU of the pixels above a threshold with the defects: scores instead of logNfa, detected where `scores` > `threshold`. */
export function iouAbove(threshold: number, scores: Float32Array, mask: Uint8Array): number {
  let [defectArea, hits, falseHits] = [0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    const detected = scores[i]! > threshold ? 1 : 0;
    if (mask[i]) {
      defectArea++;
      hits += detected;
    } else falseHits += detected;
  }
  return iou(hits, defectArea + falseHits);
}

const iou = (intersection: number, union: number) => (intersection + tiny) / (union + tiny);
