import { ink } from "../../../page/ink.js";
import type { FalseAlarmRate } from "../../metrics/false-alarms.js";
import type { Plot, Point } from "./chart.js";
import { spread, wideAxis } from "./wide-scale.js";

/** Observed false alarms per good image against the promised ε, both axes logarithmic. Null without good images. */
export function calibrationPlot(rates: readonly FalseAlarmRate[]): Plot | null {
  const known = rates.flatMap(({ epsilon, perGoodImage: observed, perGoodImageInterval: interval }) =>
    observed === null || interval === null ? [] : [{ epsilon, observed, interval }],
  );
  if (known.length === 0) return null;
  const values = known.flatMap(({ epsilon, observed, interval }) => [epsilon, observed, ...interval]);
  const min = 10 ** Math.floor(Math.log10(Math.min(...values.filter((value) => value > 0))) - 0.1);
  const max = 10 ** Math.ceil(Math.log10(Math.max(...values)) + 0.1);
  const above = (value: number) => Math.max(value, min);
  const dots = (none: boolean) =>
    known
      .filter(({ observed }) => (observed === 0) === none)
      .map(({ epsilon, observed }): Point => [epsilon, above(observed)]);
  const bars = known.flatMap(({ epsilon, interval }) => interval.map((end): Point => [epsilon, above(end)]));
  const diagonal: Point[] = [
    [min, min],
    [max, max],
  ];
  return {
    title: "Promise and observation",
    caption:
      "The promise is kept where a point lies on the dashed line or below it. Bars are intervals of 95 %; a ring at the bottom stands for no false alarm at all.",
    x: { name: "promised false alarms per good image, ε", min, max, log: true },
    y: { name: "observed", min, max, log: true },
    series: [
      { name: "", colour: ink.muted, style: "dashed", points: diagonal },
      { name: "", colour: ink.good, style: "spans", points: bars },
      { name: "", colour: ink.good, style: "dots", points: dots(false) },
      { name: "", colour: ink.good, style: "rings", points: dots(true) },
    ],
  };
}

/**
 * The distribution of the most significant region on good images: the share of images with an NFA below t, which by
 * Markov's inequality is at most t. Null without good images.
 * @param sorted log₁₀ NFA of the good images, ascending
 */
export function probabilityPlot(sorted: readonly number[]): Plot | null {
  if (sorted.length === 0) return null;
  const lowest = 10 ** Math.floor(Math.log10(0.5 / sorted.length));
  const wide = wideAxis("log NFA of the most significant region", sorted);
  const promise = Array.from({ length: 41 }, (_, i): Point => {
    const exponent = Math.log10(lowest) * (1 - i / 40);
    return [spread(exponent), 10 ** exponent];
  });
  return {
    title: "Most significant region of each good image",
    caption:
      "Each point is a good image: the share of good images that look at least as anomalous. By chance alone it stays right of the dashed line.",
    x: wide,
    y: { name: "share of good images", min: lowest, max: 1, log: true },
    series: [
      { name: "", colour: ink.muted, style: "dashed", points: promise },
      {
        name: "",
        colour: ink.good,
        style: "dots",
        points: ranks(sorted.length).map((i): Point => [spread(sorted[i]!), (i + 0.5) / sorted.length]),
      },
    ],
  };
}

/** So many points are seen apart; tens of thousands would make the page as large. */
const mostPoints = 500;

/** Places in a list, from the first to the last; of a long one those that are evenly spread on a logarithmic axis. */
function ranks(length: number): number[] {
  if (length <= mostPoints) return Array.from({ length }, (_, i) => i);
  const spaced = Array.from(
    { length: mostPoints },
    (_, i) => Math.round(length ** (i / (mostPoints - 1))) - 1,
  );
  return [...new Set(spaced)];
}
