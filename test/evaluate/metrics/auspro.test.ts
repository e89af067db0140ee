import { describe, expect, it } from "vitest";
import { aupro, proArea } from "#uflow/evaluate/metrics/aupro.js";
import { auspro } from "#uflow/evaluate/metrics/auspro.js";
import { PixelScores } from "#uflow/evaluate/metrics/pixel-scores.js";
import { type SaturatingRegion, saturatedOverlap } from "#uflow/evaluate/metrics/saturation.js";
import type { Map2d } from "#uflow/kernels/types.js";
import { Random } from "#uflow/random.js";
import { randomSample } from "./random-maps.js";

interface Sample {
  scores: Map2d[];
  regions: SaturatingRegion[][];
}

/** Up to three regions per image, which may overlap; the first image has none. */
function sampleOf(seed: number, options = {}): Sample {
  const { scores } = randomSample(seed, options);
  const random = new Random(seed + 100);
  const region = ({ width, height }: Map2d): SaturatingRegion => {
    const data = Uint8Array.from({ length: width * height }, () => (random.uniform() < 0.2 ? 1 : 0));
    data[random.below(data.length)] = 1;
    return { mask: { data, width, height }, saturation: [0.4, 1, 2.5, 3, 7.25, 1000][random.below(6)]! };
  };
  return {
    scores,
    regions: scores.map((map, i) => Array.from({ length: i === 0 ? 0 : 1 + (i % 3) }, () => region(map))),
  };
}

