import type { Inspector, Timings, WantedMaps } from "../inspect/index.js";
import type { Latency } from "../inspect/stats.js";
import { type Frames, roundAndRound } from "./frames.js";
import type { MemoryWatch } from "./memory.js";
import type { Speed } from "./speed.js";

const phases = ["wait", "decode", "preprocess", "network", "segment", "total"] as const;

/** What has passed through the stream so far, over several rounds. */
export class StreamRecord {
  readonly verdicts: Speed["verdicts"] = { good: 0, anomalous: 0, undecided: 0 };
  private readonly times = Object.fromEntries(
    phases.map((phase) => [phase, [] as number[]]),
  ) as unknown as Record<keyof Timings, number[]>;
  private regions = 0;

  constructor(private readonly memory: MemoryWatch) {}

  /**
   * Streams so long, and at least so many images.
   * @returns how many, and how many per second from the first outcome to the last
   */
  async run(
    inspector: Inspector,
    { images }: Frames,
    { milliseconds, frames = 2, maps, signal }: Extent,
  ): Promise<{ images: number; rate: number }> {
    const start = performance.now();
    let taken = 0;
    const goOn = () => {
      const short = taken++ < frames || performance.now() - start < milliseconds;
      return short && !signal?.aborted;
    };
    let first = 0;
    let last = 0;
    let outcomes = 0;
    for await (const outcome of inspector.stream(roundAndRound(images, goOn), { maps })) {
      last = performance.now();
      if (outcomes === 0) first = last;
      outcomes += 1;
      this.memory.tick();
      this.verdicts[outcome.verdict] += 1;
      if (outcome.verdict === "undecided") continue;
      this.regions += outcome.regions.length;
      for (const phase of phases) this.times[phase].push(outcome.timings[phase]);
      inspector.release(outcome);
    }
    return { images: outcomes, rate: last > first ? (1000 * (outcomes - 1)) / (last - first) : 0 };
  }

  latencies(): Record<keyof Timings, Latency> {
    return Object.fromEntries(phases.map((phase) => [phase, latencyOf(this.times[phase])])) as never;
  }

  get regionsPerImage(): number {
    return this.regions / (this.verdicts.good + this.verdicts.anomalous);
  }
}

interface Extent {
  milliseconds: number;
  frames?: number;
  maps: WantedMaps;
  signal?: AbortSignal | undefined;
}

/** @param times in any order; at least one */
export function latencyOf(times: ArrayLike<number>): Latency {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
