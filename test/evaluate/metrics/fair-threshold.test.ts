import { describe, expect, it } from "vitest";
import { fairThreshold } from "#uflow/evaluate/metrics/fair-threshold.js";
import { peerCases } from "./peers.js";

describe.each(peerCases)(
  "random maps with ties (seed $seed)",
  ({ scores, masks, fairThreshold: expected }) => {
    it("is the good pixels' score of the definition, with the mIoU above it", () => {
      const { score, miou } = fairThreshold(scores, masks)!;
      expect(score).toBe(expected.score);
      expect(miou).toBeCloseTo(expected.miou, 13);
    });
  },
);

it("lets one pixel of 256 × 256 score above it", () => {
  const good = { data: Float32Array.from({ length: 65536 }, (_, i) => i), width: 256, height: 256 };
  const noDefect = { data: new Uint8Array(65536), width: 256, height: 256 };
  const part = { data: Float32Array.of(0, 65535), width: 2, height: 1 };
  const defect = { data: Uint8Array.of(0, 255), width: 2, height: 1 };
  // The good image has a pixel above it and counts 0, the defect is found.
  expect(fairThreshold([good, part], [noDefect, defect])).toEqual({
    score: 65534,
    miou: expect.closeTo(0.5, 12),
  });
});

it("has no mIoU where no pixel is defective", () => {
  const map = { data: Float32Array.of(1, 2), width: 2, height: 1 };
  const noDefect = { data: Uint8Array.of(0, 0), width: 2, height: 1 };
  expect(fairThreshold([map], [noDefect])).toEqual({ score: 2, miou: null });
});

it("is null without a good image", () => {
  const map = { data: Float32Array.of(1, 2), width: 2, height: 1 };
  expect(fairThreshold([], [])).toBeNull();
  expect(fairThreshold([map], [{ data: Uint8Array.of(0, 1), width: 2, height: 1 }])).toBeNull();
});
