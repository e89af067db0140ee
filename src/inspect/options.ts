import { z } from "zod";
import { type OperatingPointOptions, operatingPointShape } from "../a-contrario/operating-point.js";
import type { IgnoreOptions } from "../areas/ignore.js";
import { areaSchema, ignoreSchema } from "../areas/schemas.js";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import type { Area } from "../image/area.js";
import type { Device } from "../onnx/device.js";
import { deviceSchema } from "../onnx/device-schema.js";
import { parseOptions } from "../options.js";
import type { Comparison } from "./inspection.js";

/** How a model is inspected with. */
export interface InspectorOptions extends OperatingPointOptions {
  /** Where the networks run: `auto` (default) takes CUDA where it works, else the CPU; `cuda:1` is the second GPU. */
  device?: Device;
  /** Side of the maps, pixels, 32 … 4096; regions are as fine as it. Default: the model's map size. */
  mapSize?: number | undefined;
  /**
   * Worker threads, each with the networks and all that an inspection needs: images inspected at the same time. Each takes
   * the memory of one. Default 1, which with all cores for one image answers soonest. `auto` measures what gives the most
   * images per second, which takes 2 s on 2 cores and 5 s on 16 with the embedded backbone, and longer with others.
   */
  lanes?: number | "auto";
  /** CPU threads of the networks in each lane; 0 (default) divides the physical cores among the lanes. */
  threads?: number;
  /**
   * Images that one run of the network takes at most. Default 1: a CPU takes as long for each of several as for one, a GPU
   * does not. Maps of a batch are those of its images to float rounding.
   */
  batchSize?: number;
  /** Milliseconds that an image waits for others to fill its batch, 0 … 10 000. Default 0: what waits anyway goes together. */
  batchWait?: number;
  /** Images that may wait for a lane, of all stations together; one more is refused with ERR_UFLOW_BUSY. Default 1024. */
  queueSize?: number;
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
  /**
   * The only part of images that is looked at, pixels of the original image; an image must contain it. Default: that of
   * the model's training. `null`: all of the image, whatever the model's.
   */
  region?: Area | null | undefined;
  /**
   * Where nothing is ever reported, in place of what the model says of it; `null`: nowhere. Cells of the latents that it
   * touches count as perfectly normal, those of the coarsest scale too, so that little is found close to it either.
   */
  ignore?: IgnoreOptions | null | undefined;
}

export const inspectorSchema = z.strictObject({
  device: deviceSchema.default("auto"),
  ...operatingPointShape,
  mapSize: z.int().min(32).max(4096).optional(),
  lanes: z.union([z.literal("auto"), z.int().min(1).max(256)]).default(1),
  threads: z.int().min(0).max(1024).default(0),
  batchSize: z.int().min(1).max(1024).default(1),
  batchWait: z.number().min(0).max(10_000).default(0),
  queueSize: z.int().min(1).max(1_000_000).default(1024),
  precision: z.enum(["float32", "float16"]).default("float32"),
  graphOptimizationLevel: z.enum(["all", "disabled"]).default("all"),
  maxPixels: z.int().positive().default(64_000_000),
  region: areaSchema.nullable().optional(),
  ignore: ignoreSchema.nullable().optional(),
});

export type CheckedInspectorOptions = z.infer<typeof inspectorSchema>;

/**
 * Options of `Inspector.open()`. The first time on a machine, the network of `mcait` is built: `onNetwork` is told how far it is,
 * then and when a model is swapped for one with it; `signal` stops the opening.
 */
export interface OpenOptions extends InspectorOptions, BuildOptions {}

const openSchema = inspectorSchema.extend(buildShape);

/** Options with the number of lanes that `auto` stands for on this machine. */
export type EngineOptions = Omit<CheckedInspectorOptions, "lanes"> & { lanes: number };

/** Of which images maps are wanted. */
export type WantedMaps = "all" | "anomalous" | "none";

