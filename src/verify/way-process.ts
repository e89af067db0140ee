/** The process of one way: the instruction set is chosen when a process starts, and one that dies takes no other along. */
import { type PlainError, toPlainError, UflowError } from "../error.js";
import type { Inspection, Inspector, InspectorOptions } from "../inspect/index.js";
import type { RawImage } from "../kernels/index.js";
import type { DeviceName } from "../onnx/device.js";
import type { Latents } from "./latents.js";
import type { InstructionSet } from "./ways.js";

export type WayRequest =
  | { kind: "open"; model: string; options: InspectorOptions }
  | { kind: "inspect"; image: RawImage }
  | { kind: "latents"; images: RawImage[] };

/** Every request has one answer. */
export type WayAnswer = Opened | Inspected | Latents[];
export type WayReply = { value: WayAnswer } | { error: PlainError };

export interface Opened {
  device: DeviceName;
  instructionSet: InstructionSet;
}

/** What is compared. */
export interface Inspected extends Pick<Inspection, "anomalous" | "logNfa" | "anomalyMap" | "mask"> {
  /** From pixels to verdict. */
  milliseconds: number;
}

let way: { inspector: Inspector; model: string; options: InspectorOptions } | undefined;

async function answer(request: WayRequest): Promise<WayAnswer> {
  if (request.kind === "open") return await open(request.model, request.options);
  if (!way) throw new UflowError("ERR_UFLOW_CLOSED", "The way is not open");
  const { inspector, model, options } = way;
  if (request.kind === "latents") {
    // Nothing is inspected after it, and large networks need not be in memory twice.
    way = undefined;
    await inspector.close();
    const { latentsOf } = await import("./latents.js");
    return await latentsOf(model, options, request.images);
  }
  const { anomalous, logNfa, anomalyMap, mask, timings } = await inspector.inspect(request.image);
  const milliseconds = timings.preprocess + timings.network + timings.segment;
  return { anomalous, logNfa, anomalyMap, mask, milliseconds };
}

/** The addon is loaded here, so that a refused instruction set is an answer. */
async function open(model: string, options: InspectorOptions): Promise<Opened> {
  const { loadAddon } = await import("../kernels/addon.js");
  const { instructionSet } = loadAddon();
  const inspect = await import("../inspect/index.js");
  const inspector = await inspect.Inspector.open(model, options);
  way = { inspector, model, options };
  return { device: inspector.device, instructionSet };
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
