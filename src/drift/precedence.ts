/**
 * The exact two-sample test behind the monitor, for any distribution. Parts and images of the calibration are taken for
 * draws of the same production: then all orders of the two together are equally probable. docs/maths.md, "Drift".
 */

/**
 * log₁₀ P(C ≥ c) for c = 0 … parts, where C is how many of the parts lie beyond the `rank`-th outermost of the images.
 * P(C = c) = (c + rank − 1 choose c) · (parts − c + images − rank choose images − rank) / (parts + images choose images).
 * O(parts + images).
 * @param rank 1 … images
 */
export function logBeyond(parts: number, images: number, rank: number): Float64Array {
  const inside = images - rank;
  // All parts are beyond: the images from that rank on are the innermost of all.
  let log = 0;
  for (let i = 0; i <= inside; i++) log += Math.log10((images - i) / (parts + images - i));
  const tails = new Float64Array(parts + 1);
  tails[parts] = log;
  for (let c = parts - 1; c >= 0; c--) {
    log += Math.log10((((c + 1) / (c + rank)) * (parts - c + inside)) / (parts - c));
    tails[c] = logSum(tails[c + 1]!, log);
  }
  return tails;
}

/** log₁₀(10ᵃ + 10ᵇ). */
function logSum(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  return large + Math.log10(1 + 10 ** (small - large));
}

/** The least number of parts beyond that has at most this probability; null: no number has. */
export function leastImprobable(tails: Float64Array, logProb: number): number | null {
  const count = tails.findIndex((tail) => tail <= logProb);
  return count < 0 ? null : count;
}
