/** The thread that ranks all pixels. It is given maps and masks, answers once and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { type PlainError, toPlainError } from "../error.js";
import type { Mask } from "../image/mask.js";
import type { Map2d } from "../kernels/types.js";
import { rankedAupro } from "./metrics/aupro.js";
import { rankedPixelAuroc } from "./metrics/auroc.js";
import { rankPixels } from "./metrics/pixel-ranking.js";

export interface PixelMetrics {
  pixelAuroc: number | null;
  aupro: number | null;
}

export type PixelMetricsMessage = { metrics: PixelMetrics } | { error: PlainError };

function compute({ scores, masks }: { scores: Map2d[]; masks: Mask[] }): PixelMetrics {
  const ranking = rankPixels(scores, masks);
  return { pixelAuroc: rankedPixelAuroc(ranking), aupro: rankedAupro(ranking) };
}

function answer(): PixelMetricsMessage {
  try {
    return { metrics: compute(workerData) };
  } catch (error) {
    // Anything but a UflowError is an allocation that failed: nothing else here can.
    return { error: toPlainError(error, "ERR_UFLOW_MEMORY") };
  }
}

parentPort!.postMessage(answer());
