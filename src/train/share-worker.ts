/** A thread that computes the gradient of its share of each batch. What it is given it gives back, to be used again. */
import { parentPort, workerData } from "node:worker_threads";
import { RunGate } from "../onnx/run-gate.js";
import { answerCalls } from "../thread.js";
import { ShareGradient } from "./share-gradient.js";
import type { ShareCalls, ShareTask } from "./share-thread.js";

// A GPU is not divided.
const { architecture, layout, threads } = workerData as ShareTask;
const share = new ShareGradient(architecture, layout, { threads, gate: RunGate.ofThread(), onCpu: true });

answerCalls<ShareCalls>(
  parentPort!,
  { gradient: async (features, values) => ({ ...(await share.of(features, values)), features, values }) },
  { close: () => share.close(), moves: true },
);
