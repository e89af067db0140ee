import { describe, expect, it } from "vitest";
import type { Result } from "#uflow/serve/api.js";
import { ticks } from "../../web/src/chart/ticks.ts";
import { age, epsilon, logNfa } from "../../web/src/format.ts";
import { outline } from "../../web/src/outline.ts";
import { changesAt } from "../../web/src/verdict.ts";

describe("numbers for people", () => {
  it("writes ε as a number near one, and as a power of ten far from it", () => {
    expect([-6, -4.5, -3, -0.3, 0, 1.5, 3, 40].map(epsilon)).toEqual([
      ...["10⁻⁶", "3.2 × 10⁻⁵", "0.001", "0.5", "1", "32", "1000", "10⁴⁰"],
    ]);
  });

  it("has a real minus sign", () => {
    expect(logNfa(-12.34)).toBe("−12.3");
  });

  it("leaves digits out that nobody reads, of log NFA far from ε", () => {
    expect([-999.94, -1000, -12345.67].map(logNfa)).toEqual(["−999.9", "−1000", "−12346"]);
  });

  it("says an age in one unit", () => {
    expect([3.4, 99, 600, 7300].map(age)).toEqual(["3\u00a0s", "99\u00a0s", "10\u00a0min", "2\u00a0h"]);
  });
});

describe("ticks", () => {
  it("are round, begin at 0 and reach the largest value", () => {
    expect(ticks(7.2, 4, 0.1)).toEqual([0, 2, 4, 6, 8]);
    expect(ticks(0.35, 4, 0.01)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    expect(ticks(1000, 4, 1)).toEqual([0, 500, 1000]);
  });

  it("are whole for what is counted, and there where nothing is", () => {
    expect(ticks(2, 4, 1)).toEqual([0, 1, 2]);
    expect(ticks(0, 4, 1)).toEqual([0, 1]);
  });
});

describe("changesAt", () => {
  const result = (logNfa: number | null, verdict: Result["verdict"]) => ({ logNfa, verdict }) as Result;

  it("counts verdicts that another threshold would change, and leaves out what has none", () => {
    const results = [
      result(-8, "anomalous"),
      result(-2, "anomalous"),
      result(0.5, "good"),
      result(2, "good"),
      result(null, "undecided"),
    ];
    expect(changesAt(results, 0)).toEqual({ toAnomalous: 0, toGood: 0 });
    expect(changesAt(results, -5)).toEqual({ toAnomalous: 0, toGood: 1 });
    expect(changesAt(results, 1)).toEqual({ toAnomalous: 1, toGood: 0 });
  });
});

describe("outline", () => {
  it("closes the contour and every hole", () => {
    const region = {
      contour: [
        [0, 0],
        [4, 0],
        [4, 4],
      ],
      holes: [
        [
          [1, 1],
          [2, 1],
          [2, 2],
        ],
      ],
    };
    expect(outline(region as unknown as Result["regions"][number])).toBe("M0 0L4 0L4 4ZM1 1L2 1L2 2Z");
  });
});
