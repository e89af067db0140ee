import { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import { aborted, type Examined } from "./examine.js";
import type { PixelMetrics, PixelMetricsMessage } from "./pixel-metrics-worker.js";

export type { PixelMetrics } from "./pixel-metrics-worker.js";

/**
 * Pixel AUROC and AUPRO, computed in a thread of its own: they sort all pixels of all images, which takes seconds.
 * Images without a mask do not take part. The anomaly maps are handed over and are empty afterwards.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR, ERR_UFLOW_MEMORY, ERR_UFLOW_LANE, ERR_UFLOW_ABORTED.
 */
export function pixelMetrics(
  examined: readonly Pick<Examined, "anomalyMap" | "truth">[],
  signal: AbortSignal | undefined,
): Promise<PixelMetrics> {
  const known = examined.filter(({ truth }) => truth !== null);
  const scores = known.map(({ anomalyMap }) => anomalyMap);
  const masks = known.map(({ truth }) => truth);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const worker = new Worker(new URL("./pixel-metrics-worker.js", import.meta.url), {
      workerData: { scores, masks },
      transferList: scores.map(({ data }) => data.buffer as ArrayBuffer),
    });
    let finished = false;
    // The first outcome counts; ending the thread brings another.
    const finish = (settle: () => void) => {
      if (finished) return;
      finished = true;
      signal?.removeEventListener("abort", onAbort);
      worker.terminate().then(settle, settle);
    };
    const onAbort = () => finish(() => reject(aborted()));
    const fail = (reason: string) => finish(() => reject(new UflowError("ERR_UFLOW_LANE", reason)));
    signal?.addEventListener("abort", onAbort, { once: true });
    worker.on("message", (message: PixelMetricsMessage) => {
      if ("metrics" in message) finish(() => resolve(message.metrics));
      else finish(() => reject(new UflowError(message.error.code, message.error.message)));
    });
    worker.on("error", (error) => fail(`The thread of the pixel metrics failed: ${messageOf(error)}`));
    worker.on("exit", (code) => fail(`The thread of the pixel metrics ended with code ${code}`));
  });
}
