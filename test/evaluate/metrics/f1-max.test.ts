import { describe, expect, it } from "vitest";
import { imageF1Max, pixelF1Max } from "#uflow/evaluate/metrics/f1-max.js";
import { peerCases } from "./peers.js";

describe.each(peerCases)("random maps with ties (seed $seed)", (peer) => {
  it("has scikit-learn's largest F1 and its threshold, of images and of pixels", () => {
    const image = imageF1Max(peer.highest, peer.defective)!;
    expect(image.value).toBeCloseTo(peer.imageF1Max.value, 13);
    expect(image.threshold).toBe(peer.imageF1Max.threshold);
    const pixel = pixelF1Max(peer.scores, peer.masks)!;
    expect(pixel.value).toBeCloseTo(peer.pixelF1Max.value, 13);
    expect(pixel.threshold).toBe(peer.pixelF1Max.threshold);
  });
});

it("finds what scores as much as the threshold", () => {
  expect(imageF1Max([0.1, 0.7, 0.9], [0, 1, 1])).toEqual({ value: 1, threshold: 0.7 });
});

it("is that of finding everything where scores say nothing", () => {
  expect(imageF1Max([5, 5, 5], [1, 0, 0])).toEqual({ value: 0.5, threshold: 5 });
});

it("is null when a class is missing", () => {
  expect(imageF1Max([1, 2], [0, 0])).toBeNull();
  expect(pixelF1Max([], [])).toBeNull();
});
