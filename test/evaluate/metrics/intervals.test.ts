import { describe, expect, it } from "vitest";
import { binomialInterval, poissonInterval } from "#uflow/evaluate/metrics/intervals.js";
import { peerIntervals } from "./peers.js";

describe.each(peerIntervals)("$count of $total", ({ count, total, binomial, poisson }) => {
  it("has SciPy's exact intervals", () => {
    binomialInterval(count, total)!.forEach((end, i) => {
      expect(end).toBeCloseTo(binomial[i]!, 10);
    });
    poissonInterval(count, total)!.forEach((end, i) => {
      expect(end * total).toBeCloseTo(poisson[i]!, 9);
    });
  });
});

it("is null where nothing was tried", () => {
  expect(binomialInterval(0, 0)).toBeNull();
  expect(poissonInterval(0, 0)).toBeNull();
});
