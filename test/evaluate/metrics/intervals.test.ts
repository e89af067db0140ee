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

it("refuses what is no count, instead of an interval of it", () => {
  for (const [count, trials] of [
    [-1, 2],
    [3, 2],
    [0.5, 2],
    [Number.NaN, 2],
    [1, Number.NaN],
  ] as const)
    expect(() => binomialInterval(count, trials), `${count} of ${trials}`).toThrow(
      expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }),
    );
  for (const [count, units] of [
    [-1, 2],
    [0.5, 2],
    [1, -1],
    [1, Number.POSITIVE_INFINITY],
  ] as const)
    expect(() => poissonInterval(count, units), `${count} in ${units}`).toThrow(
      expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }),
    );
});
