import { expect, it } from "vitest";
import type { Examined } from "#uflow/evaluate/examined.js";
import { calibrationPlot, probabilityPlot } from "#uflow/evaluate/report/charts/calibration.js";
import { draw, figure, type Plot } from "#uflow/evaluate/report/charts/chart.js";
import { curvePlots } from "#uflow/evaluate/report/charts/curves.js";
import { count, histogramPlots } from "#uflow/evaluate/report/charts/histograms.js";
import { miouPlot } from "#uflow/evaluate/report/charts/thresholds.js";
import { spread, wideAxis } from "#uflow/evaluate/report/charts/wide-scale.js";

const plot: Plot = {
  title: "T",
  caption: "C",
  x: { name: `<script>"x"` },
  y: { name: "y" },
  series: [
    {
      name: "a & b",
      colour: "#123456",
      style: "line",
      points: [
        [0, 0],
        [1, 2],
      ],
    },
  ],
};

it("draws SVG in which names are text, the same each time but for its identifiers", () => {
  const svg = draw(plot);
  expect(svg).toMatch(/^<svg .*<\/svg>$/s);
  expect(svg).toContain("&lt;script&gt;");
  expect(svg).not.toContain("<script");
  const anonymous = (text: string) => text.replaceAll(/zr\d+-c\w+-?\d*/g, "id");
  expect(anonymous(draw(plot))).toBe(anonymous(svg));
});

it("puts the drawing into the page as a picture", () => {
  const [, picture] = /base64,([^"]*)/.exec(`${figure(plot)}`)!;
  expect(Buffer.from(picture!, "base64").toString()).toMatch(/^<svg/);
});

it("counts values in bins, those on and beyond the ends too", () => {
  const bins = count([-1, 0, 0.5, 1, 7], { min: 0, max: 1 });
  expect(bins).toHaveLength(33);
  expect(bins.filter(([, number]) => number > 0)).toEqual([
    [0, 2],
    [0.5, 1],
    [31 / 32, 2],
    [1, 2],
  ]);
});

it("has a range where all scores are 1", () => {
  const images = [{ kind: "hole", logNfa: -9, anomalyScore: 1 }] as unknown as Examined[];
  const [, scores] = histogramPlots(images, 0);
  expect(scores!.x).toMatchObject({ min: 0.95, max: 1 });
  const { points } = scores!.series.find(({ name }) => name === "defective")!;
  expect(points.at(-1)).toEqual([1, 1]);
  expect(points.map(([x]) => x)).toEqual([...new Set(points.map(([x]) => x))]);
});

it("shows any number of images in a picture of bounded size", () => {
  const images = Array.from({ length: 200_000 }, (_, i) => ({
    kind: "good",
    logNfa: (i - 100_000) / 1000,
    anomalyScore: 0.5,
  })) as unknown as Examined[];
  const [verdicts] = histogramPlots(images, 0);
  expect(verdicts!.x.min).toBeCloseTo(spread(-100) - 0.2);
  const { points } = probabilityPlot(images.map(({ logNfa }) => logNfa))!.series[1]!;
  expect(points.length).toBeLessThanOrEqual(500);
  expect([...points.slice(0, 2), points.at(-1)]).toEqual([
    [spread(-100), 0.5 / 200_000],
    [spread(-99.999), 1.5 / 200_000],
    [spread(99.999), 199_999.5 / 200_000],
  ]);
});

it("spreads both signs over decades, with ticks at round numbers", () => {
  const { min, max, ticks, label } = wideAxis("x", [-5000, 300]);
  expect(ticks!.map((tick) => label!(tick))).toEqual(["−1000", "−100", "−10", "0", "10", "100"]);
  expect(min).toBeLessThan(spread(-5000));
  expect(max).toBeGreaterThan(spread(300));
  expect(spread(-70)).toBe(-spread(70));
});

it("shows what was never observed at the foot of the logarithmic axis", () => {
  const rate = (epsilon: number, perGoodImage: number, low: number, high: number) => ({
    epsilon,
    perGoodImage,
    perGoodImageInterval: [low, high] as [number, number],
    goodImagesWithDetection: 0,
    imageShareInterval: null,
  });
  const { x, y, series } = calibrationPlot([rate(0.01, 0, 0, 0.5), rate(1, 0.2, 0.02, 0.9)])!;
  expect([x.min, x.max, y.min, y.max]).toEqual([0.001, 10, 0.001, 10]);
  const [diagonal, bars, dots, rings] = series.map(({ points }) => points);
  expect(diagonal).toEqual([
    [0.001, 0.001],
    [10, 10],
  ]);
  expect(bars).toEqual([
    [0.01, 0.001],
    [0.01, 0.5],
    [1, 0.02],
    [1, 0.9],
  ]);
  expect(dots).toEqual([[1, 0.2]]);
  expect(rings).toEqual([[0.01, 0.001]]);
  expect(calibrationPlot([])).toBeNull();
});

it("holds the share of good images against the promise", () => {
  const { series } = probabilityPlot([-2, 0, 5, 9])!;
  const [promise, images] = series.map(({ points }) => points);
  for (const [x, share] of promise!) expect(Math.sinh(x) * 10).toBeCloseTo(Math.log10(share), 9);
  expect(images!.map(([, share]) => share)).toEqual([0.125, 0.375, 0.625, 0.875]);
  expect(probabilityPlot([])).toBeNull();
});

it("draws a precision–recall curve in its steps", () => {
  const none = { imageRoc: null, pixelRoc: null, pro: null, pixelPr: null, miou: null, goodLogNfa: [] };
  const [pr, ...others] = curvePlots({ ...none, imagePr: { x: [0.5, 1], y: [1, 0.6] } });
  expect(others).toEqual([]);
  expect(pr!.series[0]!.points).toEqual([
    [0, 1],
    [0.5, 1],
    [0.5, 0.6],
    [1, 0.6],
  ]);
});

it("marks the automatic and the best threshold on the curve of mIoU", () => {
  const miou = { automatic: 0.4, oracle: 0.5, oracleLogEpsilon: 10 };
  const { series } = miouPlot({ logEpsilon: [-10, 0, 10], miou: [0.3, 0.4, 0.5] }, miou, 0);
  expect(series.slice(1).map(({ points }) => points)).toEqual([[[0, 0.4]], [[spread(10), 0.5]]]);
  const [low, high] = [spread(-10) - 0.2, spread(10) + 0.2];
  const [least, , , , most] = series[0]!.points;
  expect([least, most]).toEqual([
    [low, 0.3],
    [high, 0.5],
  ]);
  const unknown = { automatic: null, oracle: null, oracleLogEpsilon: null };
  expect(miouPlot({ logEpsilon: [], miou: [] }, unknown, 0).series[1]!.points).toEqual([]);
  const same = miouPlot({ logEpsilon: [5], miou: [0.4] }, { ...miou, oracleLogEpsilon: -90 }, -90);
  expect(same.series.map(({ name, points }) => [name, points.length])).toEqual([
    ["", 3],
    ["automatic, also the best", 1],
  ]);
  expect(same.x.min).toBeLessThan(spread(-90));
});
