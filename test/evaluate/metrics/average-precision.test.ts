import { describe, expect, it } from "vitest";
import { imageAveragePrecision, pixelAveragePrecision } from "#uflow/evaluate/metrics/average-precision.js";
import { peerCases } from "./peers.js";

describe.each(peerCases)("random maps with ties (seed $seed)", (peer) => {
  it("has scikit-learn's average precision of images and of pixels", () => {
    expect(imageAveragePrecision(peer.highest, peer.defective)).toBeCloseTo(peer.imageAveragePrecision, 13);
    expect(pixelAveragePrecision(peer.scores, peer.masks)).toBeCloseTo(peer.pixelAveragePrecision, 13);
  });
});

it("averages the precision at each defective image", () => {
  expect(imageAveragePrecision([4, 3, 2, 1], [1, 0, 1, 0])).toBeCloseTo((1 + 2 / 3) / 2, 15);
  expect(imageAveragePrecision([1, 2], [0, 1])).toBe(1);
});

it("gives the share of defective images where all scores are equal", () => {
  expect(imageAveragePrecision([5, 5, 5, 5], [1, 0, 0, 0])).toBe(0.25);
});

it("is null when a class is missing, and refuses NaN", () => {
  expect(imageAveragePrecision([], [])).toBeNull();
  expect(imageAveragePrecision([1, 2], [1, 1])).toBeNull();
  expect(pixelAveragePrecision([], [])).toBeNull();
  expect(() => imageAveragePrecision([1, Number.NaN], [0, 1])).toThrowError(
    expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }),
  );
});
