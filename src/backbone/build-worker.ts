/** The thread of `ensureNetwork()`: scaling and hashing gigabytes would hold up the event loop. */
import { workInThread } from "../onnx/thread-work.js";
import type { NetworkProgress } from "./network-progress.js";
import { type BackboneSource, networkFrom } from "./stored.js";

export interface BuildTask {
  source: BackboneSource;
  inputSize: number;
}

workInThread<BuildTask, NetworkProgress, void>(async ({ source, inputSize }, signal, onNetwork) => {
  await networkFrom(source, inputSize, { signal, onNetwork });
});
