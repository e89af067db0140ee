import { constants, getPriority, setPriority } from "node:os";

/** Steps of niceness between the main thread and ours: each is about a quarter more of a contested core. */
const stepsBehind = 5;

/**
 * Puts this worker thread, and those that it starts, behind the event loop of the process: where they share a core, the event
 * loop has it as soon as it wants it. Of a core that nobody else wants, nothing is lost. Only Linux has a niceness per thread;
 * elsewhere, or where a sandbox forbids it, all threads are alike.
 */
export function yieldToEventLoop(): void {
  if (process.platform !== "linux") return;
  try {
    // By its number, the process's main thread; 0 is the calling one.
    const wanted = getPriority(process.pid) + stepsBehind;
    setPriority(0, Math.min(wanted, constants.priority.PRIORITY_LOW));
  } catch {
    // Nothing but latency depends on it.
  }
}
