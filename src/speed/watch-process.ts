import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Lag } from "./speed.js";

/** Milliseconds between two ticks of the timer that measures; it is on top of what is measured. */
const resolution = 1;

export interface Watched<T> {
  result: T;
  /** How far the event loop was behind. */
  lag: Lag;
  /** Share of the time in which the event loop was busy. */
  busy: number;
  /** Milliseconds of CPU time, all threads of the process together. */
  cpu: number;
}

/** Looks at the process while something runs. */
export async function watchProcess<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const delay = monitorEventLoopDelay({ resolution });
  const before = performance.eventLoopUtilization();
  const cpuBefore = process.cpuUsage();
  delay.enable();
  try {
    const result = await work();
    const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution);
    const lag = {
      p50: beyond(delay.percentile(50)),
      p99: beyond(delay.percentile(99)),
      max: beyond(delay.max),
    };
    const { user, system } = process.cpuUsage(cpuBefore);
    const busy = performance.eventLoopUtilization(before).utilization;
    return { result, lag, busy, cpu: (user + system) / 1000 };
  } finally {
    delay.disable();
  }
}
