// Kernels in this process: ours, and the plain ones that are their specification.
import { Bench } from "tinybench";
import { tasks } from "../tasks.mjs";

export function inProcess(name, kernels) {
  return {
    name,
    async prepare({ task }, inputs, expected) {
      const { needs, run, result } = tasks[task];
      if (needs.some((kernel) => typeof kernels[kernel] !== "function")) return undefined;
      const call = () => run(kernels, inputs);
      return {
        difference: expected && differenceOf(result(call()), expected),
        run: async (times) => secondsOf(benchOf(call, times).runSync()),
      };
    },
  };
}

/** `times` calls and nothing else: how often is decided by the kind of measurement. */
export function benchOf(call, times) {
  return new Bench({ iterations: times, time: 0, warmup: false, retainSamples: true, throws: true }).add(
    "call",
    call,
  );
}

export function secondsOf([task]) {
  return task.result.latency.samples.map((milliseconds) => milliseconds / 1000);
}

/** The largest |a − b| / (1 + |b|); infinite where they cannot be compared. */
function differenceOf(a, b) {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]) / (1 + Math.abs(b[i]));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
