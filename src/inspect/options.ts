import { z } from "zod";
import { type OperatingPointOptions, operatingPointShape } from "../a-contrario/operating-point.js";
import type { Device } from "../onnx/session.js";
import { parseOptions } from "../options.js";

/** Options of `Inspector.open()`. */
export interface InspectorOptions extends OperatingPointOptions {
  /** Where the networks run: `auto` (default) takes CUDA where it works, else the CPU. */
  device?: Device;
  /** Side of the maps, pixels, 32 … 4096; regions are as fine as it. Default: the model's map size. */
  mapSize?: number | undefined;
  /** CPU threads of the networks; 0 (default) is one per physical core. */
  threads?: number;
  /**
   * Of the networks' products with weights. Default `float32`. `float16` is for CUDA: it halves the weights and moves
   * energies by up to 2 %, which in log NFA adds up over the pixels of a region: masks may differ much. `uflow verify`
   * says by how much. On an x86 CPU it takes three times as long.
   */
  precision?: "float32" | "float16";
  /** How far ONNX Runtime rewrites the networks: `all` (default), or `disabled`, slower, as a reference to compare with. */
  graphOptimizationLevel?: "all" | "disabled";
  /** Larger images are refused before they are decoded. Default 64 million pixels. */
  maxPixels?: number;
}

export const inspectorSchema = z.strictObject({
  device: z.enum(["auto", "cpu", "cuda"]).default("auto"),
  ...operatingPointShape,
  mapSize: z.int().min(32).max(4096).optional(),
  threads: z.int().min(0).max(1024).default(0),
  precision: z.enum(["float32", "float16"]).default("float32"),
  graphOptimizationLevel: z.enum(["all", "disabled"]).default("all"),
  maxPixels: z.int().positive().default(64_000_000),
});

export type CheckedInspectorOptions = z.infer<typeof inspectorSchema>;

export function checkModelPath(path: string): void {
  parseOptions("Inspector.open", z.object({ path: z.string() }), { path });
}

export function checkModelPaths(paths: readonly string[]): void {
  parseOptions("Inspector.openAll", z.object({ paths: z.array(z.string()).min(1) }), { paths });
}

export function checkInspectorOptions(options: InspectorOptions): CheckedInspectorOptions {
  return parseOptions("Inspector.open", inspectorSchema, options);
}
