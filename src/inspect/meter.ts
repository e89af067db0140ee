import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { Findings, Timings } from "./inspection.js";
import { monotonic } from "./monotonic.js";
import type { InspectorStats, Latency } from "./stats.js";

const phases = ["wait", "decode", "preprocess", "network", "segment", "total"] as const;

type Counted =
  | "accepted"
  | "good"
  | "anomalous"
  | "undecided"
  | "failed"
  | "withdrawn"
  | "refused"
  | "retried"
  | "replacedLanes";

/** Counts what becomes of images, and measures how long it takes. */
export class Meter {
  private readonly counts: Record<Counted, number> = {
    accepted: 0,
    good: 0,
    anomalous: 0,
    undecided: 0,
    failed: 0,
    withdrawn: 0,
    refused: 0,
    retried: 0,
    replacedLanes: 0,
  };
  private readonly windows = new Map(phases.map((phase) => [phase, new Window()]));
  private readonly pace = new Pace();
  private problem: string | null = null;

  count(what: Counted): void {
    this.counts[what] += 1;
  }

  verdict({ verdict, timings }: Findings): void {
    this.count(verdict);
    this.pace.step();
    for (const phase of phases) this.windows.get(phase)!.record(timings[phase]);
  }

  laneDied(reason: string): void {
    this.count("replacedLanes");
    this.problem = reason;
  }

  stats(now: Pick<InspectorStats, "queued" | "underWay" | "lanes">): InspectorStats {
    return {
      ...now,
      ...this.counts,
      lastProblem: this.problem,
      throughput: this.pace.perSecond(),
      latency: this.latency(),
    };
  }

  private latency(): InspectorStats["latency"] {
    const known = phases.flatMap((phase) => {
      const latency = this.windows.get(phase)!.latency();
      return latency ? [[phase, latency] as const] : [];
    });
    return known.length === 0 ? null : (Object.fromEntries(known) as Record<keyof Timings, Latency>);
  }
}

/** Milliseconds that a histogram is filled for before the next one is. */
const span = 60_000;

/** Times of the last one or two minutes, to two digits. */
class Window {
  private current: RecordableHistogram | undefined;
  private before: RecordableHistogram | undefined;
  private began = 0;

  record(milliseconds: number): void {
    this.turn();
    this.current ??= emptyHistogram();
    // In microseconds, of which the histogram counts from one on.
    this.current.record(Math.min(longest, Math.max(1, Math.round(1000 * milliseconds))));
  }

  latency(): Latency | undefined {
    this.turn();
    const both = emptyHistogram();
    for (const histogram of [this.before, this.current]) if (histogram) both.add(histogram);
    if (both.count === 0) return undefined;
    const at = (share: number) => both.percentile(share) / 1000;
    return { p50: at(50), p95: at(95), p99: at(99) };
  }

  private turn(): void {
    const now = monotonic();
    if (now - this.began < span) return;
    this.before = now - this.began < 2 * span ? this.current : undefined;
    this.current = undefined;
    this.began = now;
  }
}

/** Microseconds: an hour. */
const longest = 3_600_000_000;
const emptyHistogram = () => createHistogram({ lowest: 1, highest: longest, figures: 2 });

const seconds = 10;

/** Counts per second, the last ten of which are kept. */
class Pace {
  private readonly counts: number[] = new Array(seconds + 1).fill(0);
  private readonly began = monotonic();
  private last = 0;

  step(): void {
    this.forget();
    this.counts[this.last % this.counts.length]! += 1;
  }

  perSecond(): number {
    this.forget();
    const elapsed = (monotonic() - this.began) / 1000;
    // The second that is under way counts as far as it has come.
    const covered = Math.min(elapsed, seconds + (elapsed % 1));
    return covered > 0 ? this.counts.reduce((sum, count) => sum + count, 0) / covered : 0;
  }

  /** Empties what is of more than ten seconds ago. */
  private forget(): void {
    const now = Math.floor((monotonic() - this.began) / 1000);
    const passed = Math.min(now - this.last, this.counts.length);
    for (let i = 1; i <= passed; i++) this.counts[(this.last + i) % this.counts.length] = 0;
    this.last = now;
  }
}
