/** A lane's thread: the networks are synchronous inside, so they run here and never on the caller's thread. */
import { parentPort, workerData } from "node:worker_threads";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { Model } from "../bundle/model.js";
import { type PlainError, toPlainError } from "../error.js";
import { RunGate } from "../onnx/run-gate.js";
import type { ImageSource, Inspection } from "./inspection.js";
import type { CheckedInspectorOptions } from "./options.js";
import { Pipeline } from "./pipeline.js";
import { withWeightsFolder } from "./weights-folder.js";

export interface LaneTask {
  models: readonly Model[];
  /** One per model. */
  operatingPoints: readonly OperatingPoint[];
  options: CheckedInspectorOptions;
}

/** `model` is the place of a model in the task. */
export type LaneRequest =
  | { kind: "inspect"; model: number; id: number; source: ImageSource }
  | { kind: "close"; model: number };

export type LaneReply =
  | { kind: "open"; devices: ("cpu" | "cuda")[] }
  | { kind: "closed"; model: number }
  | { kind: "failed"; error: PlainError }
  | { kind: "result"; id: number; inspection: Inspection }
  | { kind: "error"; id: number; error: PlainError };

const port = parentPort!;
const send = (reply: LaneReply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer);

/** Maps are handed over, not copied; results of kernels own their memory. */
function buffersOf({ anomalyMap, logNfaMap, mask }: Inspection): ArrayBuffer[] {
  return [anomalyMap, logNfaMap, mask].map(({ data }) => data.buffer as ArrayBuffer);
}

async function handle(pipelines: Map<number, Pipeline>, request: LaneRequest): Promise<void> {
  const { model } = request;
  const pipeline = pipelines.get(model)!;
  if (request.kind === "close") {
    pipelines.delete(model);
    await pipeline.close();
    send({ kind: "closed", model });
    if (pipelines.size === 0) port.close();
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

async function serve(task: LaneTask): Promise<void> {
  const models: Model[] = [];
  for (const model of task.models) models.push(await withWeightsFolder(model));
  const options = { ...task.options, gate: RunGate.ofThread() };
  const opened = await Pipeline.openAll(models, task.operatingPoints, options);
  // The thread's data live as long as it does; ONNX Runtime has its own copy of the weights.
  task.models = [];
  send({ kind: "open", devices: opened.map(({ device }) => device) });
  const pipelines = new Map(opened.entries());
  let last: Promise<void> = Promise.resolve();
  port.on("message", (request: LaneRequest) => {
    last = last.then(() => handle(pipelines, request));
  });
}

serve(workerData as LaneTask).catch((error) => {
  send({ kind: "failed", error: toPlainError(error, "ERR_UFLOW_LANE") });
});
