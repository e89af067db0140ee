import { goodKind } from "../../../image/datasets/index.js";
import { ink } from "../../../page/ink.js";
import type { Examined } from "../../examined.js";
import type { Plot, Point, Series } from "./chart.js";
import { extent, spread, wideAxis } from "./wide-scale.js";

const bins = 32;

/** How log NFA and the anomaly score tell good images from defective ones. */
export function histogramPlots(images: readonly Examined[], logEpsilon: number): Plot[] {
  const wide = wideAxis(
    "log NFA of the most significant region",
    images.map(({ logNfa }) => logNfa),
  );
  const scores = images.map(({ anomalyScore }) => anomalyScore);
  // Where all scores are 1, there is a range all the same.
  const low = Math.floor(extent(scores, 0.95, 1)[0] * 20) / 20;
  return [
    {
      title: "Verdicts",
      caption:
        "Images left of the line are taken for defective. The scale is linear around 0, then in decades.",
      x: wide,
      y: { name: "images", min: 0, counts: true },
      series: histograms(images, ({ logNfa }) => spread(logNfa), wide),
      thresholds: [{ at: spread(logEpsilon), name: "detected below" }],
    },
    {
      title: "Anomaly scores",
      caption:
        "The maximum of each image's anomaly map, which the image AUROC ranks. No threshold is set on it.",
      x: { name: "anomaly score", min: low, max: 1 },
      y: { name: "images", min: 0, counts: true },
      series: histograms(images, ({ anomalyScore }) => anomalyScore, { min: low, max: 1 }),
    },
  ];
}

function histograms(
  images: readonly Examined[],
  value: (image: Examined) => number,
  range: { min: number; max: number },
): Series[] {
  const of = (defective: boolean) =>
    count(images.filter(({ kind }) => (kind !== goodKind) === defective).map(value), range);
  return [
    { name: "good", colour: ink.good, style: "steps", points: of(false) },
    { name: "defective", colour: ink.defective, style: "steps", points: of(true) },
  ];
}

/** The left edge of each bin and the number of values in it, and the end of the last bin. */
export function count(values: readonly number[], { min, max }: { min: number; max: number }): Point[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - min) / (max - min)) * bins);
    counts[Math.min(bins - 1, Math.max(0, bin))]! += 1;
  }
  const edge = (i: number) => min + (i / bins) * (max - min);
  return [...counts.map((number, i): Point => [edge(i), number]), [max, counts.at(-1)!]];
}
