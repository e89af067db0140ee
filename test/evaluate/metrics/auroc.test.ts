import { describe, expect, it } from "vitest";
import { imageAuroc, pixelAuroc } from "#uflow/evaluate/metrics/auroc.js";
import { Random } from "#uflow/random.js";
import { goldenCases } from "./golden-metrics.js";
import { peerCases } from "./peers.js";
import { randomSample } from "./random-maps.js";

/** Every pair of a positive and a negative: won, lost or tied. */
function bruteForce(scores: number[], labels: (boolean | number)[]): number {
  const positives = scores.filter((_, i) => labels[i]);
  const negatives = scores.filter((_, i) => !labels[i]);
  let won = 0;
  for (const p of positives) for (const n of negatives) won += p > n ? 1 : p === n ? 0.5 : 0;
  return won / (positives.length * negatives.length);
}

describe.each(goldenCases)("the reference's case $name", ({ scores, masks, expected }) => {
  it("has the reference's pixel AUROC", () => {
    expect(pixelAuroc(scores, masks)).toBeCloseTo(expected.pixel_auroc, 12);
  });

  it("has the reference's image AUROC", () => {
    const highest = scores.map(({ data }) => Math.max(...data));
    const labels = masks.map(({ data }) => data.some((value) => value === 1));
    expect(imageAuroc(highest, labels)).toBeCloseTo(expected.image_auroc, 12);
  });
});

it.each(peerCases)("is scikit-learn's (seed $seed)", (peer) => {
  expect(imageAuroc(peer.highest, peer.defective)).toBeCloseTo(peer.imageAuroc, 13);
  expect(pixelAuroc(peer.scores, peer.masks)).toBeCloseTo(peer.pixelAuroc, 13);
});

it.each([1, 2, 3, 4, 5])("counts every pair, ties half (seed %i)", (seed) => {
  const { scores, masks } = randomSample(seed);
  const flat = scores.flatMap(({ data }) => [...data]);
  const labels = masks.flatMap(({ data }) => [...data]);
  const wanted = bruteForce(flat, labels);
  expect(pixelAuroc(scores, masks)).toBeCloseTo(wanted, 14);
  expect(imageAuroc(flat, labels)).toBeCloseTo(wanted, 14);
});

it("orders scores of all magnitudes and both signs", () => {
  const random = new Random(7);
  const data = Float32Array.from({ length: 500 }, () => random.normal() * 10 ** random.between(-44, 38));
  data.set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-45, -1e-45]);
  const mask = Uint8Array.from(data, () => random.below(2));
  const size = { width: 25, height: 20 };
  expect(pixelAuroc([{ data, ...size }], [{ data: mask, ...size }])).toBeCloseTo(
    bruteForce([...data], [...mask]),
    14,
  );
});

it("takes 0 and −0 for the same score", () => {
  expect(imageAuroc([0, -0], [1, 0])).toBe(0.5);
  const size = { width: 2, height: 1 };
  expect(
    pixelAuroc([{ data: Float32Array.of(-0, 0), ...size }], [{ data: Uint8Array.of(1, 0), ...size }]),
  ).toBe(0.5);
});

it("is 1 when all is told apart, 0 when all is the wrong way round, ½ when all is equal", () => {
  expect(imageAuroc([1, 2, 3, 4], [false, false, true, true])).toBe(1);
  expect(imageAuroc([4, 3, 2, 1], [false, false, true, true])).toBe(0);
  expect(imageAuroc([5, 5, 5, 5], [false, false, true, true])).toBe(0.5);
});

it("is null when a class is missing", () => {
  expect(imageAuroc([], [])).toBeNull();
  expect(imageAuroc([1, 2], [0, 0])).toBeNull();
  expect(imageAuroc([1, 2], [1, 1])).toBeNull();
  expect(pixelAuroc([], [])).toBeNull();
  const map = { data: Float32Array.of(1, 2), width: 2, height: 1 };
  expect(pixelAuroc([map], [{ data: Uint8Array.of(0, 0), width: 2, height: 1 }])).toBeNull();
  expect(pixelAuroc([map], [{ data: Uint8Array.of(1, 1), width: 2, height: 1 }])).toBeNull();
});

it("refuses NaN and what does not go together", () => {
  const bad = { code: "ERR_UFLOW_BAD_TENSOR" };
  const map = { data: Float32Array.of(1, Number.NaN), width: 2, height: 1 };
  const mask = { data: Uint8Array.of(0, 1), width: 2, height: 1 };
  const refused = (work: () => unknown) => expect(work).toThrowError(expect.objectContaining(bad));
  refused(() => imageAuroc([1, Number.NaN], [0, 1]));
  refused(() => imageAuroc([1], [0, 1]));
  refused(() => pixelAuroc([map], [mask]));
  refused(() => pixelAuroc([map], []));
  refused(() => pixelAuroc([{ ...map, width: 1, height: 2 }], [mask]));
  refused(() => pixelAuroc([{ ...map, data: Float32Array.of(1) }], [mask]));
});
