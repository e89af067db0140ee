/**
 * The training's worker thread: ONNX Runtime is synchronous inside, so all of the work is done here and the
 * caller's event loop stays free. It writes no files; what it has learned is sent back whole, at the end.
 */
import { parentPort, workerData } from "node:worker_threads";
import { featureScales } from "../backbone/index.js";
import { type BackboneSource, backboneFrom, networkFrom, weightsRecord } from "../backbone/stored.js";
import type { BackboneWeights, TrainingSummary } from "../bundle/manifest.js";
import { type PlainError, toPlainError } from "../error.js";
import type { FlowArchitecture } from "../flow/architecture.js";
import { energyNetwork } from "../flow/energy-network.js";
import { type FlowParameters, initialParameters } from "../flow/parameters.js";
import { RunGate } from "../onnx/run-gate.js";
import type { FeatureCache } from "./feature-cache.js";
import { computeFeatures } from "./features.js";
import type { CheckedTrainOptions, TrainProgress } from "./options.js";
import { batchesOf, learningRateAt } from "./schedule.js";
import { throwIfStopped } from "./stop.js";
import { Trainer } from "./trainer.js";

/** What the worker is given. */
export type TrainTask = Omit<
  CheckedTrainOptions,
  "signal" | "onProgress" | "data" | "layout" | "output" | "backbone" | "inputSize"
> & {
  source: BackboneSource;
  inputSize: number;
  images: readonly string[];
};

/** What the worker has made. */
export interface Trained {
  backbone: Uint8Array;
  /** Where those of the backbone stand, when not in it. */
  weights: BackboneWeights | undefined;
  flow: Uint8Array;
  parameters: FlowParameters;
  architecture: FlowArchitecture;
  training: TrainingSummary;
}

export type TrainMessage =
  | { kind: "progress"; progress: TrainProgress }
  | { kind: "done"; trained: Trained }
  | { kind: "error"; error: PlainError };

async function learn(
  task: TrainTask & { gate: RunGate },
  signal: AbortSignal,
  report: (progress: TrainProgress) => void,
): Promise<Trained> {
  const backbone = backboneFrom(task.source);
  const scales = featureScales(backbone, task.inputSize);
  const normalization = task.normalization ?? backbone.normalization;
  const architecture = { scales, flowSteps: task.flowSteps, normalization };
  const built = await networkFrom(task.source, task.inputSize);
  throwIfStopped(signal);
  const { network, folder: weightsFolder } = built;
  const pace = new Pace(task.images.length);
  const features = await computeFeatures({ ...task, backbone, network, weightsFolder, signal }, (done) => {
    report({ phase: "features", ...pace.at(done), epoch: 0, epochs: task.epochs, loss: null });
  });
  const trainer = new Trainer(architecture, initialParameters(architecture, task.seed), task);
  const losses = await runEpochs(task, trainer, features, signal, report).finally(() => trainer.close());
  const { epochs, batchSize, learningRate, weightDecay, seed } = task;
  const training = { images: features.images, epochs, batchSize, learningRate, weightDecay, seed, losses };
  const parameters = trainer.trained();
  const flow = energyNetwork(architecture, parameters);
  const weights = weightsRecord(task.source, built);
  return { backbone: network, weights, flow, parameters, architecture, training };
}

/** @returns the mean loss of each epoch. */
async function runEpochs(
  { epochs, batchSize, seed, learningRate }: TrainTask,
  trainer: Trainer,
  features: FeatureCache,
  signal: AbortSignal,
  report: (progress: TrainProgress) => void,
): Promise<number[]> {
  const losses: number[] = [];
  const total = epochs * Math.ceil(features.images / batchSize);
  const pace = new Pace(total);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let sum = 0;
    let seen = 0;
    for (const batch of batchesOf(features.images, batchSize, seed, epoch)) {
      throwIfStopped(signal);
      const { steps } = trainer.state;
      const loss = await trainer.step(features.batch(batch), learningRateAt(learningRate, steps, total));
      sum += loss * batch.length;
      seen += batch.length;
      report({ phase: "training", ...pace.at(steps + 1), epoch, epochs, loss: sum / seen });
    }
    losses.push(sum / seen);
  }
  return losses;
}

/** Time left, from the pace so far. */
class Pace {
  private readonly start = performance.now();

  constructor(private readonly total: number) {}

  at(done: number): Pick<TrainProgress, "done" | "total" | "secondsLeft"> {
    const elapsed = (performance.now() - this.start) / 1000;
    return { done, total: this.total, secondsLeft: (elapsed / done) * (this.total - done) };
  }
}

const send = (message: TrainMessage) => parentPort!.postMessage(message);
const stop = new AbortController();
// Whatever is sent to this thread means that it is to stop.
parentPort!.once("message", () => stop.abort());

learn({ ...(workerData as TrainTask), gate: RunGate.ofThread() }, stop.signal, (progress) =>
  send({ kind: "progress", progress }),
)
  .then(
    (trained) => send({ kind: "done", trained }),
    (error) => send({ kind: "error", error: toPlainError(error, "ERR_UFLOW_NETWORK") }),
  )
  .finally(() => parentPort!.close());
