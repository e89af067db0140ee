/**
 * A process that exits ends its threads wherever they are; one that is inside of onnxruntime-node then aborts the whole
 * process. So a thread passes a gate whenever it enters ONNX Runtime, and the exiting process shuts all gates and waits
 * until nobody is inside. A thread whose owner is itself a thread is guarded when that one ends by process.exit() or by
 * an exception, but not when it is terminated from outside: of that nobody is told.
 */
import { Worker, workerData } from "node:worker_threads";
import { yieldToEventLoop } from "../niceness.js";
import "./telemetry.js";

/** What stands in the memory that a thread, its helpers and its owner share: how many are inside, and whether it is shut. */
const inside = 0;
const shut = 1;

/** Milliseconds that an exiting process waits for a thread at most. */
const patience = 10_000;

/** Started threads, seen from the owners' side. The process has one exit, so that they are stopped all at once. */
const threads = new Set<Int32Array>();

/** Starts a thread that has `RunGate.ofThread()`, from now until its end. `task` becomes a part of its `workerData`. */
export function startGatedThread(file: URL, task: object): Worker {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  // Loading ONNX Runtime must not be cut short either: the thread begins inside.
  flags[inside] = 1;
  const worker = new Worker(file, { workerData: { ...task, gate: flags } });
  const forget = () => {
    threads.delete(flags);
    if (threads.size === 0) process.off("exit", stopThreads);
  };
  // A thread that has failed can be inside no more, though its end is told a little later.
  worker.once("error", forget).once("exit", forget);
  if (threads.size === 0) process.on("exit", stopThreads);
  threads.add(flags);
  return worker;
}

function stopThreads(): void {
  for (const flags of threads) Atomics.store(flags, shut, 1);
  for (const flags of threads) {
    let left = Atomics.load(flags, inside);
    while (left > 0 && Atomics.wait(flags, inside, left, patience) !== "timed-out") {
      left = Atomics.load(flags, inside);
    }
  }
}

/** A thread's way into ONNX Runtime. */
export class RunGate {
  private constructor(private readonly flags: Int32Array) {}

  /** The gate of this thread, which has loaded its modules now; what it starts from now on yields to the event loop as it does. */
  static ofThread(): RunGate {
    yieldToEventLoop();
    const gate = new RunGate(workerData.gate);
    gate.leave();
    return gate;
  }

  /** Starts a helper of this thread, which shares its gate: `RunGate.ofThread()` is the same there. */
  startThread(file: URL, task: object): Worker {
    // Loading ONNX Runtime is inside, as in `startGatedThread`.
    Atomics.add(this.flags, inside, 1);
    return new Worker(file, { workerData: { ...task, gate: this.flags } });
  }

  /** Does what must not be cut short, one at a time in a thread; never returns when the process is at its exit. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.flags, inside, 1);
    if (Atomics.load(this.flags, shut)) {
      this.leave();
      Atomics.wait(this.flags, shut, 1);
    }
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private leave(): void {
    Atomics.sub(this.flags, inside, 1);
    Atomics.notify(this.flags, inside);
  }
}
