import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import type { LineMessage, LineTask } from "./line-worker.js";
import { checkLineOptions, type LineOptions } from "./options.js";
import { production } from "./production.js";
import { defectKinds, type ProductName } from "./products/index.js";

/** What `writeLine()` wrote. */
export interface Line {
  product: ProductName;
  /** The folder of the product, in MVTec-AD layout. */
  folder: string;
  /** Pictures to learn from, good pictures to test with, and defective ones. */
  images: { train: number; good: number; defective: number };
  /** The kinds of the defective ones. */
  defects: readonly string[];
}

/** Starting a thread costs about as much as drawing so many pictures. */
const fewestPerThread = 12;
const mostThreads = 4;

/**
 * Writes pictures of one product in MVTec-AD layout into `folder`: `train/good`, `test/good`, `test/<defect>` and
 * `ground_truth/<defect>/<name>_mask.png` (0 or 255). No part appears twice. The same options write the same files.
 * The work is done in worker threads.
 * @throws UflowError ERR_UFLOW_BAD_OPTION; ERR_UFLOW_OUTPUT where `folder` holds files already (they would be
 * counted among the parts) or cannot be written; ERR_UFLOW_ABORTED
 */
export async function writeLine(
  folder: string,
  product: ProductName,
  options: LineOptions = {},
): Promise<Line> {
  const checked = checkLineOptions(product, options);
  const { side, seed, train, good, perDefect, signal, onProgress } = checked;
  await refuseFilled(folder);
  const orders = production(folder, checked);
  const threads = Math.min(availableParallelism(), mostThreads, Math.ceil(orders.length / fewestPerThread));
  const shares = Array.from({ length: threads }, (_, i) =>
    orders.filter(({ index }) => index % threads === i),
  );
  const tasks = shares.map((share) => ({ product, side, seed, orders: share }));
  let done = 0;
  await runAll(tasks, signal, () => onProgress?.(++done, orders.length));
  if (signal?.aborted)
    throw new UflowError("ERR_UFLOW_ABORTED", `Stopped; "${folder}" is not complete, remove it`);
  const kinds = perDefect > 0 ? defectKinds[product] : [];
  return { product, folder, images: { train, good, defective: kinds.length * perDefect }, defects: kinds };
}

/** Runs the tasks side by side. When one fails the others are stopped; nothing is being written any more on return. */
async function runAll(tasks: LineTask[], signal: AbortSignal | undefined, onPart: () => void): Promise<void> {
  if (signal?.aborted) return;
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal?.addEventListener("abort", onAbort);
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    failures.push(error);
    stop.abort();
  };
  const count = () => {
    try {
      onPart();
    } catch (error) {
      fail(error);
    }
  };
  await Promise.all(tasks.map((task) => run(task, stop.signal, count).catch(fail)));
  signal?.removeEventListener("abort", onAbort);
  if (failures.length > 0) throw failures[0];
}

/** Runs one task in a thread of its own, to its end or until it has stopped. */
function run(task: LineTask, stop: AbortSignal, onPart: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./line-worker.js", import.meta.url), { workerData: task });
    const onStop = () => worker.postMessage("stop");
    stop.addEventListener("abort", onStop);
    let failure: UflowError | undefined;
    worker.on("message", (message: LineMessage) => {
      if (message.kind === "part") return onPart();
      failure = new UflowError(message.error.code, message.error.message);
    });
    worker.once("error", (cause) => {
      failure = new UflowError("ERR_UFLOW_LANE", `The drawing thread failed: ${messageOf(cause)}`, { cause });
    });
    // Where one picture cannot be written, others may still be.
    worker.once("exit", () => {
      stop.removeEventListener("abort", onStop);
      if (failure) reject(failure);
      else resolve();
    });
  });
}

/** Files that are there already would be counted among the parts. */
async function refuseFilled(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new UflowError("ERR_UFLOW_OUTPUT", `Cannot write into "${folder}": ${error.message}`, {
      cause: error,
    });
  });
  if (entries.length === 0) return;
  const wanted = "a new or an empty folder is needed, or its files would be mixed with the generated ones";
  throw new UflowError(
    "ERR_UFLOW_OUTPUT",
    `"${folder}" is not empty: ${wanted}. Choose another or remove it`,
  );
}
