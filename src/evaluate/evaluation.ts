import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { IgnoreOptions } from "../areas/ignore.js";
import type { PlainError } from "../error.js";
import type { Area } from "../image/area.js";
import type { LayoutName } from "../image/datasets/index.js";
import type { Inspection } from "../inspect/index.js";
import type { DeviceName } from "../onnx/device.js";
import type { PixelMetrics, Precision } from "./measurement.js";
import type { EvaluationCurves } from "./metrics/curves.js";
import type { F1Max, FairThreshold, FalseAlarms, Miou, RegionDetection } from "./metrics/index.js";

/** How well a model tells good from defective. Plain data; a metric is null where the images do not define it. */
export interface Evaluation extends PixelMetrics {
  model: string;
  data: string;
  /** How it is laid out, where the options said so. */
  layout?: LayoutName;
  /** Test images that were inspected. */
  images: { good: number; defective: number };
  /** Area under the ROC curve of the images' scores, 0 … 1. */
  imageAuroc: number | null;
  /** Average precision of the images' scores: area under the steps of their precision–recall curve, 0 … 1. */
  imageAveragePrecision: number | null;
  /** The best F1 of the images' scores, with a threshold that knows the answers. */
  imageF1Max: F1Max | null;
  /** The best F1 of all pixels, with a threshold that knows the answers. */
  pixelF1Max: F1Max | null;
  /** How exact the pixel metrics are. */
  precision: Precision;
  /** Mean intersection over union of detected pixels with the defects; null where no pixel is marked as defective. */
  miou: Miou;
  /** The threshold on anomaly maps that good images alone determine. */
  fairThreshold: FairThreshold | null;
  /** Which regions of the ground truth are detected, by their size. */
  regionDetection: RegionDetection;
  /** Detections on good images, to be compared with the promise `operatingPoint.epsilon`. */
  falseAlarms: FalseAlarms;
  /** Per kind of defect, in alphabetical order. */
  defects: DefectSummary[];
  /** Mean over the kinds of defect. MVTec LOCO is reported so: over logical and structural anomalies. */
  meanOfKinds: KindMeans;
  /** How detections were made. */
  operatingPoint: OperatingPoint;
  /** What was looked at, where the options said something else than the model. */
  region?: Area | null;
  ignore?: IgnoreOptions | null;
  /** Side of the maps on which pixels were counted. */
  mapSize: number;
  device: DeviceName;
  /** Median milliseconds per image, per phase and of all phases together. */
  timings: Timings;
  /** False when some images could not be read: the numbers are those of the others. */
  complete: boolean;
  /** The images that could not be read. */
  errors: ImageError[];
  /** What a reader of the numbers has to know. */
  notes: string[];
  /** Only if asked for. */
  curves?: EvaluationCurves;
}

/** One kind of defect; areas under curves are over its images and the good ones. */
export interface DefectSummary extends PixelMetrics {
  /** Name of the defect's folder. */
  kind: string;
  images: number;
  /** Images with at least one detected region, wherever it lies. */
  detected: number;
  /** detected / images */
  detectionRate: number;
  imageAuroc: number | null;
  imageAveragePrecision: number | null;
  /** At the operating point, over the images of this kind that have a mask; null where none marks a defect. */
  miou: number | null;
}

/** Null where no kind defines one. */
export interface KindMeans extends PixelMetrics {
  imageAuroc: number | null;
  imageAveragePrecision: number | null;
}

export type Timings = Omit<Inspection["timings"], "wait">;

export type ImageError = PlainError & { image: string };
