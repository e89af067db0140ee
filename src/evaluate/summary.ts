import type { DefectSummary, ImageError, Timings } from "./evaluation.js";
import { type Examined, goodKind } from "./examine.js";

/** Per kind of defect: on how many of its images anything is detected. */
export function summarizeDefects(examined: readonly Examined[]): DefectSummary[] {
  const kinds = [...new Set(examined.map(({ kind }) => kind))].filter((kind) => kind !== goodKind).sort();
  return kinds.map((kind) => {
    const images = examined.filter((image) => image.kind === kind);
    const detected = images.filter(({ anomalous }) => anomalous).length;
    return { kind, images: images.length, detected, detectionRate: detected / images.length };
  });
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
export function notesOn(examined: readonly Examined[], errors: readonly ImageError[]): string[] {
  const notes: string[] = [];
  const good = examined.filter(({ kind }) => kind === goodKind).length;
  if (errors.length > 0)
    notes.push(`${count(errors.length, "image")} could not be read; the numbers are those of the others`);
  if (good === 0) notes.push("There are no good test images: image AUROC and false alarms are unknown");
  if (good === examined.length)
    notes.push("There are no defective test images: only false alarms can be measured");
  for (const { kind } of summarizeDefects(examined)) {
    const images = examined.filter((image) => image.kind === kind);
    const bare = images.filter(({ truth }) => truth === null).length;
    const empty = images.filter(({ truth }) => truth?.data.every((value) => value === 0)).length;
    if (bare > 0)
      notes.push(
        `${count(bare, "image")} of "${kind}" without a mask: counted for image AUROC and detection rate only`,
      );
    if (empty > 0)
      notes.push(
        `${count(empty, "image")} of "${kind}" with a mask that is empty at this map size: every detection there counts as false`,
      );
  }
  return notes;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
