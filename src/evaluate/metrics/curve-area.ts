import type { Bounded, RankCurve } from "./rank-curve.js";

/**
 * The area under the curve of `heights` (a running total of `curve`) over its false positives, with straight lines
 * between the points of distinct scores, up to `limit` false positives. Where scores share a bin, the true curve lies
 * anywhere in the box that the line is a diagonal of: half of the box for the bound, all of it where the limit cuts it.
 */
export function areaUpTo(limit: number, curve: RankCurve, heights: Float64Array): Bounded {
  const { falseAbove, falsePositives, normal, binned } = curve;
  let [value, bound, x, y] = [0, 0, 0, 0];
  for (let i = 0; i < heights.length && x < limit; i++) {
    const [left, right, top] = [falseAbove[i]!, falsePositives[i]!, heights[i]!];
    value += (Math.min(left, limit) - x) * y;
    const width = Math.min(right, limit) - left;
    if (width > 0) {
      const rise = (top - y) * (width / (right - left));
      value += (width * (y + y + rise)) / 2;
      if (binned) bound += width * (right > limit ? top - y : (top - y) / 2);
    }
    [x, y] = [right, top];
  }
  const rest = Math.min(normal, limit) - x;
  return { value: rest > 0 ? value + rest * y : value, bound };
}

/** Divides by what the area would be if everything anomalous were found first. */
export function share({ value, bound }: Bounded, whole: number): Bounded {
  return { value: value / whole, bound: bound / whole };
}
