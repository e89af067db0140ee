import type { Calibration } from "../a-contrario/calibration.js";
import { checkIgnorable } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import { readModel } from "../bundle/read.js";
import { rewriteModel } from "../bundle/write.js";
import { UflowError } from "../error.js";
import { findImages } from "../image/find-images.js";
import { withWeightsFolder } from "../inspect/weights-folder.js";
import { runInThread } from "../onnx/thread-work.js";
import { checkWritable } from "../output/atomic-file.js";
import { withAreas } from "./areas.js";
import { aborted, checkRecalibrateOptions, type RecalibrateOptions } from "./options.js";
import type { CalibrateProgress, CalibrateTask } from "./worker.js";

export type { RecalibrateOptions } from "./options.js";

/**
 * Calibrates a model on images of good parts that it was not trained on, in place of an earlier calibration, and writes it
 * as a new `.uflow` file: with a background that was fitted to them, and with what `falseRejects` needs. Networks and
 * flow stay as they are; region and ignored areas are replaced where the options say so. The work is done in a worker thread. docs/maths.md, "Calibration".
 *
 * @returns the manifest of the file written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_WEIGHTS (see `Inspector.open`),
 * ERR_UFLOW_BAD_IMAGE (none, or one that cannot be read: a promise is not made by less than the user gave; or the mask of `ignore`),
 * ERR_UFLOW_BAD_DATASET (less than two images, the same twice, or some that the model learned from), ERR_UFLOW_OUTPUT, ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK,
 * ERR_UFLOW_ABORTED.
 */
export async function recalibrate(
  options: RecalibrateOptions,
): Promise<Manifest & { calibration: Calibration }> {
  const checked = checkRecalibrateOptions(options);
  const { model: path, good, output, region, ignore, signal, onNetwork, onProgress, ...how } = checked;
  const read = await readModel(path);
  const changed = await withAreas(read, { region, ignore });
  if (changed.manifest.ignore) checkIgnorable(how.tail);
  const images = await findImages([good]);
  await checkWritable(output);
  const model = await withWeightsFolder(changed, { signal, onNetwork });
  const task: CalibrateTask = { ...how, model, images };
  const file = new URL("./worker.js", import.meta.url);
  const calibration = await runInThread<CalibrateProgress, Calibration>(file, task, "calibration", {
    signal,
    onProgress,
    aborted,
  });
  if (signal?.aborted) throw aborted();
  const change = (manifest: Manifest) => {
    if (JSON.stringify(manifest) === JSON.stringify(read.manifest)) return { ...model.manifest, calibration };
    throw new UflowError(
      "ERR_UFLOW_BAD_MODEL",
      `${path} has changed while it was calibrated: calibrate again`,
    );
  };
  const written = await rewriteModel(path, output, change, { ignoreMask: model.ignoreMask });
  return { ...written, calibration };
}
