import { z } from "zod";
import { operatingPointShape } from "../a-contrario/operating-point.js";
import type { IgnoreOptions } from "../areas/ignore.js";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { UflowError } from "../error.js";
import type { Area } from "../image/area.js";
import { inspectorSchema } from "../inspect/options.js";
import type { Tail, Tests } from "../kernels/index.js";
import type { Device } from "../onnx/device.js";
import { deviceSchema } from "../onnx/device-schema.js";
import { parseOptions } from "../options.js";

/** Options of `recalibrate()`; every one is checked, and all that are wrong are named at once. */
export interface RecalibrateOptions extends Pick<BuildOptions, "onNetwork"> {
  /** Path of the `.uflow` file; it is left as it is, unless `output` is the same. */
  model: string;
  /**
   * Folder of images of good parts, with all that are below it. None may have been trained on: the model knows those too
   * well. They should be as the parts to come will be: of all shifts, batches and lights.
   */
  good: string;
  /** Path of the `.uflow` file to write. A file that is there is replaced only by a complete new one. */
  output: string;
  /**
   * The only part of images that the written model looks at, pixels of the original image, in place of what the model says of
   * it; `null`: all of the image. The flow has learned from what it was trained on: look at the same things, as large.
   */
  region?: Area | null | undefined;
  /** Where the written model never reports anything, in place of what the model says of it; `null`: nowhere. */
  ignore?: IgnoreOptions | null | undefined;
  /** What the statistics for `falseRejects` are of; default: that of `Inspector`. */
  tail?: Tail;
  tests?: Tests;
  /** Where the networks run: `auto` (default) takes CUDA where it works, else the CPU; `cuda:1` is the second GPU. */
  device?: Device;
  /** CPU threads of the networks; 0 (default) is one per physical core. */
  threads?: number;
  /** Stops the work; nothing is written then. */
  signal?: AbortSignal;
  /** Called after every image. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

const schema = z.strictObject({
  model: z.string().min(1),
  good: z.string().min(1),
  output: z.string().min(1),
  ...inspectorSchema.pick({ region: true, ignore: true }).shape,
  tail: operatingPointShape.tail,
  tests: operatingPointShape.tests,
  device: deviceSchema.default("auto"),
  threads: z.int().min(0).max(1024).default(0),
  ...buildShape,
  onProgress: z.custom<RecalibrateOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedRecalibrateOptions = z.infer<typeof schema>;

export function checkRecalibrateOptions(options: RecalibrateOptions): CheckedRecalibrateOptions {
  return parseOptions("recalibrate", schema, options);
}

export const aborted = () =>
  new UflowError("ERR_UFLOW_ABORTED", "The calibration was cancelled; nothing was written");
