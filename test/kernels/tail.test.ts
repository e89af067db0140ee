import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { logChi2Survival, logNumberOfRegions } from "#uflow/kernels/index.js";

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/kernels/${name}.json`, import.meta.url), "utf8"));

describe("the exact χ² tail", () => {
  it("has 12 right digits of the logarithm, far out, near the mean and next to 1", () => {
    for (const [x, dof, wanted] of fixture("chi2").cases as [number, number, number][]) {
      const error = Math.abs(logChi2Survival(x, dof) / wanted - 1);
      if (!(error <= 1e-12)) expect.fail(`P(χ²_${dof} ≥ ${x}) is wrong by ${error}`);
    }
  });

  it("falls steadily, also where series and continued fraction meet", () => {
    for (const dof of [0.5, 1, 2, 9, 64, 817]) {
      let before = 0;
      for (let x = dof / 50; x < 4 * dof; x += dof / 50) {
        const now = logChi2Survival(x, dof);
        expect(now).toBeLessThanOrEqual(before);
        before = now;
      }
    }
  });

  it("is certain at 0 and impossible at infinity", () => {
    expect(logChi2Survival(0, 7)).toBe(0);
    expect(logChi2Survival(Number.POSITIVE_INFINITY, 7)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("the Chernoff formula", () => {
  it("is that of the reference, also below the mean where it is no bound", () => {
    const formula = (x: number, c: number) => (-(c / 2) * (x / c - 1 - Math.log(x / c))) / Math.LN10;
    for (const [x, dof] of [
      [5, 10],
      [10, 10],
      [40, 10],
      [3000, 816],
    ] as const) {
      expect(logChi2Survival(x, dof, "chernoff")).toBeCloseTo(formula(x, dof), 10);
    }
    expect(logChi2Survival(0, 4, "chernoff")).toBe(Number.NEGATIVE_INFINITY);
    for (const [x, dof] of [
      [Number.POSITIVE_INFINITY, 7],
      [Number.MAX_VALUE, 0.5],
    ] as const) {
      expect(logChi2Survival(x, dof, "chernoff")).toBe(Number.NEGATIVE_INFINITY);
    }
  });

  it("lies above the exact tail where it is a bound", () => {
    for (const ratio of [1.1, 2, 6]) {
      expect(logChi2Survival(56 * ratio, 56, "chernoff")).toBeGreaterThan(logChi2Survival(56 * ratio, 56));
    }
  });
});

describe("the number of regions", () => {
  it("equals the reference's, which is rounded to single precision", () => {
    for (const [sizes, wanted] of fixture("number_of_regions") as [number[], number][]) {
      expect(Math.abs(logNumberOfRegions(sizes) / wanted - 1)).toBeLessThan(1e-7);
    }
  });

  it("equals the plain sum where that can be computed", () => {
    const plain = (n: number) => {
      let sum = 0;
      for (let r = 1; r <= n; r++) sum += (0.316915 * 4.06257 ** r) / r;
      return n * sum;
    };
    for (const sizes of [[1], [2], [7, 3], [100, 25], [300]]) {
      const wanted = Math.log10(sizes.reduce((sum, n) => sum + plain(n), 0));
      expect(logNumberOfRegions(sizes)).toBeCloseTo(wanted, 10);
    }
  });
});
