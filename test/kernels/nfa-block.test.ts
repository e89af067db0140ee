import { describe, expect, it } from "vitest";
import {
  type Latent,
  logBinomialSurvival,
  nfaBlockMap,
  nfaBlockMapOfCounts,
  windowThreshold,
} from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";
import { loadGolden } from "../fixtures/golden.js";

const golden = loadGolden("kernels/nfa_block");
const kinds = [
  ["discrete", "low"],
  ["continuous", "high"],
] as const;

interface WindowCase {
  case: string;
  kind: string;
  C: number;
  H: number;
  win: number;
  thr: number;
}

const cases = (golden.meta.cases as WindowCase[]).filter((one) => golden.names.includes(`${one.case}/z`));

/** One scale at its own size: log10 of its number of pixels plus the windows' log probabilities. */
function logProbabilities(latent: Latent, options: Parameters<typeof nfaBlockMap>[1]): number[] {
  const tests = Math.fround(Math.log10(latent.height * latent.width));
  return Array.from(nfaBlockMap([latent], options).data, (value) => value - tests);
}

describe.each(cases)("the windows of case $case ($kind)", ({ case: name, C, H, win, thr }) => {
  it.each(kinds)("have the reference's counts and %s tail", (kind, suffix) => {
    const z = golden.tensor(`${name}/z`).data as Float32Array;
    const wanted = golden.tensor(`${name}/log_prob_${suffix}`).data;
    const size = C * H * H;
    for (let image = 0; image * size < z.length; image++) {
      const latent = { data: z.slice(image * size, (image + 1) * size), channels: C, height: H, width: H };
      // Windows of 2.5 and 1.25 pixels are those of coarser scales: of three pixels, like one of 1.
      const windowSize = Number.isInteger(win) ? win : 1;
      const found = logProbabilities(latent, { width: H, height: H, windowSize, probability: thr, kind });
      found.forEach((value, i) => {
        const right = wanted[image * H * H + i]!;
        expect(Math.abs(value - right)).toBeLessThan(1e-6 * Math.max(1, Math.abs(right)));
      });
    }
  });
});

describe("the map over three scales", () => {
  const shapes = [10, 12, 16].map((channels, scale) => ({ channels, side: 16 >> scale }));
  const latents = shapes.map(({ channels, side }, scale) => ({
    data: golden.tensor(`e2e/z/${scale}`).data as Float32Array,
    channels,
    height: side,
    width: side,
  }));

  it.each(kinds)("equals the reference's with the %s tail", (kind, suffix) => {
    const score = golden.tensor(`e2e/score_${suffix}`).data;
    nfaBlockMap(latents, { width: 64, height: 64, kind }).data.forEach((value, i) => {
      expect(Math.abs(value + score[i]!)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
    });
  });

  it("halves the window from scale to scale", () => {
    const to = { width: 16, height: 16 };
    const quiet = { data: new Float32Array(256), channels: 1, height: 16, width: 16 };
    const tests = Math.log10(3 * 256);
    const tail = (n: number) => logBinomialSurvival(0, n, 1 - 0.9);
    expect(nfaBlockMap([quiet, quiet, quiet], { ...to, windowSize: 9 }).data[0]).toBeCloseTo(
      tests + tail(81) + tail(25) + tail(9),
      5,
    );
  });
});

describe("a window in which all numbers exceed", () => {
  it.each(kinds)("has the smallest %s tail that is not 0", (kind) => {
    const latent = { data: new Float32Array(36).fill(2), channels: 4, height: 3, width: 3 };
    const least = logBinomialSurvival(25 - 1 / 4, 25, 1 - 0.9, kind);
    for (const value of logProbabilities(latent, { width: 3, height: 3, kind })) {
      expect(value).toBeCloseTo(least, 4);
    }
  });
});

it("maps smaller than half a window are reflected again and again", () => {
  // 1 0 | 1 0 1 0 1 …: of a window of 7 along x, 4 or 3 are at or above τ.
  const latent = { data: Float32Array.of(2, 0), channels: 1, height: 1, width: 2 };
  const map = logProbabilities(latent, { width: 2, height: 1, windowSize: 7 });
  expect(map[0]).toBeCloseTo(logBinomialSurvival(21, 49, 1 - 0.9), 4);
  expect(map[1]).toBeCloseTo(logBinomialSurvival(28, 49, 1 - 0.9), 4);
});

describe("counts from a network", () => {
  const random = new Random(11);
  const latents = [20, 10, 5].map((side) => ({
    data: Float32Array.from({ length: 7 * side * side }, () => 6 * (random.uniform() - 0.5)),
    channels: 7,
    height: side,
    width: side,
  }));

  it.each([
    { kind: "discrete", probability: 0.9 },
    { kind: "continuous", probability: 0.5, windowSize: 9 },
  ] as const)("give the same map as the latents: %j", (options) => {
    const threshold = windowThreshold(options.probability);
    const counts = latents.map(({ data, channels, height, width }) => {
      const sums = new Float32Array(height * width);
      data.forEach((z, i) => {
        if (Math.fround(z * z) >= threshold) sums[i % sums.length]!++;
      });
      return { data: sums, channels, height, width };
    });
    const to = { width: 33, height: 21, ...options };
    expect(nfaBlockMapOfCounts(counts, to)).toEqual(nfaBlockMap(latents, to));
  });

  it("are counted from the χ² quantile on", () => {
    expect(windowThreshold()).toBe(Math.fround(2.705543454095404));
    expect(windowThreshold(0.5)).toBeCloseTo(0.454936423119572, 7);
  });
});
