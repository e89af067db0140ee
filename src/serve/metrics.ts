import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Inspection, Outcome, Timings } from "../inspect/inspection.js";
import type { InspectorStats } from "../inspect/stats.js";
import type { SinkStats, Sinks } from "../records/index.js";
import type { Live } from "./live.js";
import type { LoadedModel, Models } from "./models.js";
import type { Results } from "./results.js";

/** Seconds: from what a small network takes on a GPU to what a full queue makes of it. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Stations that have a series of their own. Whoever asks names his station, so that there might be any number. */
const mostStations = 100;
const otherStations = "(others)";

interface Watched {
  models: Models;
  live: Live;
  results: Results;
  sinks: Sinks;
}

/** The numbers of GET /metrics, in Prometheus' text format. docs/serving.md lists them. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly stations = new Set<string>();

  private readonly inspections = this.counter("inspections_total", "Images by what became of them", [
    "model",
    "station",
    "verdict",
  ]);
  private readonly refused = this.counter("refused_total", "Images that were not taken on", [
    "model",
    "code",
  ]);
  private readonly phases = new Histogram({
    name: "uflow_inspection_seconds",
    help: "What an inspection took, by phase; total is from the call to the verdict",
    labelNames: ["model", "phase"] as const,
    buckets,
    registers: [this.registry],
  });
  private readonly requests = this.counter("http_requests_total", "Requests by route and status", [
    "method",
    "route",
    "status",
  ]);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Tells what these say of themselves whenever it is asked. */
  watch({ models, live, results, sinks }: Watched): void {
    this.perModel(models, "queue_depth", "Images that wait for a lane", ({ queued }) => queued);
    this.perModel(models, "under_way", "Images in lanes", ({ underWay }) => underWay);
    this.perModel(models, "lanes", "Lanes that live", ({ lanes }) => lanes);
    this.perModel(models, "lanes_replaced", "Lanes that died and were replaced", (s) => s.replacedLanes);
    this.perModel(models, "throughput", "Verdicts per second, over ten seconds", (s) => s.throughput);
    this.gauge("live_clients", "Clients of /v1/live", () => live.count);
    this.gauge("results", "Results in memory", () => results.count);
    this.gauge("results_bytes", "Bytes of their images and maps", () => results.bytes);
    this.perSink(sinks, "sink_queued", "Records that wait to be delivered", ({ queued }) => queued);
    this.perSink(sinks, "sink_dropped", "Records that were lost", ({ dropped }) => dropped);
    this.perSink(sinks, "sink_failures", "Attempts to deliver that failed", ({ failures }) => failures);
  }

  /** A number that is asked for when it is wanted. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `uflow_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  private gauges(
    name: string,
    help: string,
    label: string,
    read: () => Iterable<[label: string, value: number]>,
  ): void {
    new Gauge({
      name: `uflow_${name}`,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [key, value] of read()) this.set({ [label]: key }, value);
      },
    });
  }

  countOutcome(model: string, station: string, outcome: Outcome): void {
    this.inspections.inc({ model, station: this.stationLabel(station), verdict: outcome.verdict });
    if (outcome.verdict !== "undecided") this.observeTimings(model, outcome);
  }

  countRefusal(model: string, code: string): void {
    this.refused.inc({ model, code });
  }

  countRequest(method: string, route: string, status: number): void {
    this.requests.inc({ method, route, status });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  private observeTimings(model: string, { timings }: Inspection): void {
    for (const [phase, milliseconds] of Object.entries(timings) as [keyof Timings, number][]) {
      this.phases.observe({ model, phase }, milliseconds / 1000);
    }
  }

  private stationLabel(station: string): string {
    if (this.stations.has(station)) return station;
    if (this.stations.size >= mostStations) return otherStations;
    this.stations.add(station);
    return station;
  }

  private perModel(
    models: Models,
    name: string,
    help: string,
    read: (stats: InspectorStats) => number,
  ): void {
    const values = () =>
      models
        .list()
        .map(({ name, inspector }: LoadedModel): [string, number] => [name, read(inspector.stats)]);
    this.gauges(name, help, "model", values);
  }

  private perSink({ each }: Sinks, name: string, help: string, read: (stats: SinkStats) => number): void {
    this.gauges(name, help, "sink", () =>
      each.map(({ name, stats }): [string, number] => [name, read(stats)]),
    );
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `uflow_${name}`, help, labelNames, registers: [this.registry] });
  }
}
