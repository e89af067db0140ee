import { z } from "zod";
import { type OperatingPointOptions, operatingPointShape } from "../a-contrario/operating-point.js";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { type LayoutName, layoutSchema } from "../image/datasets/index.js";
import { type InspectorOptions, inspectorSchema } from "../inspect/options.js";
import { parseOptions } from "../options.js";

/** Options of `evaluate()`; every one is checked, and all that are wrong are named at once. */
export interface EvaluateOptions
  extends OperatingPointOptions,
    Pick<InspectorOptions, "device" | "threads" | "mapSize" | "region" | "ignore">,
    Pick<BuildOptions, "onNetwork"> {
  /** Path of the `.uflow` file. */
  model: string;
  /**
   * Folder of one product in MVTec-AD layout, `test/good/*`, `test/<defect>/*`, `ground_truth/<defect>/<name>_mask.png`, or
   * in another of docs/datasets.md; or a CSV list.
   */
  data: string;
  /** How `data` is laid out. Default `auto`. */
  layout?: LayoutName | "auto";
  /**
   * Folder for `report.html`, `evaluation.json`, `images.csv`, `regions.csv` and `contact-sheet.png`; made if need be.
   * Default: nothing is written.
   */
  output?: string;
  /** Adds `curves` to the result: ROC, PR and per-region overlap curves, mIoU against the threshold. Default: false. */
  curves?: boolean;
  /** Stops the evaluation; nothing is written then. */
  signal?: AbortSignal;
  /** Called after every image and while the metrics are computed. */
  onProgress?: (progress: EvaluateProgress) => void;
}

export interface EvaluateProgress {
  /** `metrics` comes once, after the last image. */
  phase: "images" | "metrics";
  /** Images inspected. */
  done: number;
  total: number;
  /** Estimated from the pace so far. */
  secondsLeft: number | null;
}

export const evaluateSchema = z.strictObject({
  ...operatingPointShape,
  ...inspectorSchema.pick({ device: true, threads: true, mapSize: true, region: true, ignore: true }).shape,
  model: z.string().min(1),
  data: z.string().min(1),
  layout: layoutSchema,
  output: z.string().min(1).optional(),
  curves: z.boolean().default(false),
  ...buildShape,
  onProgress: z.custom<EvaluateOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedEvaluateOptions = z.infer<typeof evaluateSchema>;

export function checkEvaluateOptions(options: EvaluateOptions): CheckedEvaluateOptions {
  return parseOptions("evaluate", evaluateSchema, options);
}
