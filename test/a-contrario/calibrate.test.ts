import { describe, expect, it } from "vitest";
import { calibrate } from "#uflow/a-contrario/calibrate.js";
import { calibrationSchema } from "#uflow/a-contrario/calibration.js";
import { fitBackground, onScales } from "#uflow/a-contrario/fit.js";
import { type Energy, Segmenter } from "#uflow/kernels/index.js";
import { goodEnergies } from "./energies.js";

const mapSize = 32;

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
