import { describe, expect, it } from "vitest";
import { proArea } from "#uflow/evaluate/metrics/aupro.js";
import { auroc } from "#uflow/evaluate/metrics/auroc.js";
import { averagePrecision } from "#uflow/evaluate/metrics/average-precision.js";
import { f1Max } from "#uflow/evaluate/metrics/f1-max.js";
import { orderedKeys, scoreOfKey } from "#uflow/evaluate/metrics/float-keys.js";
import { allPixelScores, PixelScores } from "#uflow/evaluate/metrics/pixel-scores.js";
import type { RankCurve } from "#uflow/evaluate/metrics/rank-curve.js";
import { Random } from "#uflow/random.js";
import { randomSample, type Sample } from "./random-maps.js";

const metrics = {
  auroc,
  averagePrecision,
  f1Max,
  "AUPRO 0.3": (curve: RankCurve) => proArea(curve, 0.3),
  "AUPRO 0.05": (curve: RankCurve) => proArea(curve, 0.05),
};

/** Nearly all scores differ, and defects score higher. */
function continuous(seed: number): Sample {
  const { scores, masks } = randomSample(seed, { images: 12, width: 30, height: 20 });
  const random = new Random(seed);
  scores.forEach(({ data }, image) => {
    masks[image]!.data.forEach((defect, i) => {
      data[i] = 0.5 + 0.1 * random.normal() + 0.1 * defect;
    });
  });
  return { scores, masks };
}

function gathered({ scores, masks }: Sample, pixels: PixelScores): PixelScores {
  scores.forEach((map, i) => {
    pixels.add(map, masks[i]!, `kind ${i % 3}`);
  });
  return pixels;
}

describe.each([1, 2, 3])("scores that do not fit (seed %i)", (seed) => {
  const sample = continuous(seed);
  const exact = allPixelScores(sample.scores, sample.masks).curve();

  it.each([40000, 10000, 3000, 500])("are binned into %i bytes, off by no more than the bound", (bytes) => {
    const pixels = gathered(sample, new PixelScores(bytes));
    expect(pixels.scoreBits).toBeLessThan(32);
    const binned = pixels.curve();
    for (const metric of Object.values(metrics)) {
      const { value, bound } = metric(binned)!;
      expect(bound).toBeGreaterThan(0);
      expect(Math.abs(value - metric(exact)!.value)).toBeLessThanOrEqual(bound + 1e-12);
    }
  });

  it("have bounds that shrink with the room", () => {
    const boundsOf = (bytes: number) => {
      const curve = gathered(sample, new PixelScores(bytes)).curve();
      return Object.values(metrics).map((metric) => metric(curve)!.bound);
    };
    const [wide, narrow] = [boundsOf(40000), boundsOf(3000)];
    wide.forEach((bound, i) => {
      expect(bound).toBeLessThan(narrow[i]! / 2);
    });
  });
});

it("is exact while the scores fit, in whatever order images come", () => {
  const sample = continuous(4);
  const together = allPixelScores(sample.scores, sample.masks).curve();
  const pixels = gathered(
    { scores: sample.scores.toReversed(), masks: sample.masks.toReversed() },
    new PixelScores(),
  );
  expect(pixels.scoreBits).toBe(32);
  const { overlap, ...counts } = pixels.curve();
  expect(counts).toEqual({ ...together, overlap: undefined, scores: together.scores, binned: false });
  overlap.forEach((weight, i) => {
    expect(weight).toBeCloseTo(together.overlap[i]!, 12);
  });
});

it("selects images by their kind", () => {
  const sample = continuous(5);
  const ofKind = (kind: number) => ({
    scores: sample.scores.filter((_, i) => i % 3 === kind),
    masks: sample.masks.filter((_, i) => i % 3 === kind),
  });
  const pixels = gathered(sample, new PixelScores());
  const [some, wanted] = [
    pixels.curve(["kind 1"]),
    allPixelScores(ofKind(1).scores, ofKind(1).masks).curve(),
  ];
  expect(auroc(some)).toEqual(auroc(wanted));
  expect(some.regions).toBe(wanted.regions);
  expect(auroc(pixels.curve(["nobody"]))).toBeNull();
});

describe("the score that few normal pixels exceed", () => {
  const noDefect = (length: number) => ({ data: new Uint8Array(length), width: length, height: 1 });
  const map = (values: readonly number[]) => ({
    data: Float32Array.from(values),
    width: values.length,
    height: 1,
  });

  it("is that of the definition", () => {
    const random = new Random(6);
    const values = Array.from({ length: 400 }, () => Math.fround((random.below(60) - 20) / 7));
    const pixels = new PixelScores();
    pixels.add(map(values), noDefect(400));
    for (const share of [0, 0.001, 0.01, 0.3, 0.9975, 1]) {
      const few = values.filter((score) => values.filter((other) => other > score).length <= share * 400);
      expect(pixels.exceededBy(share)).toBe(Math.min(...few));
    }
    expect(pixels.exceededBy(0.1, "another kind")).toBeNull();
  });

  it("is not below it where scores are binned", () => {
    const random = new Random(7);
    const values = Array.from({ length: 4000 }, () => random.normal());
    const pixels = new PixelScores(1000);
    pixels.add(map(values), noDefect(4000));
    for (const share of [0, 0.01, 0.3]) {
      const threshold = pixels.exceededBy(share)!;
      expect(values.filter((score) => score > threshold).length).toBeLessThanOrEqual(share * 4000);
    }
  });
});

it("gives every float32 back from its key", () => {
  const numbers = [0, 1, -1, 0.1, -3e38, 1e-45, -1e-45, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const values = Float32Array.from(numbers);
  expect(Array.from(orderedKeys(values, "test"), scoreOfKey)).toEqual([...values]);
  expect(scoreOfKey(2 ** 32 - 1)).toBe(Number.POSITIVE_INFINITY);
  expect(scoreOfKey(0)).toBe(Number.NEGATIVE_INFINITY);
});

it("refuses what is no map of float32, which would be rounded in silence, and no mask", () => {
  const map = { data: new Float32Array(4), width: 2, height: 2 };
  const mask = { data: new Uint8Array(4), width: 2, height: 2 };
  const doubles = { ...map, data: new Float64Array(4) } as never;
  for (const [scores, truth, said] of [
    [doubles, mask, "a map of float32 for image 0 but received one of Float64Array"],
    [undefined as never, mask, "a map of float32 for image 0 but received undefined"],
    [map, { ...mask, data: [0, 0, 0, 1] } as never, "a mask of bytes for image 0 but received one of Array"],
  ] as const) {
    expect(() => allPixelScores([scores], [truth])).toThrow(said);
  }
});
