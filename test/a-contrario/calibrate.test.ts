import { describe, expect, it } from "vitest";
import { calibrate } from "#uflow/a-contrario/calibrate.js";
import { calibrationSchema } from "#uflow/a-contrario/calibration.js";
import { fitScale } from "#uflow/a-contrario/fit.js";
import { onBackground } from "#uflow/a-contrario/index.js";
import { type Energy, Segmenter } from "#uflow/kernels/index.js";
import { goodEnergies } from "./energies.js";

const mapSize = 32;
const scaleOf = (images: readonly (readonly Energy[])[], s: number) => images.map((scales) => scales[s]!);

describe("a calibration", () => {
  it("has the fit of each scale to all images, and is what the schema takes", () => {
    const images = goodEnergies(7);
    const calibration = calibrate(images, { mapSize });
    expect(calibrationSchema.parse(JSON.parse(JSON.stringify(calibration)))).toEqual(calibration);
    expect(calibration).toMatchObject({
      images: 7,
      test: { tests: "per-scale", tail: "exact", mapSize },
    });
    expect(calibration.logNfa).toHaveLength(7);
    expect(calibration.anomalyScore).toHaveLength(7);
    calibration.scales.forEach((fit, s) => {
      const wanted = fitScale(scaleOf(images, s));
      for (const name of ["scale", "dof", "area"] as const) expect(fit[name]).toBeCloseTo(wanted[name], 10);
    });
  });

  it("judges each image by a fit to the others", () => {
    const images = goodEnergies(5);
    const { logNfa, anomalyScore } = calibrate(images, { mapSize, tests: "by-size" });
    const segmenter = new Segmenter();
    const options = { width: mapSize, height: mapSize, tests: "by-size" } as const;
    const judged = images.map((scales, i) => {
      const others = images.filter((_, other) => other !== i);
      const fits = scales.map((_, s) => fitScale(scaleOf(others, s)));
      return segmenter.segment(onBackground(scales, fits), options);
    });
    const sorted = (values: number[]) => values.sort((a, b) => a - b);
    sorted(judged.map((verdict) => verdict.logNfa)).forEach((wanted, i) => {
      expect(logNfa[i]!).toBeCloseTo(wanted, 3);
    });
    expect(anomalyScore).toEqual(sorted(judged.map((verdict) => verdict.anomalyScore)));
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

  it("refuses images of several sizes, and what cannot be fitted", () => {
    const [first, second, third] = goodEnergies(3) as [Energy[], Energy[], Energy[]];
    const refused = (message: RegExp) =>
      expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR", message: expect.stringMatching(message) });
    expect(() => calibrate([first, second.slice(0, 1)], { mapSize })).toThrow(
      refused(/16 × 16, 8 × 8.*16 × 16$/),
    );
    third[1]!.data[5] = Number.NaN;
    expect(() => calibrate([first, second, third], { mapSize })).toThrow(refused(/NaN at pixel 5/));
  });
});
