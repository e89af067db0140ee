import { readFileSync } from "node:fs";
import type { F1Max } from "#uflow/evaluate/metrics/f1-max.js";
import type { TruthRegion } from "#uflow/evaluate/metrics/region-detection.js";
import type { Mask } from "#uflow/image/mask.js";
import type { Map2d } from "#uflow/kernels/types.js";

const { cases, intervals } = JSON.parse(
  readFileSync(new URL("../../fixtures/metrics/peers.json", import.meta.url), "utf8"),
);

/** Metrics of small maps, with many ties, by scikit-learn and scikit-image: test/generators/metrics.py. */
export const peerCases: PeerCase[] = cases.map(({ width, scores, masks, ...expected }: Stored) => ({
  ...expected,
  scores: scores.map((values) => plane(Float32Array.from(values), width)),
  masks: masks.map((values) => plane(Uint8Array.from(values), width)),
  highest: scores.map((values) => Math.max(...values)),
  defective: masks.map((values) => values.includes(1)),
}));

/** Exact intervals by SciPy; those of a Poisson mean in one unit. */
export const peerIntervals: {
  count: number;
  total: number;
  binomial: [number, number];
  poisson: [number, number];
}[] = intervals;

interface Expected {
  seed: number;
  imageAuroc: number;
  imageAveragePrecision: number;
  imageF1Max: F1Max;
  pixelAuroc: number;
  pixelAveragePrecision: number;
  pixelF1Max: F1Max;
  /** By limit. */
  aupro: Record<string, number>;
  fairThreshold: { score: number; miou: number };
  /** Of the negated scores as maps of log NFA, detected below −1. */
  truthRegions: TruthRegion[];
}

interface Stored extends Expected {
  width: number;
  scores: number[][];
  masks: number[][];
}

export interface PeerCase extends Expected {
  scores: Map2d[];
  masks: Mask[];
  /** Scores of the images. */
  highest: number[];
  defective: boolean[];
}

function plane<T extends { length: number }>(data: T, width: number) {
  return { data, width, height: data.length / width };
}
