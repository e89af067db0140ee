/**
 * What good images say about the rate of false rejects: exact binomial bounds, for any distribution of the statistic. The
 * images, and the parts that are to be inspected, are taken for independent draws of the same production.
 * docs/maths.md, "Calibration".
 */
import { logBinomialSurvival } from "../kernels/index.js";

/** log₁₀ P(K ≤ rejected), K ~ Binomial(images, rate): that so few good images were rejected by chance. */
function logAtMost(rejected: number, images: number, rate: number): number {
  return logBinomialSurvival(images - rejected - 1, images, 1 - rate);
}

/**
 * How many of the good images a threshold may reject so that, with this confidence, it rejects at most this part of all
 * good parts. −1: there are too few images to say so, whatever the threshold. O(log images) binomial tails.
 * @param rate 0 … 1, neither
 * @param confidence 0 … 1, neither
 */
export function allowedRejects(images: number, rate: number, confidence: number): number {
  const limit = Math.log10(1 - confidence);
  let allowed = -1;
  let tooMany = images;
  while (tooMany - allowed > 1) {
    const middle = (allowed + tooMany) >> 1;
    if (logAtMost(middle, images, rate) <= limit) allowed = middle;
    else tooMany = middle;
  }
  return allowed;
}

/** The upper Clopper–Pearson bound on the rate of false rejects where so many of the good images are rejected; 0 … 1. */
export function rejectRateBound(rejected: number, images: number, confidence: number): number {
  if (rejected >= images) return 1;
  const limit = Math.log10(1 - confidence);
  let low = 0;
  let high = 1;
  // Halves until neighbouring doubles remain, at most 1100 times, mostly some 60.
  for (;;) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return high;
    if (logAtMost(rejected, images, middle) > limit) low = middle;
    else high = middle;
  }
}

/** The fewest good images by which this rate can be promised: none of them rejected, (1 − rate)^images ≤ 1 − confidence. */
export function imagesNeeded(rate: number, confidence: number): number {
  return Math.ceil(Math.log1p(-confidence) / Math.log1p(-rate));
}
