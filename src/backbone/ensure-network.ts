import { runInThread } from "../onnx/thread-work.js";
import type { BuildTask } from "./build-worker.js";
import { type BuildOptions, buildingAborted } from "./building.js";
import type { NetworkProgress } from "./network-progress.js";
import { type BackboneSource, isNetworkMissing } from "./stored.js";

/**
 * Sees to it that the network of a backbone that keeps its weights in a file (`mcait`) is in the store: where it is not, it is
 * built in a thread of its own (half a minute and more). Nothing is done for other backbones.
 * @throws UflowError as `Backbone.network()`; ERR_UFLOW_ABORTED, and then nothing is left.
 */
export async function ensureNetwork(
  source: BackboneSource,
  inputSize: number,
  { signal, onNetwork }: BuildOptions,
): Promise<void> {
  if (!(await isNetworkMissing(source, inputSize))) return;
  const task: BuildTask = { source, inputSize };
  await runInThread<NetworkProgress, void>(new URL("./build-worker.js", import.meta.url), task, "network", {
    signal,
    onProgress: onNetwork,
    aborted: buildingAborted,
  });
}