/** Options of `inspect()`: of one image. */
export interface InspectOptions {
  /**
   * Of which images the verdict has its maps: `all` (default), those that are `anomalous`, or `none`. Maps are fresh memory
   * for each image, and what frees it takes time of all threads: with the embedded backbone at 256 pixels a tenth of the
   * network's. Verdict, scores and regions are the same.
   */
  maps?: WantedMaps | undefined;
  /**
   * Milliseconds from the call within which the verdict must be there, above 0. At the deadline the outcome is
   * `"undecided"`, and a verdict that comes later is never reported.
   */
  deadline?: number | undefined;
  /** Withdraws the image: the call rejects with ERR_UFLOW_ABORTED. */
  signal?: AbortSignal | undefined;
  /**
   * Who asks. Each station has a queue of its own, and the queues are served in turn, so that one with many images delays
   * none with few. Default "".
   */
  station?: string | undefined;
  /** How often the station is served beside others, 1 … 100: one with 4 gets four turns for one. Default 1. */
  priority?: number | undefined;
  /** Hands the memory of bytes or pixels over instead of copying it: the caller cannot read it any more. Default false. */
  transfer?: boolean | undefined;
}

/** Options of `stream()`. `deadline` counts from the time at which a frame is taken from the iterable. */
export interface StreamOptions extends InspectOptions {
  /** Frames under way at most: taken from the iterable before earlier outcomes are asked for. Default: what keeps all lanes busy. */
  ahead?: number | undefined;
}

/** Options of `shadow()`. */
export interface ShadowOptions {
  /** Of the images, above 0 … 1: how many the candidate is to look at. Default 1. */
  share?: number | undefined;
  /** Called with both verdicts on an image. */
  onComparison?: ((comparison: Comparison) => void) | undefined;
}

const inspectShape = {
  maps: z.enum(["all", "anomalous", "none"]).default("all"),
  deadline: z
    .number()
    .positive()
    .max(2 ** 31 - 1)
    .optional(),
  signal: z.instanceof(AbortSignal).optional(),
  station: z.string().max(256).default(""),
  priority: z.int().min(1).max(100).default(1),
  transfer: z.boolean().default(false),
};

const inspectSchema = z.strictObject(inspectShape);
export type CheckedInspectOptions = z.infer<typeof inspectSchema>;

export const streamSchema = z.strictObject({
  ...inspectShape,
  ahead: z.int().min(1).max(100_000).optional(),
});
export type CheckedStreamOptions = z.infer<typeof streamSchema>;

const shadowSchema = z.strictObject({
  share: z.number().positive().max(1).default(1),
  onComparison: z
    .custom<(comparison: Comparison) => void>((value) => typeof value === "function", "expected a function")
    .optional(),
});

export function checkShadowOptions(options: ShadowOptions): z.infer<typeof shadowSchema> {
  return parseOptions("shadow", shadowSchema, options);
}

export function checkModelPath(path: string): void {
  parseOptions("Inspector.open", z.object({ path: z.string() }), { path });
}

export function checkModelPaths(paths: readonly string[]): void {
  parseOptions("Inspector.openAll", z.object({ paths: z.array(z.string()).min(1) }), { paths });
}

export function checkInspectorOptions(options: InspectorOptions): CheckedInspectorOptions {
  return parseOptions("Inspector.open", inspectorSchema, options);
}

export function checkOpenOptions(options: OpenOptions): z.infer<typeof openSchema> {
  return parseOptions("Inspector.open", openSchema, options);
}

export function checkInspectOptions(options: InspectOptions): CheckedInspectOptions {
  return parseOptions("inspect", inspectSchema, options);
}

const framesSchema = z.object({
  frames: z.custom((value) => isIterable(value), "expected an iterable of images"),
});

/** Text and bytes are iterables, too, but of characters and numbers: whoever gives them means one image. */
function isIterable(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = value as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >;
  return typeof (async ?? sync) === "function";
}

export function checkFrames(frames: unknown): void {
  parseOptions("stream", framesSchema, { frames });
}

const outcomeSchema = z.object({
  outcome: z.looseObject({ verdict: z.enum(["good", "anomalous", "undecided"]) }),
});

export function checkOutcome(outcome: unknown): void {
  parseOptions("release", outcomeSchema, { outcome });
}

export function checkStreamOptions(options: StreamOptions): CheckedStreamOptions {
  return parseOptions("stream", streamSchema, options);
}
