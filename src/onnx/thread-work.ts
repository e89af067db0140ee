/** One piece of long work in a thread of its own, behind a gate: it is given a task, tells how far it is, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, type PlainError, toPlainError, UflowError, type UflowErrorCode } from "../error.js";
import { RunGate, startGatedThread } from "./run-gate.js";

type Message<Progress, Result> =
  | { kind: "progress"; progress: Progress }
  | { kind: "done"; result: Result }
  | { kind: "error"; error: PlainError };

/**
 * The owner's side. The first outcome counts, and is told when the thread has ended. A thread that is to stop is asked to:
 * were it terminated while ONNX Runtime works in it, the whole process would abort. It is asked by the signal, and then
 * says itself how it ended; or because `onProgress` has thrown, which is told.
 * @param file the thread's module, which calls `workInThread`
 * @param name for messages: "The <name>'s thread …"
 * @throws UflowError what the work throws, `aborted()` when the signal said so before, ERR_UFLOW_LANE when the thread dies.
 */
export function runInThread<Progress, Result>(
  file: URL,
  task: object,
  name: string,
  { signal, onProgress, aborted }: ThreadOptions<Progress>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const worker = startGatedThread(file, task);
    let settle: (() => void) | undefined;
    let stopping = false;
    const finish = (outcome: () => void) => {
      settle ??= outcome;
    };
    const failed = (code: UflowErrorCode, message: string) =>
      finish(() => reject(new UflowError(code, message)));
    const stop = () => {
      stopping = true;
      worker.postMessage("stop");
    };
    const cancel = (reason: unknown) => {
      finish(() => reject(reason));
      stop();
    };
    signal?.addEventListener("abort", stop, { once: true });
    worker.on("message", (message: Message<Progress, Result>) => {
      if (message.kind === "error") failed(message.error.code, message.error.message);
      else if (message.kind === "done") finish(() => resolve(message.result));
      // What was under way when it was stopped is of no interest any more.
      else if (!stopping) attempt(() => onProgress?.(message.progress), cancel);
    });
    worker.on("error", (error) =>
      failed("ERR_UFLOW_LANE", `The ${name}'s thread failed: ${messageOf(error)}`),
    );
    worker.on("exit", (code) => {
      signal?.removeEventListener("abort", stop);
      failed("ERR_UFLOW_LANE", `The ${name}'s thread ended with code ${code}`);
      settle!();
    });
  });
}

export interface ThreadOptions<Progress> {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** The error of work that was cancelled before it began. */
  aborted: () => UflowError;
}

function attempt(work: () => void, onError: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    onError(error);
  }
}

/** The thread's side: does the work once, stopping where it looks at its signal. */
export function workInThread<Task, Progress, Result>(
  work: (
    task: Task & { gate: RunGate },
    signal: AbortSignal,
    report: (progress: Progress) => void,
  ) => Promise<Result>,
): void {
  const send = (message: Message<Progress, Result>) => parentPort!.postMessage(message);
  const stop = new AbortController();
  // Whatever is sent to this thread means that it is to stop.
  parentPort!.once("message", () => stop.abort());
  work({ ...(workerData as Task), gate: RunGate.ofThread() }, stop.signal, (progress) =>
    send({ kind: "progress", progress }),
  )
    .then(
      (result) => send({ kind: "done", result }),
      (error) => send({ kind: "error", error: toPlainError(error, "ERR_UFLOW_NETWORK") }),
    )
    .finally(() => parentPort!.close());
}
