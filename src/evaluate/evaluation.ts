import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { PlainError } from "../error.js";
import type { Inspection } from "../inspect/index.js";
import type { FalseAlarms, Miou } from "./metrics/index.js";

/** How well a model tells good from defective. Plain data; a metric is null where the images do not define it. */
export interface Evaluation {
  model: string;
  data: string;
  /** Test images that were inspected. */
  images: { good: number; defective: number };
  /** Area under the ROC curve of the images' scores, 0 … 1. */
  imageAuroc: number | null;
  /** Area under the ROC curve of all pixels, 0 … 1. */
  pixelAuroc: number | null;
  /** Area under the per-region overlap curve up to a false positive rate of 0.3, over 0.3; 0 … 1. */
  aupro: number | null;
  /** Mean intersection over union of detected pixels with the defects. */
  miou: Miou;
  /** Detections on good images, to be compared with the promise `operatingPoint.epsilon`. */
  falseAlarms: FalseAlarms;
  /** Per kind of defect, in alphabetical order. */
  defects: DefectSummary[];
  /** How detections were made. */
  operatingPoint: OperatingPoint;
  /** Side of the maps on which pixels were counted. */
  mapSize: number;
  device: "cpu" | "cuda";
  /** Median milliseconds per image, per phase and of all phases together. */
  timings: Timings;
  /** False when some images could not be read: the numbers are those of the others. */
  complete: boolean;
  /** The images that could not be read. */
  errors: ImageError[];
  /** What a reader of the numbers has to know. */
  notes: string[];
}

export interface DefectSummary {
  /** Name of the defect's folder. */
  kind: string;
  images: number;
  /** Images with at least one detected region, wherever it lies. */
  detected: number;
  /** detected / images */
  detectionRate: number;
}

export type Timings = Inspection["timings"] & { total: number };

export type ImageError = PlainError & { image: string };
