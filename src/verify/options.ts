import { z } from "zod";
import { type OperatingPointOptions, operatingPointShape } from "../a-contrario/operating-point.js";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { parseOptions } from "../options.js";

/** Options of `verify()`; every one is checked, and all that are wrong are named at once. */
export interface VerifyOptions extends OperatingPointOptions, Pick<BuildOptions, "onNetwork"> {
  /** Path of the `.uflow` file. */
  model: string;
  /** Folder of images of the product. Default: generated ones, the same on every machine. */
  images?: string;
  /** How many images, 1 … 256. Default 16. */
  count?: number;
  /** Of the generated images. Default 0. */
  seed?: number;
  /** The `output` of an earlier call, on another machine or with another version, to be compared with. */
  against?: string;
  /** Folder for `certificate.json`, `certificate.html` and `reference/*.npy`; made if need be. Default: nothing is written. */
  output?: string;
  /** Stops the work; nothing is written then. */
  signal?: AbortSignal;
  /** Called after every image of every way. */
  onProgress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  /** Name of the way under work. */
  way: string;
  /** Inspections done, and what they will be in all ways together. */
  done: number;
  total: number;
}

const verifySchema = z.strictObject({
  ...operatingPointShape,
  model: z.string().min(1),
  images: z.string().min(1).optional(),
  count: z.int().min(1).max(256).default(16),
  seed: z.int().min(0).max(0xffffffff).default(0),
  against: z.string().min(1).optional(),
  output: z.string().min(1).optional(),
  ...buildShape,
  onProgress: z.custom<VerifyOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedVerifyOptions = z.infer<typeof verifySchema>;

export function checkVerifyOptions(options: VerifyOptions): CheckedVerifyOptions {
  return parseOptions("verify", verifySchema, options);
}
