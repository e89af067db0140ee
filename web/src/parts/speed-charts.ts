import type { Stats } from "../../../src/serve/api.ts";
import { type ChartData, TimeChart } from "../chart/time-chart.ts";
import { h } from "../element.ts";
import type { Line } from "../line.ts";

/** Statistics come every second; after so many milliseconds without any, lines are broken. */
const gap = 3000;

/** How fast verdicts come, over the last minutes. Of several models: throughput and queue together, latency of the slowest. */
export class SpeedCharts extends HTMLElement {
  private readonly throughput = new TimeChart("Throughput", "verdicts per second", 1);
  private readonly latency = new TimeChart("Latency", "ms, from arrival to verdict", 1);
  private readonly queue = new TimeChart("Queue", "images", 0);
  private readonly counts = h("dl", { class: "counts" });

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.append(h("h2", {}, "Speed"), this.throughput, this.latency, this.queue, this.counts);
    this.line.on(["stats"], () => this.show());
  }

  private show(): void {
    const samples = withGaps(this.line.stats);
    const times = samples.map(({ time }) => Date.parse(time));
    const chart = (lines: Record<string, (stats: Stats) => number | null>): ChartData => ({
      times,
      series: Object.entries(lines).map(([name, of]) => ({
        name,
        values: samples.map((stats) => (stats.models === null ? null : of(stats as Stats))),
      })),
    });
    this.throughput.show(chart({ verdicts: (stats) => sum(stats, "throughput") }));
    this.latency.show(chart({ p50: slowest("p50"), p95: slowest("p95"), p99: slowest("p99") }));
    this.queue.show(
      chart({ waiting: (stats) => sum(stats, "queued"), "in lanes": (stats) => sum(stats, "underWay") }),
    );
    const latest = this.line.stats.at(-1);
    if (latest) this.counts.replaceChildren(...countsOf(latest));
  }
}

type Counted =
  | "throughput"
  | "queued"
  | "underWay"
  | "good"
  | "anomalous"
  | "undecided"
  | "failed"
  | "refused"
  | "retried"
  | "lanes";

const sum = ({ models }: Stats, what: Counted) =>
  Object.values(models).reduce((total, stats) => total + stats[what], 0);

const slowest = (quantile: "p50" | "p95" | "p99") => (stats: Stats) => {
  const values = Object.values(stats.models).flatMap(({ latency }) =>
    latency ? [latency.total[quantile]] : [],
  );
  return values.length > 0 ? Math.max(...values) : null;
};

function countsOf(stats: Stats): HTMLElement[] {
  const names: Counted[] = ["good", "anomalous", "undecided", "failed", "refused", "retried", "lanes"];
  return names.map((name) => h("div", {}, h("dt", {}, name), h("dd", {}, String(sum(stats, name)))));
}

/** Puts a moment without values between two that are too far apart. */
function withGaps(samples: readonly Stats[]): (Stats | { time: string; models: null })[] {
  return samples.flatMap((stats, i) => {
    const before = samples[i - 1];
    const broken = before && Date.parse(stats.time) - Date.parse(before.time) > gap;
    return broken ? [{ time: before.time, models: null }, stats] : [stats];
  });
}

customElements.define("uflow-speed", SpeedCharts);
