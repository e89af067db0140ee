import { expect } from "vitest";

/** Holds the largest difference, relative to the largest wanted value, below `tolerance`. */
export function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  let [largest, difference] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]!));
    // Also true for NaN.
    if (!(Math.abs(wanted[i]! - got[i]!) <= difference)) difference = Math.abs(wanted[i]! - got[i]!);
  }
  expect(difference / largest).toBeLessThan(tolerance);
}
