import { z } from "zod";
import type { Inspected } from "./way-process.js";
import type { Precision } from "./ways.js";

/** How far one way is from another, over all images: the worst of each. */
export const figuresSchema = z.strictObject({
  /** Largest |Δ anomaly map|; the map is 0 … 1. */
  anomalyMap: z.number(),
  /** Largest |Δ log₁₀ NFA| of the images. */
  logNfa: z.number(),
  /**
   * Largest |Δ log₁₀ NFA| / max(10, |log₁₀ NFA|). Near 0 the number of tests and the probability cancel, and what was
   * rounded is much larger than what is left.
   */
  relativeLogNfa: z.number(),
  /** Smallest intersection over union of the masks; 1 where both are empty. */
  maskIou: z.number(),
  /** Names of the images that only one of the two calls anomalous. */
  verdicts: z.array(z.string()),
  /**
   * Largest |Δz| of the latents, and relative to the largest |z| of the image. Of the first images only; the first
   * certificates have it not, nor have comparisons with an earlier one, which keeps no latents. It has no limit.
   */
  latents: z.strictObject({ absolute: z.number(), relative: z.number(), images: z.int() }).optional(),
});

export type Figures = z.infer<typeof figuresSchema>;

export const limitsSchema = figuresSchema.pick({ anomalyMap: true, relativeLogNfa: true, maskIou: true });

/** The first two are the largest that pass, `maskIou` the smallest. Verdicts must be equal. */
export type Limits = z.infer<typeof limitsSchema>;

/**
 * The anomaly map is 1 − mean exp(−x), x = energy/2C: where energies move by a fraction δ, it moves by at most
 * δ·max x·exp(−x) = δ/e. The orders of summation in float32 make δ about 1e-5, and 3e-4 are allowed. TF32 rounds what it
 * multiplies to 11 bits instead of 24, as float16 does; some per cent are allowed, and borders of masks may move by a
 * pixel. docs/verify.md.
 */
export const limits: Readonly<Record<Precision, Limits>> = {
  float32: { anomalyMap: 1e-4, relativeLogNfa: 1e-3, maskIou: 0.999 },
  tf32: { anomalyMap: 1e-2, relativeLogNfa: 5e-2, maskIou: 0.95 },
  float16: { anomalyMap: 1e-2, relativeLogNfa: 5e-2, maskIou: 0.95 },
};

/** What is compared of one image. */
export type Comparable = Omit<Inspected, "milliseconds"> & { name: string };

/** Image by image, in the same order; the maps are of the same sizes. */
export function figuresOf(got: readonly Comparable[], wanted: readonly Comparable[]): Figures {
  const figures: Figures = { anomalyMap: 0, logNfa: 0, relativeLogNfa: 0, maskIou: 1, verdicts: [] };
  wanted.forEach((one, i) => {
    const other = got[i]!;
    const logNfa = difference(one.logNfa, other.logNfa);
    figures.anomalyMap = Math.max(
      figures.anomalyMap,
      largestDifference(one.anomalyMap.data, other.anomalyMap.data),
    );
    figures.logNfa = Math.max(figures.logNfa, logNfa);
    figures.relativeLogNfa = Math.max(figures.relativeLogNfa, logNfa / Math.max(10, Math.abs(one.logNfa)));
    figures.maskIou = Math.min(figures.maskIou, iou(one.mask.data, other.mask.data));
    if (one.anomalous !== other.anomalous) figures.verdicts.push(one.name);
  });
  const latents = latentFigures(got, wanted);
  return latents ? { ...figures, latents } : figures;
}

/** Of the images that have latents on both sides; undefined where none has. */
function latentFigures(got: readonly Comparable[], wanted: readonly Comparable[]): Figures["latents"] {
  const figures = { absolute: 0, relative: 0, images: 0 };
  wanted.forEach(({ latents }, i) => {
    const others = got[i]!.latents;
    if (!latents || !others) return;
    const absolute = Math.max(...latents.map((z, scale) => largestDifference(z, others[scale]!)));
    const largest = Math.max(...latents.map(largestMagnitude));
    figures.absolute = Math.max(figures.absolute, absolute);
    figures.relative = Math.max(figures.relative, absolute === 0 ? 0 : difference(absolute / largest, 0));
    figures.images += 1;
  });
  return figures.images === 0 ? undefined : figures;
}

/** In words, what is beyond its limit; empty when all is within. */
export function excess(figures: Figures, allowed: Limits): string[] {
  const { anomalyMap, relativeLogNfa, maskIou, verdicts } = figures;
  const found: string[] = [];
  if (verdicts.length > 0)
    found.push(`other verdict on ${verdicts.length === 1 ? "1 image" : `${verdicts.length} images`}`);
  if (!(anomalyMap <= allowed.anomalyMap)) found.push(`Δ anomaly map above ${allowed.anomalyMap}`);
  if (!(relativeLogNfa <= allowed.relativeLogNfa))
    found.push(`relative Δ log NFA above ${allowed.relativeLogNfa}`);
  if (!(maskIou >= allowed.maskIou)) found.push(`mask IoU below ${allowed.maskIou}`);
  return found;
}

function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, difference(a[i]!, b[i]!));
  return largest;
}

/** What is no number is as far away as can be; JSON has no infinity. */
function difference(a: number, b: number): number {
  const distance = a === b ? 0 : Math.abs(a - b);
  return Number.isFinite(distance) ? distance : Number.MAX_VALUE;
}

function iou(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return either === 0 ? 1 : both / either;
}
