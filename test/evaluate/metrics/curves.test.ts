import { describe, expect, it } from "vitest";
import { aupro } from "#uflow/evaluate/metrics/aupro.js";
import { pixelAuroc } from "#uflow/evaluate/metrics/auroc.js";
import { pixelAveragePrecision } from "#uflow/evaluate/metrics/average-precision.js";
import { type Polyline, prCurve, proCurve, rocCurve } from "#uflow/evaluate/metrics/curves.js";
import { allPixelScores } from "#uflow/evaluate/metrics/pixel-scores.js";
import { imageRankCurve } from "#uflow/evaluate/metrics/rank-curve.js";
import { randomSample } from "./random-maps.js";

const area = ({ x, y }: Polyline) =>
  x.reduce((sum, end, i) => (i === 0 ? 0 : sum + ((end - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2), 0);
const areaOfSteps = ({ x, y }: Polyline) =>
  x.reduce((sum, end, i) => sum + (end - (x[i - 1] ?? 0)) * y[i]!, 0);
const rises = (values: number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]! - 1e-12);

describe.each([
  { name: "many ties", sample: randomSample(1) },
  { name: "few ties", sample: randomSample(2, { width: 40, height: 30, levels: 100000, step: 1e-4 }) },
])("with $name", ({ sample: { scores, masks } }) => {
  const curve = allPixelScores(scores, masks).curve();

  it.each([7, 20, 500])("keeps the areas in at most %i points", (most) => {
    const [roc, pro, pr] = [rocCurve(curve, most)!, proCurve(curve, most)!, prCurve(curve, most)!];
    for (const line of [roc, pro, pr]) expect(line.x.length).toBeLessThanOrEqual(most);
    for (const line of [roc, pro, pr]) expect(line.y).toHaveLength(line.x.length);
    for (const line of [roc, pro]) expect(rises(line.x) && rises(line.y)).toBe(true);
    expect(area(roc)).toBeCloseTo(pixelAuroc(scores, masks)!, 12);
    expect(area(pro)).toBeCloseTo(aupro(scores, masks, { limit: 1 })!, 12);
    expect(areaOfSteps(pr)).toBeCloseTo(pixelAveragePrecision(scores, masks)!, 12);
  });
});

it("goes from (0, 0) to (1, 1) and stays close to the curve", () => {
  const labels = Array.from({ length: 1000 }, (_, i) => i % 2);
  const scores = labels.map((label, i) => Math.sin(i) + label);
  const [coarse, fine] = [
    rocCurve(imageRankCurve(scores, labels), 40)!,
    rocCurve(imageRankCurve(scores, labels))!,
  ];
  expect([fine.x[0], fine.y[0], fine.x.at(-1), fine.y.at(-1)]).toEqual([0, 0, 1, 1]);
  // Ends of stretches are points of the curve, and a stretch of 40 points' curve is 2/18 long.
  fine.x.forEach((x, i) => {
    const distances = coarse.x.map((other, j) => Math.abs(other - x) + Math.abs(coarse.y[j]! - fine.y[i]!));
    expect(Math.min(...distances)).toBeLessThan(2 / 18);
  });
});

it("is null where the images do not define it", () => {
  const images = imageRankCurve([1, 2], [0, 0]);
  expect([rocCurve(images), prCurve(images), proCurve(images)]).toEqual([null, null, null]);
});