/** The definition, word for word: all thresholds × all regions × all pixels. */
function bruteForce({ scores, regions }: Sample, limit: number): number {
  const normal = scores.flatMap(({ data }, i) =>
    [...data].filter((_, pixel) => regions[i]!.every(({ mask }) => mask.data[pixel] === 0)),
  );
  const values = [...new Set(scores.flatMap(({ data }) => [...data]))].sort((a, b) => b - a);
  const points = values.map((threshold) => {
    const overlaps = scores.flatMap(({ data }, i) =>
      regions[i]!.map(({ mask, saturation }) => {
        const inside = [...data].filter((_, pixel) => mask.data[pixel]);
        const found = inside.filter((score) => score >= threshold).length;
        return Math.min(found / Math.min(saturation, inside.length), 1);
      }),
    );
    const rate = normal.filter((score) => score >= threshold).length / normal.length;
    return [rate, overlaps.reduce((sum, overlap) => sum + overlap, 0) / overlaps.length] as const;
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

it.each([1, 2, 3, 4, 5, 6])("is what the definition says, with many ties (seed %i)", (seed) => {
  const sample = sampleOf(seed);
  for (const limit of [0.01, 0.05, 0.3, 0.77, 1])
    expect(auspro(sample.scores, sample.regions, { limit })).toBeCloseTo(bruteForce(sample, limit), 12);
});

it.each([1, 2])("is what the definition says where nearly all scores differ (seed %i)", (seed) => {
  const sample = sampleOf(seed, { levels: 1e6, step: 1e-3 });
  for (const limit of [0.05, 0.3])
    expect(auspro(sample.scores, sample.regions, { limit })).toBeCloseTo(bruteForce(sample, limit), 12);
});

const row = (...values: number[]): Map2d => ({
  data: Float32Array.from(values),
  width: values.length,
  height: 1,
});
const region = (saturation: number, ...data: number[]): SaturatingRegion => ({
  mask: { data: Uint8Array.from(data), width: data.length, height: 1 },
  saturation,
});

describe("by hand", () => {
  // Of four pixels the two highest are found before anything normal, the other two after all of it.
  const map = row(9, 8, 1, 0, 5, 5);

  it("a region counts as found from its saturation on", () => {
    expect(auspro([map], [[region(2, 1, 1, 1, 1, 0, 0)]])).toBe(1);
    expect(auspro([map], [[region(4, 1, 1, 1, 1, 0, 0)]])).toBe(0.5);
    expect(auspro([map], [[region(2.5, 1, 1, 1, 1, 0, 0)]])).toBeCloseTo(0.8, 14);
    expect(auspro([map], [[region(0.1, 1, 1, 1, 1, 0, 0)]])).toBe(1);
  });

  it("a saturation beyond the region is all of it: then it is AUPRO", () => {
    const { mask } = region(1, 1, 1, 1, 1, 0, 0);
    expect(auspro([map], [[{ mask, saturation: 99 }]])).toBe(aupro([map], [mask]));
  });

  it("regions that overlap, touch or fall apart are what they are said to be", () => {
    // One of two parts, found half; one inside of it, found at once.
    const regions = [region(2, 1, 0, 0, 1, 0, 0), region(1, 1, 0, 0, 0, 0, 0)];
    expect(auspro([map], [regions])).toBeCloseTo((0.5 + 1) / 2, 14);
  });

  it("what lies in any region is not normal", () => {
    const apart = [region(1, 1, 0, 0, 0, 0, 0), region(1, 0, 1, 1, 1, 0, 0)];
    // Only 5 and 5 are normal: the second region is found before them, too.
    expect(auspro([map], [apart], { limit: 1 })).toBe(1);
  });

  it("is null without a region or without a normal pixel", () => {
    expect(auspro([], [])).toBeNull();
    expect(auspro([map], [[]])).toBeNull();
    expect(auspro([map], [[region(1, 1, 1, 1, 1, 1, 1)]])).toBeNull();
  });

  it("of one detection it is the mean over the image's regions", () => {
    const { mask: detected } = region(1, 1, 1, 0, 0, 1, 0);
    const regions = [region(2, 1, 1, 1, 0, 0, 0), region(4, 0, 1, 1, 1, 1, 0), region(9, 0, 0, 0, 0, 0, 1)];
    expect(saturatedOverlap(detected, regions)).toBeCloseTo((1 + 0.5 + 0) / 3, 14);
    expect(saturatedOverlap(detected, [])).toBeNull();
  });
});

it("is binned into little memory, off by no more than the bound", () => {
  const sample = sampleOf(9, { images: 12, width: 30, height: 20, levels: 1e6, step: 1e-6 });
  const gathered = (bytes: number) => {
    const pixels = new PixelScores(bytes);
    sample.scores.forEach((map, i) => {
      const data = new Uint8Array(map.data.length);
      for (const { mask } of sample.regions[i]!) {
        mask.data.forEach((inside, pixel) => {
          data[pixel]! |= inside;
        });
      }
      pixels.add(map, { ...map, data }, "", "the map", sample.regions[i]);
    });
    return pixels;
  };
  const exact = gathered(2 ** 28);
  expect(exact.scoreBits).toBe(32);
  for (const bytes of [40000, 3000]) {
    const binned = gathered(bytes);
    expect(binned.scoreBits).toBeLessThan(32);
    for (const limit of [0.05, 0.3]) {
      const { value, bound } = proArea(binned.saturatedCurve(), limit)!;
      expect(bound).toBeGreaterThan(0);
      expect(Math.abs(value - proArea(exact.saturatedCurve(), limit)!.value)).toBeLessThanOrEqual(
        bound + 1e-12,
      );
    }
  }
});

it("refuses what does not go together", () => {
  const map = row(1, 2, 3);
  const refused = (work: () => unknown) =>
    expect(work).toThrowError(expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }));
  refused(() => auspro([map], []));
  refused(() => auspro([map], [[region(1, 1, 0)]]));
  refused(() => auspro([map], [[region(1, 0, 0, 0)]]));
  for (const saturation of [0, -1, Number.NaN]) refused(() => auspro([map], [[region(saturation, 1, 0, 0)]]));
  refused(() => auspro([row(1, Number.NaN, 3)], [[region(1, 1, 0, 0)]]));
  refused(() => auspro([map], [[region(1, 1, 0, 0)]], { limit: 0 }));
  const { mask } = region(1, 0, 0, 0);
  refused(() => new PixelScores().add(map, mask, "", "the map", [region(1, 1, 0, 0)]));
  refused(() => saturatedOverlap(mask, [region(1, 0, 0, 0)]));
});
