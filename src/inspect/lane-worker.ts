/** A lane's thread: the networks are synchronous inside, so they run here and never on the caller's thread. */
import { parentPort, workerData } from "node:worker_threads";
import type { Model } from "../bundle/model.js";
import { type PlainError, toPlainError } from "../error.js";
import { RunGate } from "../onnx/run-gate.js";
import type { ImageSource, Inspection } from "./inspection.js";
import type { CheckedInspectorOptions } from "./options.js";
import { Pipeline } from "./pipeline.js";

export interface LaneTask {
  model: Model;
  options: CheckedInspectorOptions;
}

export type LaneRequest = { kind: "inspect"; id: number; source: ImageSource } | { kind: "close" };

export type LaneReply =
  | { kind: "open"; device: "cpu" | "cuda" }
  | { kind: "failed"; error: PlainError }
  | { kind: "result"; id: number; inspection: Inspection }
  | { kind: "error"; id: number; error: PlainError };

const port = parentPort!;
const send = (reply: LaneReply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer);

/** Maps are handed over, not copied; results of kernels own their memory. */
function buffersOf({ anomalyMap, logNfaMap, mask }: Inspection): ArrayBuffer[] {
  return [anomalyMap, logNfaMap, mask].map(({ data }) => data.buffer as ArrayBuffer);
}

async function handle(pipeline: Pipeline, request: LaneRequest): Promise<void> {
  if (request.kind === "close") {
    await pipeline.close();
    port.close();
    return;
  }
  const { id, source } = request;
  try {
    const inspection = await pipeline.inspect(source);
    send({ kind: "result", id, inspection }, buffersOf(inspection));
  } catch (error) {
    send({ kind: "error", id, error: toPlainError(error, "ERR_UFLOW_LANE") });
  }
}

async function serve({ model, options }: LaneTask): Promise<void> {
  const pipeline = await Pipeline.open(model, { ...options, gate: RunGate.ofThread() });
  send({ kind: "open", device: pipeline.device });
  let last: Promise<void> = Promise.resolve();
  port.on("message", (request: LaneRequest) => {
    last = last.then(() => handle(pipeline, request));
  });
}

serve(workerData as LaneTask).catch((error) => {
  send({ kind: "failed", error: toPlainError(error, "ERR_UFLOW_LANE") });
});
