import { goodKind } from "../image/datasets/index.js";
import type { DefectSummary, ImageError, KindMeans, Timings } from "./evaluation.js";
import type { Examined } from "./examined.js";
import type { PixelMetrics, Precision } from "./measurement.js";
import { auroc } from "./metrics/auroc.js";
import { averagePrecision } from "./metrics/average-precision.js";
import type { FalseAlarms } from "./metrics/false-alarms.js";
import { imageRankCurve, type RankCurve } from "./metrics/rank-curve.js";
import { type RegionDetection, regionDetection } from "./metrics/region-detection.js";

/** Per kind of defect: how well its images are told from the good ones. */
export function summarizeDefects(
  examined: readonly Examined[],
  byKind: Readonly<Record<string, PixelMetrics>> = {},
): DefectSummary[] {
  return kindsOfDefects(examined).map((kind) => {
    const images = examined.filter((image) => image.kind === kind);
    const detected = images.filter(({ anomalous }) => anomalous).length;
    const marked = images.some(({ truthRegions }) => truthRegions !== null && truthRegions.length > 0);
    const ious = marked ? images.flatMap(({ iou }) => iou ?? []) : [];
    return {
      kind,
      images: images.length,
      detected,
      detectionRate: detected / images.length,
      ...imageAreas(imageCurve(examined.filter((image) => image.kind === kind || image.kind === goodKind))),
      // A kind may be called like what every object has, such as "constructor".
      ...(Object.hasOwn(byKind, kind) ? byKind[kind]! : unknownPixelMetrics),
      miou: ious.length === 0 ? null : ious.reduce((sum, iou) => sum + iou, 0) / ious.length,
    };
  });
}

const unknownPixelMetrics: PixelMetrics = {
  pixelAuroc: null,
  pixelAveragePrecision: null,
  aupro: null,
  aupro005: null,
  auspro: null,
  auspro005: null,
};

/** Areas under curves, mean over the kinds of defect that define them: a rare kind counts as much as a frequent one. */
export function meanOfKinds(defects: readonly DefectSummary[]): KindMeans {
  const mean = (name: keyof KindMeans) => {
    const known = defects.flatMap((defect) => defect[name] ?? []);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const names = Object.keys(unknownPixelMetrics) as (keyof PixelMetrics)[];
  const pixels = Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as PixelMetrics;
  return {
    imageAuroc: mean("imageAuroc"),
    imageAveragePrecision: mean("imageAveragePrecision"),
    ...pixels,
  };
}

function kindsOfDefects(examined: readonly Examined[]): string[] {
  return [...new Set(examined.map(({ kind }) => kind))].filter((kind) => kind !== goodKind).sort();
}

/** What the metrics of images are read from. */
export function imageCurve(examined: readonly Examined[]): RankCurve {
  return imageRankCurve(
    examined.map(({ anomalyScore }) => anomalyScore),
    examined.map(({ kind }) => kind !== goodKind),
  );
}

export function imageAreas(curve: RankCurve) {
  return {
    imageAuroc: auroc(curve)?.value ?? null,
    imageAveragePrecision: averagePrecision(curve)?.value ?? null,
  };
}

/** Detection of the regions of the ground truth, by their size. */
export function summarizeRegions(examined: readonly Examined[]): RegionDetection {
  return regionDetection(
    examined.flatMap(({ truthRegions, map }) =>
      (truthRegions ?? []).map((region) => ({ ...region, pixels: map.width * map.height })),
    ),
  );
}

/** Medians, so that the first images, which warm the networks up, do not count. */
export function medianTimings(examined: readonly Examined[]): Timings {
  const all = examined.map(({ timings }) => timings);
  const of = (phase: (timings: Examined["timings"]) => number) => median(all.map(phase));
  return {
    decode: of(({ decode }) => decode),
    preprocess: of(({ preprocess }) => preprocess),
    network: of(({ network }) => network),
    segment: of(({ segment }) => segment),
    total: of(totalTime),
  };
}

export function totalTime({ decode, preprocess, network, segment }: Examined["timings"]): number {
  return decode + preprocess + network + segment;
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What the numbers alone do not say. */
export function notesOn(
  examined: readonly Examined[],
  errors: readonly ImageError[],
  { exact, scoreBits }: Precision,
  lostRegions = 0,
): string[] {
  const notes: string[] = [];
  if (!exact)
    notes.push(
      `There are more distinct scores than fit into memory: pixel metrics rest on ${scoreBits} of their 32 bits; "precision" bounds what that changes`,
    );
  const good = examined.filter(({ kind }) => kind === goodKind).length;
  if (errors.length > 0)
    notes.push(`${count(errors.length, "image")} could not be read; the numbers are those of the others`);
  if (good === 0) notes.push("There are no good test images: image AUROC and false alarms are unknown");
  if (good === examined.length)
    notes.push("There are no defective test images: only false alarms can be measured");
  else if (!examined.some(({ truthRegions }) => truthRegions !== null && truthRegions.length > 0))
    notes.push("No defect is marked in any mask: metrics of pixels and mIoU are unknown");
  for (const kind of kindsOfDefects(examined)) {
    const images = examined.filter((image) => image.kind === kind);
    const bare = images.filter(({ truthRegions }) => truthRegions === null).length;
    const empty = images.filter(({ truthRegions }) => truthRegions?.length === 0).length;
    if (bare > 0)
      notes.push(
        `${count(bare, "image")} of "${kind}" without a mask: counted for image AUROC and detection rate only`,
      );
    if (empty > 0)
      notes.push(
        `${count(empty, "image")} of "${kind}" with a mask that is empty at this map size: every detection there counts as false`,
      );
  }
  if (lostRegions > 0) {
    notes.push(
      `${count(lostRegions, "marked region")} without a pixel at this map size, or outside of what is looked at: left out of AU-sPRO`,
    );
  }
  return notes;
}

/** Where test images are not new to the model. @param learned those that it learned from */
export function notesOnLearned(learned: readonly string[]): string[] {
  if (learned.length === 0) return [];
  return [
    `The model learned from ${count(learned.length, "image")} of these, as from "${learned[0]}": what it makes of them says nothing about parts to come`,
  ];
}

/** What to do where good images clearly have more false alarms than the operating point promises. */
export function notesOnPromise(
  { perGoodImageInterval }: Pick<FalseAlarms, "perGoodImageInterval">,
  epsilon: number,
): string[] {
  if (perGoodImageInterval === null || perGoodImageInterval[0] <= epsilon) return [];
  return [
    "More false alarms than promised: the good images here are unlike those that the model was calibrated with, as when those followed each other like frames of a film. Calibrate it with good parts as they come: uflow calibrate",
  ];
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
