import { rm } from "node:fs/promises";
import { type Backbone, backboneNames, featureScales, isBackboneName } from "../backbone/index.js";
import { allBackboneNames, backboneFrom, findBackbone, openBackboneStore } from "../backbone/stored.js";
import { describeModel } from "../bundle/describe.js";
import type { Manifest, TrainingSummary } from "../bundle/manifest.js";
import { writeModel } from "../bundle/write.js";
import { messageOf, UflowError, type UflowErrorCode } from "../error.js";
import { latentScales } from "../flow/architecture.js";
import { readDataset } from "../image/datasets/index.js";
import { startGatedThread } from "../onnx/run-gate.js";
import { checkWritable } from "../output/atomic-file.js";
import { checkpointPath } from "./checkpoint.js";
import {
  checkTrainOptions,
  fewestImages,
  type TrainOptions,
  type TrainProgress,
  withPreset,
} from "./options.js";
import { presetOf } from "./presets.js";
import { aborted } from "./stop.js";
import { tensorboardProgress } from "./tensorboard.js";
import type { Trained, TrainMessage, TrainTask } from "./worker.js";

export type { TrainOptions, TrainProgress } from "./options.js";

/**
 * Learns a model from good images and writes it as a `.uflow` file. The work is done in a worker thread. The file
 * appears under its name only when it is complete; a checkpoint beside it keeps what was learned until then.
 *
 * @returns the manifest of the file written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_WEIGHTS (the backbone's are not in the store, or damaged),
 * ERR_UFLOW_BAD_DATASET (no, too few or unreadable images), ERR_UFLOW_BAD_CHECKPOINT (`resume`), ERR_UFLOW_MEMORY,
 * ERR_UFLOW_DIVERGED, ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED.
 */
export async function train(options: TrainOptions): Promise<Manifest & { training: TrainingSummary }> {
  const store = openBackboneStore();
  const names = isBackboneName(options?.backbone ?? "mobile") ? backboneNames : await allBackboneNames(store);
  const { signal, onProgress, data, layout, output, tensorboard, ...checked } = checkTrainOptions(
    options,
    names,
  );
  const source = await findBackbone(checked.backbone, store);
  const backbone = backboneFrom(source);
  const inputSize = checked.inputSize ?? backbone.defaultInputSize;
  const { backbone: name, ...wanted } = checked;
  const task = { ...withPreset(wanted, presetOf(name)), source, inputSize };
  checkFlow(backbone, task);
  const { train: images } = await readDataset(data, { layout });
  if (images.length < fewestImages) {
    throw new UflowError(
      "ERR_UFLOW_BAD_DATASET",
      `${data} holds ${images.length} good image; at least ${fewestImages} are needed, and 50 or more are better`,
    );
  }
  await checkWritable(output);
  const checkpoint = checkpointPath(output);
  using events = tensorboard === undefined ? undefined : await tensorboardProgress(tensorboard, onProgress);
  const watched = events?.onProgress ?? onProgress;
  const trained = await runWorker({ ...task, images, checkpoint }, signal, watched);
  if (signal?.aborted) throw aborted();
  const { architecture, training, weights, calibration, ...model } = trained;
  const described = describeModel(backbone, model.backbone, task.inputSize, architecture, weights);
  const manifest = { ...described, training, ...(calibration && { calibration }) };
  const written = await writeModel(output, { manifest, ...model });
  // It has served; where it cannot be removed, the next training replaces it.
  await rm(checkpoint, { force: true }).catch(() => undefined);
  return { ...written, training };
}

/** That a flow can be built on the backbone's features, before the long work. @throws UflowError ERR_UFLOW_BAD_OPTION. */
function checkFlow(
  backbone: Backbone,
  { inputSize, flowSteps }: Pick<TrainTask, "inputSize" | "flowSteps">,
): void {
  const scales = featureScales(backbone, inputSize);
  latentScales({ scales, flowSteps, normalization: backbone.normalization });
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
    let stopping = false;
    const finish = (outcome: () => void) => {
      settle ??= outcome;
    };
    const failed = (code: UflowErrorCode, message: string) =>
      finish(() => reject(new UflowError(code, message)));
    const stop = () => {
      stopping = true;
      worker.postMessage("stop");
    };
    const cancel = (reason: unknown) => {
      finish(() => reject(reason));
      stop();
    };
    // The thread's own error says whether something was kept.
    signal?.addEventListener("abort", stop, { once: true });
    worker.on("message", (message: TrainMessage) => {
      // What was under way when the training was cancelled is of no interest any more.
      if (message.kind === "error") failed(message.error.code, message.error.message);
      else if (message.kind === "done") finish(() => resolve(message.trained));
      else if (!stopping) report(message.progress, onProgress, cancel);
    });
    worker.on("error", (error) =>
      failed("ERR_UFLOW_LANE", `The training's thread failed: ${messageOf(error)}`),
    );
    worker.on("exit", (code) => {
      signal?.removeEventListener("abort", stop);
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
