import { describe, expect, it } from "vitest";
import { aupro } from "#uflow/evaluate/metrics/aupro.js";
import type { Mask } from "#uflow/image/mask.js";
import { goldenCases } from "./golden-metrics.js";
import { peerCases } from "./peers.js";
import { randomSample, type Sample } from "./random-maps.js";

/** The definition, word for word: all thresholds × all regions × all pixels. */
function bruteForce({ scores, masks }: Sample, limit: number): number {
  const regions = masks.flatMap((mask, image) => components(mask).map((pixels) => ({ image, pixels })));
  const normal = masks.flatMap(({ data }, image) =>
    [...scores[image]!.data].filter((_, pixel) => data[pixel] === 0),
  );
  const thresholds = [...new Set(scores.flatMap(({ data }) => [...data]))].sort((a, b) => b - a);
  const points = thresholds.map((threshold) => {
    const share = (values: number[]) => values.filter((value) => value >= threshold).length / values.length;
    const overlaps = regions.map(({ image, pixels }) =>
      share(pixels.map((pixel) => scores[image]!.data[pixel]!)),
    );
    return [share(normal), overlaps.reduce((sum, overlap) => sum + overlap, 0) / regions.length] as const;
  });
  let area = 0;
  let [x0, y0] = [0, 0];
  for (const [x1, y1] of points) {
    const end = Math.min(x1, limit);
    if (end > x0) area += (end - x0) * (y0 + ((y1 - y0) * (end - x0)) / (x1 - x0) / 2);
    [x0, y0] = [x1, y1];
  }
  return area / limit;
}

/** 8-connected components by merging labels until nothing changes. */
function components({ data, width }: Mask): number[][] {
  const labels = [...data].map((value, pixel) => (value ? pixel : -1));
  const near = (a: number, b: number) =>
    Math.abs((a % width) - (b % width)) <= 1 && Math.abs(Math.floor(a / width) - Math.floor(b / width)) <= 1;
  for (let changed = true; changed; ) {
    changed = false;
    labels.forEach((a, i) => {
      labels.forEach((b, j) => {
        if (a < 0 || b < 0 || labels[i]! <= labels[j]! || !near(i, j)) return;
        labels[i] = labels[j]!;
        changed = true;
      });
    });
  }
  const distinct = [...new Set(labels)].filter((label) => label >= 0);
  return distinct.map((label) => labels.flatMap((other, pixel) => (other === label ? [pixel] : [])));
}

describe.each(goldenCases)("the reference's case $name", ({ scores, masks, expected }) => {
  it("has the textbook value up to a false positive rate of 0.3", () => {
    expect(aupro(scores, masks)).toBeCloseTo(expected.aupro_exact_03, 12);
  });
});

it.each(peerCases)("is the area under scikit-learn's curves, region by region (seed $seed)", (peer) => {
  for (const [limit, area] of Object.entries(peer.aupro))
    expect(aupro(peer.scores, peer.masks, { limit: Number(limit) })).toBeCloseTo(area, 12);
});

it.each([1, 2, 3, 4, 5, 6])("is what the definition says, with many ties (seed %i)", (seed) => {
  const sample = randomSample(seed);
  for (const limit of [0.01, 0.05, 0.3, 0.77, 1]) {
    expect(aupro(sample.scores, sample.masks, { limit })).toBeCloseTo(bruteForce(sample, limit), 12);
  }
});

it("weighs a small region like a large one", () => {
  // One region of 6 pixels, all found before any normal pixel; one of 1 pixel, found after all of them.
  const mask = { data: Uint8Array.of(1, 1, 1, 0, 0, 1, 1, 1, 0, 1), width: 5, height: 2 };
  const map = { data: Float32Array.of(9, 9, 9, 5, 5, 9, 9, 9, 5, 1), width: 5, height: 2 };
  expect(aupro([map], [mask], { limit: 0.3 })).toBeCloseTo(0.5, 14);
});

it("is 1 when all defects score higher than anything normal, 0 when all score lower", () => {
  const mask = { data: Uint8Array.of(1, 0, 0, 0), width: 4, height: 1 };
  expect(aupro([{ data: Float32Array.of(9, 1, 2, 3), width: 4, height: 1 }], [mask])).toBe(1);
  expect(aupro([{ data: Float32Array.of(0, 1, 2, 3), width: 4, height: 1 }], [mask])).toBe(0);
});

it("joins pixels that touch at a corner, but not around the border", () => {
  const corner = { data: Uint8Array.of(1, 0, 0, 1), width: 2, height: 2 };
  expect(components(corner)).toHaveLength(1);
  const map = { data: Float32Array.of(2, 1, 1, 0), width: 2, height: 2 };
  // One region of two pixels: half found at once, the rest after all normal pixels.
  expect(aupro([map], [corner], { limit: 1 })).toBeCloseTo(0.5, 14);
  // Last pixel of a row and first of the next: two regions. As one, the value would be 2/3.
  const wrapped = { data: Uint8Array.of(0, 0, 1, 1, 0, 1), width: 3, height: 2 };
  const found = { data: Float32Array.of(5, 5, 9, 0, 5, 9), width: 3, height: 2 };
  expect(aupro([found], [wrapped], { limit: 1 })).toBeCloseTo(0.5, 14);
});

it("is null without a defect or without a normal pixel", () => {
  const map = { data: Float32Array.of(1, 2), width: 2, height: 1 };
  expect(aupro([], [])).toBeNull();
  expect(aupro([map], [{ data: Uint8Array.of(0, 0), width: 2, height: 1 }])).toBeNull();
  expect(aupro([map], [{ data: Uint8Array.of(1, 1), width: 2, height: 1 }])).toBeNull();
});

it("refuses NaN, maps and masks that do not go together, and impossible limits", () => {
  const mask = { data: Uint8Array.of(0, 1), width: 2, height: 1 };
  const map = { data: Float32Array.of(1, 2), width: 2, height: 1 };
  const refused = (work: () => unknown) =>
    expect(work).toThrowError(expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }));
  refused(() => aupro([{ ...map, data: Float32Array.of(1, Number.NaN) }], [mask]));
  refused(() => aupro([map, map], [mask]));
  refused(() => aupro([map], [{ ...mask, width: 1 }]));
  for (const limit of [0, -1, 1.5, Number.NaN]) refused(() => aupro([map], [mask], { limit }));
});
