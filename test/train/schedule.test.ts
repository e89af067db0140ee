import { expect, it } from "vitest";
import { batchesOf, learningRateAt } from "#uflow/train/schedule.js";

it("lowers the rate linearly to 0.4 of it and then keeps it", () => {
  expect(learningRateAt(0.01, 0, 100)).toBe(0.01);
  expect(learningRateAt(0.01, 50, 100)).toBeCloseTo(0.007, 12);
  expect(learningRateAt(0.01, 100, 100)).toBeCloseTo(0.004, 12);
  expect(learningRateAt(0.01, 150, 100)).toBeCloseTo(0.004, 12);
});

it("uses every image once per epoch, also those of a partial last batch", () => {
  const batches = batchesOf(19, 8, 3, 1);
  expect(batches.map((batch) => batch.length)).toEqual([8, 8, 3]);
  expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 19 }, (_, i) => i));
});

it("draws the same order for the same seed and epoch, and another for others", () => {
  expect(batchesOf(50, 8, 3, 1)).toEqual(batchesOf(50, 8, 3, 1));
  expect(batchesOf(50, 8, 3, 1)).not.toEqual(batchesOf(50, 8, 3, 2));
  expect(batchesOf(50, 8, 3, 1)).not.toEqual(batchesOf(50, 8, 4, 1));
});
