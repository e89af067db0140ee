import { describe, expect, it } from "vitest";
import { calibrate } from "#uflow/a-contrario/calibrate.js";
import { calibrationSchema } from "#uflow/a-contrario/calibration.js";
import { fitBackground, onScales } from "#uflow/a-contrario/fit.js";
import { segmentOn } from "#uflow/a-contrario/index.js";
import { silenced, withoutIgnored } from "#uflow/a-contrario/seen.js";
import type { IgnoredCells } from "#uflow/areas/ignored-cells.js";
import { type Energy, Segmenter } from "#uflow/kernels/index.js";
import { goodEnergies } from "./energies.js";

const mapSize = 32;

/** All but so many rows from the top are ignored, of the finest scale of `goodEnergies`. */
function rowsSeen(rows: number): IgnoredCells {
  const cells = Uint8Array.from({ length: 256 }, (_, i) => Number(i >= rows * 16));
  return { scales: [cells, new Uint8Array(64)], joint: cells, map: cells };
}

describe("a calibration", () => {
  it("has the fit of each scale to all images, and is what the schema takes", () => {
    const images = goodEnergies(7);
    const calibration = calibrate(images, { mapSize });
    expect(calibrationSchema.parse(JSON.parse(JSON.stringify(calibration)))).toEqual(calibration);
    expect(calibration).toMatchObject({
      images: 7,
      test: { tests: "by-size", tail: "exact", mapSize },
    });
    expect(calibration.logNfa).toHaveLength(7);
    expect(calibration.anomalyScore).toHaveLength(7);
    expect(calibration).toMatchObject(fitBackground(images));
  });

  it.each([5, 23])("judges each of %i images by a fit to others", (count) => {
    const images = goodEnergies(count);
    const { logNfa, anomalyScore } = calibrate(images, { mapSize, tests: "per-scale" });
    const segmenter = new Segmenter();
    const judged = images.map((image, i) => {
      const fits = Math.min(count, 10);
      const { scales, joint } = fitBackground(images.filter((_, other) => other % fits !== i % fits));
      const options = { width: mapSize, height: mapSize, tests: "per-scale", joint } as const;
      return segmenter.segment(onScales(image, scales), options);
    });
    const sorted = (values: number[]) => values.sort((a, b) => a - b);
    expect(logNfa).toEqual(sorted(judged.map((verdict) => verdict.logNfa)));
    expect(anomalyScore).toEqual(sorted(judged.map((verdict) => verdict.anomalyScore)));
  });

  it("has each image's mean energy per scale beside its log NFA", () => {
    const images = goodEnergies(6);
    const odd = goodEnergies(1, { seed: 9, factor: 3 })[0]!;
    const { meanEnergies } = calibrate([...images, odd], { mapSize });
    const mean = ({ data, channels }: Energy) =>
      data.reduce((sum, value) => sum + value) / data.length / channels;
    expect(meanEnergies).toHaveLength(7);
    meanEnergies![0]!.forEach((value, scale) => {
      expect(value).toBeCloseTo(mean(odd[scale]!), 4);
    });
  });

  it("does not let an odd image excuse itself", () => {
    const images = goodEnergies(6);
    const odd = goodEnergies(1, { seed: 9, factor: 3 })[0]!;
    const { logNfa } = calibrate([...images, odd], { mapSize, tests: "by-size" });
    expect(logNfa[0]!).toBeLessThan(logNfa[1]! - 20);
  });

  it("takes two images", () => {
    expect(calibrate(goodEnergies(2), { mapSize }).logNfa).toHaveLength(2);
  });

  // A square of 3 × 3 needs a row more than its pixel; 200 of them are fitted, by the other images, too.
  it.each([
    { images: 10, rows: 8, has: true },
    { images: 2, rows: 8, has: false },
    { images: 3, rows: 3, has: false },
    { images: 10, rows: 1, has: false },
  ])("of $images images of which $rows rows are seen has means: $has, and judges by them", (given) => {
    const ignored = rowsSeen(given.rows);
    const map = { width: 16, height: 16, tests: "by-size", tail: "exact" } as const;
    const energies = goodEnergies(given.images);
    const { joint, logNfa } = calibrate(
      energies,
      { mapSize: 16 },
      energies.map(() => ({ map, ignored })),
    );
    expect(joint.mean !== undefined).toBe(given.has);
    const judged = energies.map((image) => {
      const others = energies.filter((other) => other !== image);
      const fitted = fitBackground(
        others,
        others.map(() => ignored),
      );
      const { mean, ...pixel } = fitted.joint;
      const background = given.has ? fitted : { ...fitted, joint: pixel };
      const found = segmentOn(background, new Segmenter(), silenced(image, ignored), map);
      return withoutIgnored(found, ignored, map).logNfa;
    });
    expect(logNfa).toEqual(judged.sort((a, b) => a - b));
  });

  it.each([0, 1])("needs more than %i images", (count) => {
    expect(() => calibrate(goodEnergies(count), { mapSize })).toThrow(
      expect.objectContaining({
        code: "ERR_UFLOW_BAD_DATASET",
        message: expect.stringContaining(`at least 2 good images to calibrate with but received ${count}`),
      }),
    );
  });

  it("refuses images with different scales, and what cannot be fitted", () => {
    const [first, second, third] = goodEnergies(3) as [Energy[], Energy[], Energy[]];
    const refused = (message: RegExp) =>
      expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR", message: expect.stringMatching(message) });
    expect(() => calibrate([first, second.slice(0, 1)], { mapSize })).toThrow(
      refused(/2 scales for all images but received 1$/),
    );
    third[1]!.data[5] = Number.NaN;
    expect(() => calibrate([first, second, third], { mapSize })).toThrow(refused(/the energy NaN/));
  });
});
