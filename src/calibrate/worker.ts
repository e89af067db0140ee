/** The thread of `recalibrate()`: the networks over all good images, then the calibration. */
import { createHash } from "node:crypto";
import { calibrate } from "../a-contrario/calibrate.js";
import type { Calibration } from "../a-contrario/calibration.js";
import type { View } from "../areas/sight.js";
import { learnedAmong } from "../bundle/learned-from.js";
import type { Model } from "../bundle/model.js";
import { UflowError } from "../error.js";
import { decodeImage } from "../image/decode.js";
import { sightOf } from "../inspect/model-sight.js";
import { Network } from "../inspect/network.js";
import { withWeightsFolder } from "../inspect/weights-folder.js";
import type { Energy, RawImage } from "../kernels/index.js";
import type { RunGate } from "../onnx/run-gate.js";
import { workInThread } from "../onnx/thread-work.js";
import { aborted, type CheckedRecalibrateOptions } from "./options.js";

export interface CalibrateTask
  extends Pick<CheckedRecalibrateOptions, "tail" | "tests" | "device" | "threads"> {
  model: Model;
  images: readonly string[];
}

export type CalibrateProgress = { done: number; total: number };

async function work(
  { model, images, device, threads, gate, tail, tests }: CalibrateTask & { gate: RunGate },
  signal: AbortSignal,
  report: (progress: CalibrateProgress) => void,
): Promise<Calibration> {
  const { mapSize } = model.manifest;
  const stop = () => {
    if (signal.aborted) throw aborted();
  };
  await expectUnseen(images, model, stop);
  const sight = await sightOf(model);
  const network = await Network.open(await withWeightsFolder(model), { device, threads, gate });
  const seen = new Map<string, string>();
  const energies: Energy[][] = [];
  const views: View[] = [];
  try {
    for (const path of images) {
      stop();
      const frame = await decodeImage(path);
      expectNew(path, frame, seen);
      const view = sight.view(frame, `"${path}"`);
      views.push(view);
      const picture = view.picture(frame);
      const tiles: Energy[][] = [];
      for (let i = 0; i < view.tiles; i++) {
        const [maps] = await network.run([view.tile(picture, i)]);
        tiles.push(maps!.energies);
      }
      energies.push(view.join(tiles));
      report({ done: energies.length, total: images.length });
    }
  } finally {
    await network.close();
  }
  return calibrate(energies, { mapSize, ...(tail && { tail }), ...(tests && { tests }) }, views);
}

/** What was learned from looks better than parts to come. @throws UflowError ERR_UFLOW_BAD_DATASET. */
async function expectUnseen(images: readonly string[], { manifest }: Model, stop: () => void): Promise<void> {
  const learned = await learnedAmong(images, manifest, stop);
  if (learned.length === 0) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `The model learned from ${learned.length} of the ${images.length} images, as from "${learned[0]}", and they say nothing about parts to come: give images of good parts that it has not seen`,
  );
}

/** Each image is to count once: copies would promise what nobody has seen. @throws UflowError ERR_UFLOW_BAD_DATASET. */
function expectNew(path: string, { data }: RawImage, seen: Map<string, string>): void {
  const sum = createHash("sha256").update(data).digest("hex");
  const earlier = seen.get(sum);
  if (earlier === undefined) {
    seen.set(sum, path);
    return;
  }
  throw new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `"${path}" and "${earlier}" are the same picture, and copies say nothing about other parts: remove one of them`,
  );
}

workInThread(work);
