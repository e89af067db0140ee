import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type BinomialKind, logBinomialSurvival } from "#uflow/kernels/index.js";
import { loadGolden } from "../fixtures/golden.js";

const cases = JSON.parse(
  readFileSync(new URL("../fixtures/kernels/binomial.json", import.meta.url), "utf8"),
) as [kind: BinomialKind, x: number, n: number, p: number, wanted: number][];

describe.each(["discrete", "continuous"] as const)("the %s binomial tail", (kind) => {
  it("has 12 right digits of the logarithm (10 beyond n = 10000), far out and next to 1", () => {
    for (const [, x, n, p, wanted] of cases.filter((row) => row[0] === kind)) {
      const tolerance = Math.abs(wanted) * (n > 10000 ? 1e-10 : 1e-12);
      const found = logBinomialSurvival(x, n, p, kind);
      expect(Math.abs(found - wanted), `x ${x} n ${n} p ${p}`).toBeLessThanOrEqual(tolerance);
    }
  });

  it("equals the reference's tables", () => {
    const golden = loadGolden("kernels/nfa_block");
    for (const n of [25, 9]) {
      const wanted = golden.tensor(`table/${kind === "discrete" ? "low" : "high"}${n}`).data;
      golden.tensor(`table/x${n}`).data.forEach((x, i) => {
        const found = logBinomialSurvival(x, n, 1 - 0.9, kind);
        if (x === n) expect(found).toBe(wanted[i]);
        else expect(Math.abs(found / wanted[i]! - 1)).toBeLessThan(1e-12);
      });
    }
  });

  it("falls steadily, also where its two sides meet", () => {
    for (const [n, p] of [
      [9, 0.1],
      [25, 0.9],
      [400, 0.5],
    ] as const) {
      let before = 0;
      for (let x = 0; x < n; x += n / 1000) {
        const now = logBinomialSurvival(x, n, p, kind);
        expect(now).toBeLessThanOrEqual(before);
        before = now;
      }
    }
  });

  it("is impossible from n on", () => {
    expect(logBinomialSurvival(9, 9, 0.3, kind)).toBe(Number.NEGATIVE_INFINITY);
    expect(logBinomialSurvival(Number.POSITIVE_INFINITY, 9, 0.3, kind)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("below 0", () => {
  it("the discrete tail is certain, the continuous one that at 0", () => {
    expect(logBinomialSurvival(-0.001, 9, 0.3)).toBe(0);
    expect(logBinomialSurvival(0, 9, 0.3)).toBeLessThan(0);
    const atZero = logBinomialSurvival(0, 9, 0.3, "continuous");
    expect(atZero).toBeLessThan(0);
    expect(logBinomialSurvival(-5, 9, 0.3, "continuous")).toBe(atZero);
  });
});
