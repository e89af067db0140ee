import { expect, it } from "vitest";
import { batchesOf, learningRateAt } from "#uflow/train/schedule.js";

it("lowers the rate linearly to 0.4 of it and then keeps it", () => {
  expect(learningRateAt("linear", 0.01, 0, 100)).toBe(0.01);
  expect(learningRateAt("linear", 0.01, 50, 100)).toBeCloseTo(0.007, 12);
  expect(learningRateAt("linear", 0.01, 100, 100)).toBeCloseTo(0.004, 12);
  expect(learningRateAt("linear", 0.01, 150, 100)).toBeCloseTo(0.004, 12);
});

it("raises the rate over three steps of a hundred, then lowers it along a cosine to 0.01 of it", () => {
  const rates = Array.from({ length: 102 }, (_, step) => learningRateAt("cosine", 1, step, 100));
  expect(rates.slice(0, 4).map((rate) => rate.toFixed(6))).toEqual([
    "0.333333",
    "0.666667",
    "1.000000",
    "1.000000",
  ]);
  for (let step = 4; step <= 100; step++) expect(rates[step]).toBeLessThan(rates[step - 1]!);
  expect(learningRateAt("cosine", 1, 3 + 97 / 2, 100)).toBeCloseTo(0.505, 12);
  expect(rates.slice(100)).toEqual([0.01, 0.01]);
});

it.each(["linear", "cosine"] as const)(
  "has a rate for every step of the shortest training (%s)",
  (schedule) => {
    for (const total of [1, 2, 3]) {
      for (let step = 0; step < total; step++) {
        expect(learningRateAt(schedule, 1, step, total)).toBeGreaterThan(0);
        expect(learningRateAt(schedule, 1, step, total)).toBeLessThanOrEqual(1);
      }
    }
  },
);

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
