import { z } from "zod";
import type { OperatingPoint } from "../a-contrario/index.js";
import type { Device } from "../onnx/session.js";
import { parseOptions } from "../options.js";

/** Options of `Inspector.open()`. */
export interface InspectorOptions extends Partial<OperatingPoint> {
  /** Where the networks run: `auto` (default) takes CUDA where it works, else the CPU. */
  device?: Device;
  /** Expected false alarms per image, > 0. Default 1. */
  epsilon?: number;
  /**
   * What is tested: `tree` (default) regions of high energy, `block` windows by how many values in them are large, which
   * takes neither `tail` nor `tests`. docs/maths.md.
   */
  nfa?: "tree" | "block";
  /** Default `exact`. `chernoff` is the Python reference's formula. */
  tail?: "exact" | "chernoff";
  /** Default `per-scale`. `all` is the Python reference's single number of tests, which misses small regions. */
  tests?: "per-scale" | "all";
  /** Side of the maps, pixels, 32 … 4096; regions are as fine as it. Default: the model's map size. */
  mapSize?: number;
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
  epsilon: z.number().positive().default(1),
  nfa: z.enum(["tree", "block"]).default("tree"),
  tail: z.enum(["exact", "chernoff"]).default("exact"),
  tests: z.enum(["per-scale", "all"]).default("per-scale"),
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
