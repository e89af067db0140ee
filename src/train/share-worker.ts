/** A thread that computes the gradient of its share of each batch. What it is given it gives back, to be used again. */
import { parentPort, workerData } from "node:worker_threads";
import { RunGate } from "../onnx/run-gate.js";
import { answerCalls } from "../thread.js";
import { ShareGradient } from "./share-gradient.js";
import type { ShareCalls, ShareTask } from "./share-thread.js";

// A GPU is not divided.
const { architecture, layout, threads, featureNoise } = workerData as ShareTask;
const gate = RunGate.ofThread();
const gradient = new ShareGradient(architecture, layout, { threads, gate, onCpu: true, featureNoise });

answerCalls<ShareCalls>(
  parentPort!,
  {
    gradient: async (share, values) => ({
      ...(await gradient.of(share, values)),
      features: share.features,
      values,
    }),
  },
  { close: () => gradient.close(), moves: true },
);
