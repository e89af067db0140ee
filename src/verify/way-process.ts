/** The process of one way: the instruction set is chosen when a process starts, and one that dies takes no other along. */
import { type PlainError, toPlainError, UflowError } from "../error.js";
import type { Inspection, InspectorOptions } from "../inspect/index.js";
import type { Pipeline } from "../inspect/pipeline.js";
import type { RawImage } from "../kernels/index.js";
import type { DeviceName } from "../onnx/device.js";
import type { InstructionSet } from "./ways.js";

export type WayRequest =
  | { kind: "open"; model: string; options: InspectorOptions }
  /** `latents`: they are wanted, too. */
  | { kind: "inspect"; image: RawImage; latents: boolean };

/** Every request has one answer. */
export type WayAnswer = Opened | Inspected;
export type WayReply = { value: WayAnswer } | { error: PlainError };

export interface Opened {
  device: DeviceName;
  instructionSet: InstructionSet;
}

/** What is compared. */
export interface Inspected extends Pick<Inspection, "anomalous" | "logNfa" | "anomalyMap" | "mask"> {
  /** From pixels to verdict. */
  milliseconds: number;
  /** Where they are wanted. */
  latents?: Latents;
}

/**
 * What the flow makes of one image before it is squared and summed: z [channels, height, width] of its first tile by scale,
 * finest first, then of the next tile. `wide_resnet50_2` has 25 MB of them per tile.
 */
export type Latents = readonly Float32Array[];

/** What a lane has in its thread; this process may be held up as long as a run takes. */
let pipeline: Pipeline | undefined;

async function answer(request: WayRequest): Promise<WayAnswer> {
  if (request.kind === "open") return await open(request.model, request.options);
  if (!pipeline) throw new UflowError("ERR_UFLOW_CLOSED", "The way is not open");
  const prepared = await pipeline.prepare(request.image);
  let latents: Latents | undefined;
  const onLatents = (tiles: Float32Array[][]) => {
    latents = tiles.flat();
  };
  const [inspection] = await pipeline.inspect([prepared], request.latents ? onLatents : undefined);
  if (inspection instanceof UflowError) throw inspection;
  const { anomalous, logNfa, anomalyMap, mask, timings } = inspection!;
  const milliseconds = timings.preprocess + timings.network + timings.segment;
  return { anomalous, logNfa, anomalyMap, mask, milliseconds, ...(latents && { latents }) };
}

/** The addon is loaded here, so that a refused instruction set is an answer. */
async function open(path: string, given: InspectorOptions): Promise<Opened> {
  const { loadAddon } = await import("../kernels/addon.js");
  const { instructionSet } = loadAddon();
  const { openPipeline } = await import("./open-pipeline.js");
  pipeline = await openPipeline(path, given);
  return { device: pipeline.tried.at(-1)!.device, instructionSet };
}

const send = (reply: WayReply) => process.send!(reply);

process.on("message", (request: WayRequest) => {
  answer(request).then(
    (value) => send({ value }),
    (error) => send({ error: toPlainError(error, "ERR_UFLOW_LANE") }),
  );
});
// Ctrl-C reaches all processes of a terminal; the parent decides.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
