import { describe, expect, it } from "vitest";
import { regionDetection, truthRegions } from "#uflow/evaluate/metrics/region-detection.js";
import { peerCases } from "./peers.js";

describe.each(peerCases)("random maps with ties (seed $seed)", (peer) => {
  it("has scikit-image's regions, and what is detected of them", () => {
    const regions = peer.scores.flatMap(({ data, ...size }, i) => {
      const logNfa = { data: data.map((score) => -score), ...size };
      const detected = { data: Uint8Array.from(logNfa.data, (value) => (value < -1 ? 1 : 0)), ...size };
      return truthRegions(logNfa, detected, peer.masks[i]!);
    });
    expect(regions).toHaveLength(peer.truthRegions.length);
    regions.forEach((region, i) => {
      const { iou, centroid, ...expected } = peer.truthRegions[i]!;
      expect(region).toMatchObject(expected);
      expect(region.iou).toBeCloseTo(iou, 13);
      expect(region.centroid.x).toBeCloseTo(centroid.x, 12);
      expect(region.centroid.y).toBeCloseTo(centroid.y, 12);
    });
  });
});

it("sorts regions into sizes, each end in the bin above it", () => {
  const region = (area: number, detected: boolean) => ({ area, detected, pixels: 10000 });
  const { bySize, ...all } = regionDetection([
    region(1, true),
    region(99, true),
    region(100, false),
    region(10000, true),
  ]);
  expect(all).toEqual({ regions: 4, detected: 3, rate: 0.75 });
  expect(bySize[0]).toEqual({ from: 0, to: 1e-4, regions: 0, detected: 0, rate: null, interval: null });
  expect(bySize.map(({ regions }) => regions)).toEqual([0, 1, 0, 0, 1, 1, 0, 1]);
  expect(bySize[4]).toMatchObject({ from: 0.003, to: 0.01, regions: 1, detected: 1, rate: 1 });
  expect(bySize[5]).toMatchObject({ from: 0.01, detected: 0, rate: 0 });
  expect(bySize[5]!.interval![1]).toBeCloseTo(0.975, 10);
});

it("has no rate without regions", () => {
  expect(regionDetection([])).toMatchObject({ regions: 0, detected: 0, rate: null });
});

it("refuses NaN and sizes that differ", () => {
  const map = (...values: number[]) => ({ data: Float32Array.from(values), width: values.length, height: 1 });
  const mask = (...values: number[]) => ({ data: Uint8Array.from(values), width: values.length, height: 1 });
  const refused = (work: () => unknown) =>
    expect(work).toThrowError(expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }));
  refused(() => truthRegions(map(1, Number.NaN), mask(0, 0), mask(0, 1)));
  refused(() => truthRegions(map(1, 2), mask(0), mask(0, 1)));
  refused(() => truthRegions(map(1, 2), mask(0, 0), mask(1)));
});
