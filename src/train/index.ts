import { backboneOf, featureScales } from "../backbone/index.js";
import type { Manifest } from "../bundle/manifest.js";
import { sha256 } from "../bundle/model.js";
import { writeModel } from "../bundle/write.js";
import { messageOf, UflowError, type UflowErrorCode } from "../error.js";
import { latentScales } from "../flow/architecture.js";
import { readDataset } from "../image/datasets.js";
import { startGatedThread } from "../onnx/run-gate.js";
import { checkWritable } from "../output/atomic-file.js";
import { engineVersion } from "../version.js";
import { checkTrainOptions, type TrainOptions, type TrainProgress } from "./options.js";
import { aborted } from "./stop.js";
import type { Trained, TrainMessage, TrainTask } from "./worker.js";

export type { TrainOptions, TrainProgress } from "./options.js";

/** Fewer good images than this teach nothing about how good parts vary. */
const fewestImages = 2;

/**
 * Learns a model from good images and writes it as a `.uflow` file. The work is done in a worker thread. The file
 * appears under its name only when it is complete.
 *
 * @returns the manifest of the file written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_DATASET (no, too few or unreadable images), ERR_UFLOW_MEMORY,
 * ERR_UFLOW_DIVERGED, ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED.
 */
export async function train(options: TrainOptions): Promise<Manifest> {
  const { signal, onProgress, data, output, ...task } = checkTrainOptions(options);
  const backbone = backboneOf(task.backbone);
  featureScales(backbone, task.inputSize);
  const { train: images } = await readDataset(data);
  if (images.length < fewestImages) {
    throw new UflowError(
      "ERR_UFLOW_BAD_DATASET",
      `${data} holds ${images.length} good image; at least ${fewestImages} are needed, and 50 or more are better`,
    );
  }
  await checkWritable(output);
  const trained = await runWorker({ ...task, images }, signal, onProgress);
  if (signal?.aborted) throw aborted();
  return await writeModel(output, {
    manifest: describe(task, trained),
    backbone: trained.backbone,
    flow: trained.flow,
  });
}

function describe(task: Omit<TrainTask, "images">, { architecture, backbone, training }: Trained) {
  const { scales, flowSteps, normalization } = architecture;
  const { preprocessing, strides } = backboneOf(task.backbone);
  return {
    format: "uflow" as const,
    formatVersion: 1 as const,
    engine: engineVersion,
    backbone: { name: task.backbone, sha256: sha256(backbone) },
    inputSize: task.inputSize,
    mapSize: task.inputSize,
    scales: [...scales],
    strides: [...strides],
    latents: latentScales(architecture),
    flowSteps,
    normalization,
    preprocessing,
    training,
    metrics: {},
  };
}

/**
 * Runs the worker to its end. The first outcome counts, and is told when the thread has ended. A thread that is to stop
 * is asked to: were it terminated while ONNX Runtime works in it, the whole process would abort.
 */
function runWorker(
  task: TrainTask,
  signal: AbortSignal | undefined,
  onProgress: TrainOptions["onProgress"],
): Promise<Trained> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const worker = startGatedThread(new URL("./worker.js", import.meta.url), task);
    let settle: (() => void) | undefined;
    const finish = (outcome: () => void) => {
      settle ??= outcome;
    };
    const failed = (code: UflowErrorCode, message: string) =>
      finish(() => reject(new UflowError(code, message)));
    const cancel = (reason: unknown) => {
      finish(() => reject(reason));
      worker.postMessage("stop");
    };
    const onAbort = () => cancel(aborted());
    signal?.addEventListener("abort", onAbort, { once: true });
    worker.on("message", (message: TrainMessage) => {
      // What was under way when the training was cancelled is of no interest any more.
      if (settle) return;
      if (message.kind === "progress") report(message.progress, onProgress, cancel);
      else if (message.kind === "done") finish(() => resolve(message.trained));
      else failed(message.error.code, message.error.message);
    });
    worker.on("error", (error) =>
      failed("ERR_UFLOW_LANE", `The training's thread failed: ${messageOf(error)}`),
    );
    worker.on("exit", (code) => {
      signal?.removeEventListener("abort", onAbort);
      failed("ERR_UFLOW_LANE", `The training's thread ended with code ${code}`);
      settle!();
    });
  });
}

/** What the caller's callback throws ends the training. */
function report(
  progress: TrainProgress,
  onProgress: TrainOptions["onProgress"],
  onError: (error: unknown) => void,
): void {
  try {
    onProgress?.(progress);
  } catch (error) {
    onError(error);
  }
}
