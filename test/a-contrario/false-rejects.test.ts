import { describe, expect, it } from "vitest";
import { allowedRejects, imagesNeeded, rejectRateBound } from "#uflow/a-contrario/false-rejects.js";
import { Random } from "#uflow/random.js";

describe("the images that a rate of 5 % needs at 95 % confidence", () => {
  // The textbooks' table of sample sizes for so many failures.
  it.each([
    [59, 0],
    [93, 1],
    [124, 2],
    [153, 3],
    [181, 4],
  ])("are %i where %i may be rejected, and not one less", (images, rejected) => {
    expect(allowedRejects(images, 0.05, 0.95)).toBe(rejected);
    expect(allowedRejects(images - 1, 0.05, 0.95)).toBe(rejected - 1);
  });

  it("are told by imagesNeeded for none", () => {
    expect(imagesNeeded(0.05, 0.95)).toBe(59);
    expect(imagesNeeded(0.001, 0.95)).toBe(2995);
    for (const rate of [0.5, 0.1, 1 / 300, 1e-5]) {
      for (const confidence of [0.5, 0.95, 0.999]) {
        const images = imagesNeeded(rate, confidence);
        expect(allowedRejects(images, rate, confidence)).toBeGreaterThanOrEqual(0);
        expect(allowedRejects(images - 1, rate, confidence)).toBe(-1);
      }
    }
  });
});

// scipy.stats.beta.ppf(confidence, rejected + 1, images − rejected)
it.each([
  [0, 10, 0.95, 0.2588655508930522],
  [1, 20, 0.95, 0.2161061642068473],
  [7, 100, 0.99, 0.1528967696442519],
  [500, 1000, 0.9, 0.5207490091502253],
])("the bound for %i of %i at %d is that of Clopper and Pearson", (rejected, images, confidence, bound) => {
  expect(rejectRateBound(rejected, images, confidence)).toBeCloseTo(bound, 11);
});

it("the bound is 1 where all are rejected, and within the wanted rate where that is allowed", () => {
  expect(rejectRateBound(5, 5, 0.95)).toBe(1);
  for (const images of [59, 100, 1000, 20_000]) {
    const allowed = allowedRejects(images, 0.05, 0.95);
    expect(rejectRateBound(allowed, images, 0.95)).toBeLessThanOrEqual(0.05);
    expect(rejectRateBound(allowed + 1, images, 0.95)).toBeGreaterThan(0.05);
  }
});

it("thresholds so chosen break the promise as seldom as the confidence says", () => {
  const random = new Random(5);
  const [images, rate, confidence, rounds] = [80, 0.1, 0.9, 4000];
  const allowed = allowedRejects(images, rate, confidence);
  let broken = 0;
  for (let round = 0; round < rounds; round++) {
    // Of a statistic that is uniform in 0 … 1, the threshold itself is the rate of false rejects.
    const statistic = Array.from({ length: images }, () => random.uniform()).sort((a, b) => a - b);
    if (statistic[allowed]! > rate) broken += 1;
  }
  // At most 0.1; three standard deviations of the count are 0.014.
  expect(broken / rounds).toBeLessThan(1 - confidence + 0.014);
  expect(broken / rounds).toBeGreaterThan(0.02);
});
