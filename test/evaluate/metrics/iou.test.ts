import { describe, expect, it } from "vitest";
import { IouCurve, miou } from "#uflow/evaluate/metrics/iou.js";
import { goldenCases } from "./golden-metrics.js";
import { randomSample, type Sample } from "./random-maps.js";

/** The definition: one pass per threshold. */
function bruteForce({ scores, masks }: Sample, logEpsilon: number): number {
  const ious = scores.map(({ data }, image) => {
    let [intersection, union] = [0, 0];
    data.forEach((value, pixel) => {
      const detected = value < logEpsilon;
      const defect = masks[image]!.data[pixel] === 1;
      if (detected && defect) intersection++;
      if (detected || defect) union++;
    });
    return (intersection + 2.2e-16) / (union + 2.2e-16);
  });
  return ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
}

describe.each(goldenCases)(
  "the reference's case $name",
  ({ logNfa, masks, miou: curve, miouThresholds, expected }) => {
    it("has the reference's mIoU, automatic and oracle, to the rounding of its float32", () => {
      const { automatic, oracle, oracleLogEpsilon } = miou(logNfa, masks);
      expect(automatic).toBeCloseTo(expected.miou_at_0, 6);
      expect(oracle).toBeCloseTo(expected.miou_oracle, 6);
      expect(oracleLogEpsilon).toBe(0 - expected.oracle_thr);
    });

    it("has the reference's mIoU at every threshold", () => {
      const ours = new IouCurve();
      logNfa.forEach((map, i) => {
        ours.add(map, masks[i]!);
      });
      miouThresholds.forEach((threshold, i) => {
        expect(ours.at(-threshold)).toBeCloseTo(curve[i]!, 6);
      });
    });
  },
);

it.each([1, 2, 3, 4])("is what one pass per threshold gives (seed %i)", (seed) => {
  const sample = randomSample(seed, { levels: 40, step: 0.75 });
  const curve = new IouCurve(0);
  sample.scores.forEach((map, i) => {
    curve.add(map, sample.masks[i]!);
  });
  let best = 0;
  for (let logEpsilon = -60; logEpsilon <= 60; logEpsilon++) {
    const wanted = bruteForce(sample, logEpsilon);
    expect(curve.at(logEpsilon)).toBeCloseTo(wanted, 12);
    best = Math.max(best, wanted);
  }
  expect(curve.result().oracle).toBeCloseTo(best, 12);
  for (const logEpsilon of [-2, -0.3, 0, 1.25]) {
    expect(miou(sample.scores, sample.masks, { logEpsilon }).automatic).toBeCloseTo(
      bruteForce(sample, logEpsilon),
      12,
    );
  }
});

const strip = (...values: number[]) => ({ data: Float32Array.from(values), width: values.length, height: 1 });
const truth = (...values: number[]) => ({ data: Uint8Array.from(values), width: values.length, height: 1 });

it("counts a good image 1 without a detection, practically 0 with one", () => {
  const defect = [strip(-1, 2, 3), truth(1, 0, 0)] as const;
  const withGood = (...values: number[]) =>
    miou([defect[0], strip(...values)], [defect[1], truth(0, 0, 0)]).automatic;
  expect(withGood(1, 2, 3)).toBe(1);
  expect(withGood(-1, 2, 3)).toBeCloseTo(0.5, 15);
});

it("is null where no pixel is defective: it would only tell how many images are silent", () => {
  const unknown = { automatic: null, oracle: null, oracleLogEpsilon: null };
  expect(miou([], [])).toEqual(unknown);
  expect(miou([strip(1, 2), strip(-1, 2)], [truth(0, 0), truth(0, 0)])).toEqual(unknown);
});

it("detects strictly below the threshold", () => {
  expect(miou([strip(0, -1)], [truth(1, 1)]).automatic).toBeCloseTo(0.5, 14);
  expect(miou([strip(-2, -2)], [truth(1, 1)], { logEpsilon: -2 }).automatic).toBeLessThan(1e-15);
});

it("takes, of equally good thresholds, the one nearest to the operating point", () => {
  // Every threshold in −9 … 50 tells the two apart.
  const maps = [strip(-10, 50)];
  const masks = [truth(1, 0)];
  expect(miou(maps, masks)).toMatchObject({ oracle: 1, oracleLogEpsilon: 0 });
  expect(miou(maps, masks, { logEpsilon: -30 })).toMatchObject({ oracle: 1, oracleLogEpsilon: -9 });
  expect(miou(maps, masks, { logEpsilon: 80 })).toMatchObject({ oracle: 1, oracleLogEpsilon: 50 });
});

it("gives the curve against the threshold, without what does not change", () => {
  const curve = new IouCurve();
  curve.add(strip(-10, -2, 5), truth(1, 0, 0));
  // Below −10 nothing is detected, above 5 everything.
  expect(curve.thinned(500)).toEqual({
    logEpsilon: Array.from({ length: 17 }, (_, i) => i - 10),
    miou: [...Array(17).keys()].map((i) =>
      expect.closeTo([0, 1, 1 / 2, 1 / 3][i > 15 ? 3 : i > 8 ? 2 : i > 0 ? 1 : 0]!, 12),
    ),
  });
  expect(curve.thinned(5)!.logEpsilon).toEqual([-10, -6, -2, 2, 6]);
  const ofGood = new IouCurve();
  ofGood.add(strip(-10, -2, 5), truth(0, 0, 0));
  expect(ofGood.thinned(500)).toBeNull();
});

it("takes values beyond the oracle's range, infinite ones too", () => {
  const { automatic, oracle } = miou(
    [strip(-1e30, Number.NEGATIVE_INFINITY, 1e30, Number.POSITIVE_INFINITY)],
    [truth(1, 1, 0, 0)],
  );
  expect(automatic).toBe(1);
  expect(oracle).toBe(1);
});

it("refuses NaN and what does not go together", () => {
  const refused = (work: () => unknown) =>
    expect(work).toThrowError(expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }));
  refused(() => miou([strip(1, Number.NaN)], [truth(0, 1)]));
  refused(() => miou([strip(1)], [truth(0, 1)]));
  refused(() => miou([strip(1)], []));
});
