import { z } from "zod";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { inspectorSchema, streamSchema, type WantedMaps } from "../inspect/options.js";
import type { Device } from "../onnx/device.js";
import { parseOptions } from "../options.js";

/** Options of `measureSpeed()`. */
export interface SpeedOptions extends Pick<BuildOptions, "onNetwork"> {
  /** Path of the `.uflow` file. Default: the backbone `mobile` with a flow that was never trained. */
  model?: string;
  /** Folder of images of good parts. Default: generated ones, on which the last phase may take longer or shorter. */
  images?: string;
  /** Side of the generated images, pixels, 64 … 1024. Default: twice the model's input. */
  imageSize?: number;
  /** As for `Inspector.open()`. */
  device?: Device;
  /** Default: what a short measurement finds to give the most images per second. */
  lanes?: number;
  threads?: number;
  batchSize?: number;
  /** As for `Inspector.stream()`. Generated images are good parts, of which `anomalous` makes none. Default `all`. */
  maps?: WantedMaps;
  /** Of measuring the stream, and again of the bare network. Default 5. */
  seconds?: number;
  /** Then so many images more, to see whether memory stays flat. Default 0: over what is measured anyway. */
  frames?: number;
  /** A Python file with `inspect(image)`, to be measured beside; docs/performance.md. `UFLOW_PYTHON` names the interpreter. */
  reference?: string;
  signal?: AbortSignal;
  /** Told what is being measured. */
  onProgress?: (doing: string) => void;
}

const schema = z.strictObject({
  model: z.string().min(1).optional(),
  images: z.string().min(1).optional(),
  imageSize: z.int().min(64).max(1024).optional(),
  device: inspectorSchema.shape.device,
  lanes: z.int().min(1).max(256).optional(),
  threads: z.int().min(1).max(1024).optional(),
  batchSize: z.int().min(1).max(1024).optional(),
  maps: streamSchema.shape.maps,
  seconds: z.number().min(0.1).max(3600).default(5),
  frames: z.int().min(0).max(1e9).default(0),
  reference: z.string().min(1).optional(),
  ...buildShape,
  onProgress: z.custom<SpeedOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedSpeedOptions = z.infer<typeof schema>;

/** @throws UflowError ERR_UFLOW_BAD_OPTION. */
export function checkSpeedOptions(options: SpeedOptions): CheckedSpeedOptions {
  return parseOptions("bench", schema, options);
}
