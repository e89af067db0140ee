import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { encodeIgnoreMask, readIgnored } from "../areas/ignore.js";
import { ensureNetwork } from "../backbone/ensure-network.js";
import { type Backbone, backboneNames, featureScales, isBackboneName } from "../backbone/index.js";
import { allBackboneNames, backboneFrom, findBackbone, openBackboneStore } from "../backbone/stored.js";
import { describeModel } from "../bundle/describe.js";
import type { Manifest, TrainingSummary } from "../bundle/manifest.js";
import { writeModel } from "../bundle/write.js";
import { UflowError } from "../error.js";
import { latentScales } from "../flow/architecture.js";
import { isFile } from "../image/datasets/folder.js";
import { readDataset } from "../image/datasets/index.js";
import { findLeftover } from "../image/datasets/leftover.js";
import { runInThread } from "../onnx/thread-work.js";
import { checkWritable } from "../output/atomic-file.js";
import { removeForgotten } from "../output/temporary-name.js";
import { checkpointPath } from "./checkpoint.js";
import {
  checkTrainOptions,
  fewestImages,
  type TrainOptions,
  type TrainProgress,
  tilingOf,
  withPreset,
} from "./options.js";
import { presetOf } from "./presets.js";
import { aborted } from "./stop.js";
import { tensorboardProgress } from "./tensorboard.js";
import type { Trained, TrainTask } from "./worker.js";

export type { TrainOptions, TrainProgress } from "./options.js";

/**
 * Learns a model from good images and writes it as a `.uflow` file. The work is done in a worker thread. The file
 * appears under its name only when it is complete; a checkpoint beside it keeps what was learned until then. What a killed
 * process left unfinished in that folder is removed, on Linux at once.
 *
 * @returns the manifest of the file written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_WEIGHTS (the backbone's are not in the store, or damaged),
 * ERR_UFLOW_BAD_DATASET (no, too few or unreadable images), ERR_UFLOW_BAD_IMAGE (the mask of `ignore`),
 * ERR_UFLOW_BAD_CHECKPOINT (`resume`), ERR_UFLOW_MEMORY,
 * ERR_UFLOW_DIVERGED, ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED.
 */
export async function train(options: TrainOptions): Promise<Manifest & { training: TrainingSummary }> {
  const store = openBackboneStore();
  const names = isBackboneName(options?.backbone ?? "mobile") ? backboneNames : await allBackboneNames(store);
  const { signal, onNetwork, onProgress, data, layout, output, tensorboard, ignore, ...checked } =
    checkTrainOptions(options, names);
  const source = await findBackbone(checked.backbone, store);
  const backbone = backboneFrom(source);
  const inputSize = checked.inputSize ?? backbone.defaultInputSize;
  const { backbone: name, ...wanted } = checked;
  const task = { ...withPreset(wanted, presetOf(name)), source, inputSize };
  checkFlow(backbone, task);
  const { train: images, layout: foundLayout } = await readDataset(data, { layout });
  if (images.length < fewestImages) {
    throw new UflowError(
      "ERR_UFLOW_BAD_DATASET",
      `${data} holds ${images.length === 1 ? "1 good image" : "no good images"} to learn from; at least ${fewestImages} are needed, and 50 or more are better`,
    );
  }
  const ignored = ignore && (await readIgnored(ignore));
  await checkWritable(output);
  await removeForgotten(dirname(output));
  const checkpoint = checkpointPath(output);
  await ensureNetwork(source, inputSize, { signal, onNetwork });
  using events = tensorboard === undefined ? undefined : await tensorboardProgress(tensorboard, onProgress);
  const watched = events?.onProgress ?? onProgress;
  const file = new URL("./worker.js", import.meta.url);
  const notices = foundLayout === "images" ? await noticesOfImagesBelow(data, images) : [];
  const given: TrainTask = { ...task, ignored, images, notices, checkpoint };
  const trained = await runInThread<TrainProgress, Trained>(file, given, "training", {
    signal,
    onProgress: watched,
    aborted,
  });
  if (signal?.aborted) throw aborted();
  const { architecture, training, weights, calibration, ...model } = trained;
  const described = describeModel(backbone, model.backbone, task.inputSize, architecture, weights);
  const tiling = tilingOf(task);
  const manifest = {
    ...described,
    ...(task.region && { region: task.region }),
    ...(tiling && { tiling }),
    ...(ignored && { ignore: { polygons: [...ignored.polygons], mask: ignored.mask !== undefined } }),
    training,
    ...(calibration && { calibration }),
  };
  const ignoreMask = ignored?.mask && (await encodeIgnoreMask(ignored.mask));
  const written = await writeModel(output, { manifest, ...model, ignoreMask }).catch(async (error) => {
    throw await withWayOn(error, checkpoint);
  });
  // It has served; where it cannot be removed, the next training replaces it.
  await rm(checkpoint, { force: true }).catch(() => undefined);
  return { ...written, training };
}

/** The error of a model that cannot be written, with what to do once it can: what was learned is not lost. */
async function withWayOn(error: unknown, checkpoint: string): Promise<unknown> {
  if (!(error instanceof UflowError) || !(await isFile(checkpoint))) return error;
  return new UflowError(
    error.code,
    `${error.message}. What was learned is in "${checkpoint}": train again with resume (--resume) to write the model`,
    { cause: error },
  );
}

/** Of a folder of images only those that lie in it are learned from: folders below it may be of another product, or defective. */
async function noticesOfImagesBelow(data: string, images: readonly string[]): Promise<string[]> {
  const { images: below } = await findLeftover(data, new Set(images.map((path) => resolve(path))));
  if (below.length === 0) return [];
  const one = below.length === 1;
  return [
    `${below.length} ${one ? "image in a folder" : "images in folders"} below "${data}" ${one ? "is" : "are"} not learned from, as "${below[0]}": move what is good to the others`,
  ];
}

/** That a flow can be built on the backbone's features, before the long work. @throws UflowError ERR_UFLOW_BAD_OPTION. */
function checkFlow(
  backbone: Backbone,
  { inputSize, flowSteps }: Pick<TrainTask, "inputSize" | "flowSteps">,
): void {
  const scales = featureScales(backbone, inputSize);
  latentScales({ scales, flowSteps, normalization: backbone.normalization });
}
