/** The thread of `BareLane`: runs the network again and again, and nothing else. */
import { parentPort, workerData } from "node:worker_threads";
import type { Model } from "../bundle/model.js";
import { type PlainError, toPlainError } from "../error.js";
import type { TriedDevice } from "../onnx/device.js";
import { RunGate } from "../onnx/run-gate.js";
import { Random } from "../random.js";
import { Network, type NetworkOptions } from "./network.js";
import { withWeightsFolder } from "./weights-folder.js";

export interface BareTask {
  model: Model;
  /** Images in a run. */
  batchSize: number;
  options: Omit<NetworkOptions, "gate">;
}

/** Runs for so long, and at least so often. */
export interface BareRequest {
  milliseconds: number;
  runs: number;
}

export type BareReply =
  | { kind: "open"; tried: readonly TriedDevice[] }
  /** Milliseconds of each run. */
  | { kind: "ran"; durations: Float64Array }
  | { kind: "failed"; error: PlainError };

const port = parentPort!;
const send = (reply: BareReply) => port.postMessage(reply);
const fail = (error: unknown) => send({ kind: "failed", error: toPlainError(error, "ERR_UFLOW_LANE") });

async function serve({ model, batchSize, options }: BareTask): Promise<void> {
  const network = await Network.open(await withWeightsFolder(model), {
    ...options,
    gate: RunGate.ofThread(),
  });
  const random = new Random(1);
  const length = 3 * model.manifest.inputSize ** 2;
  const images = Array.from({ length: batchSize }, () =>
    Float32Array.from({ length }, () => random.normal()),
  );
  await network.run(images);
  port.on("message", (request: BareRequest | "close") => {
    const work =
      request === "close" ? network.close().then(() => port.close()) : run(network, images, request);
    work.catch(fail);
  });
  send({ kind: "open", tried: network.tried });
}

async function run(network: Network, images: Float32Array[], wanted: BareRequest): Promise<void> {
  const durations: number[] = [];
  const start = performance.now();
  let last = start;
  while (durations.length < wanted.runs || last - start < wanted.milliseconds) {
    await network.run(images);
    const now = performance.now();
    durations.push(now - last);
    last = now;
  }
  send({ kind: "ran", durations: Float64Array.from(durations) });
}

serve(workerData as BareTask).catch(fail);
