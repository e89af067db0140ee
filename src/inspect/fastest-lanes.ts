import { availableParallelism } from "node:os";
import type { Model } from "../bundle/model.js";
import type { DeviceName } from "../onnx/device.js";
import { BareLanes } from "./bare-lane.js";
import type { NetworkOptions } from "./network.js";

export interface LaneSetting {
  lanes: number;
  /** CPU threads of each lane. */
  threads: number;
  /** Images in a run. */
  batchSize: number;
}

export interface MeasuredSetting extends LaneSetting {
  /** Milliseconds of one run of the network while all lanes are busy: the median. */
  latency: number;
  /** Images per second, all lanes together. */
  throughput: number;
}

/** What a model's network does on this machine with several settings, measured. Plain data. */
export interface LaneMeasurement {
  cores: number;
  measured: MeasuredSetting[];
  /** Of the settings with the least latency, to within 3 %, that with the fewest threads in all. */
  leastLatency: MeasuredSetting;
  /** Of the settings with the most throughput, to within 3 %, that with the fewest lanes: each takes memory. */
  mostThroughput: MeasuredSetting;
  /** That it took. */
  seconds: number;
}

/** What is not to be chosen. */
export type LaneWishes = { [K in keyof LaneSetting]?: LaneSetting[K] | undefined };

type Options = Omit<NetworkOptions, "threads" | "gate">;

/** How long each setting is measured, and how many runs at least. */
const request = { milliseconds: 200, runs: 3 };
const mostLanes = 16;
const tolerance = 1.03;

/**
 * Runs the network of a model in as many lanes as there could be, and with as many threads, lanes · threads ≤ cores; on a GPU
 * in batches. Each setting takes half a second with the embedded backbone, most of it for opening: 2 s on 2 cores, 5 s on
 * 16. Of a slow network it takes four runs per setting.
 * @throws UflowError ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK, ERR_UFLOW_LANE.
 */
export async function measureLanes(
  model: Model,
  options: Options,
  wishes: LaneWishes = {},
): Promise<LaneMeasurement> {
  const start = performance.now();
  const cores = availableParallelism();
  const [first, ...others] = settingsOnCpu(cores, wishes);
  const { device, ...one } = await measure(model, options, first!);
  const measured = [one];
  for (const setting of device === "cpu" ? others : settingsOnGpu(first!, wishes)) {
    const { device: _, ...other } = await measure(model, options, setting);
    measured.push(other);
  }
  return { cores, measured, ...chosen(measured), seconds: (performance.now() - start) / 1000 };
}

/** Powers of two, and what takes all cores; first the one with the fewest of all. */
export function settingsOnCpu(
  cores: number,
  { lanes: wanted, threads: given, batchSize = 1 }: LaneWishes,
): LaneSetting[] {
  const most = Math.max(1, Math.floor(cores / (given ?? 1)));
  const laneCounts = wanted === undefined ? steps(Math.min(most, mostLanes)) : [wanted];
  return laneCounts.flatMap((lanes) => {
    const share = Math.max(1, Math.floor(cores / lanes));
    // With several lanes, cores that are left idle could only serve fewer images.
    const few = lanes === 1 || wanted !== undefined;
    const threadCounts = given !== undefined ? [given] : few ? steps(share) : [share];
    return threadCounts.map((threads) => ({ lanes, threads, batchSize }));
  });
}

/** After the first one. A second lane prepares images while the GPU works for the first. */
export function settingsOnGpu({ lanes, threads, batchSize }: LaneSetting, wishes: LaneWishes): LaneSetting[] {
  const laneCounts = wishes.lanes === undefined ? [1, 2] : [wishes.lanes];
  const batchSizes = wishes.batchSize === undefined ? [1, 4, 16] : [wishes.batchSize];
  return laneCounts
    .flatMap((count) => batchSizes.map((size) => ({ lanes: count, threads, batchSize: size })))
    .filter((setting) => setting.lanes !== lanes || setting.batchSize !== batchSize);
}

/** 1, 2, 4 … and the last one. */
function steps(last: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(last)) }, (_, i) => 2 ** i);
  return [...powers, last];
}

async function measure(
  model: Model,
  options: Options,
  setting: LaneSetting,
): Promise<MeasuredSetting & { device: DeviceName }> {
  const { lanes, threads, batchSize } = setting;
  await using opened = await BareLanes.open(lanes, { model, batchSize, options: { ...options, threads } });
  const { latency, throughput } = speedOf(await opened.run(request));
  return { ...setting, latency, throughput: batchSize * throughput, device: opened.device };
}

/** @param durations of each lane: milliseconds of each of its runs; `throughput` is of runs per second */
export function speedOf(durations: readonly Float64Array[]): { latency: number; throughput: number } {
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const throughput = durations.reduce((total, runs) => total + (1000 * runs.length) / sum(runs), 0);
  const sorted = Float64Array.from(durations.flatMap((runs) => [...runs])).sort();
  return { latency: sorted[sorted.length >> 1]!, throughput };
}

export function chosen(
  measured: readonly MeasuredSetting[],
): Pick<LaneMeasurement, "leastLatency" | "mostThroughput"> {
  const least = Math.min(...measured.map(({ latency }) => latency));
  const most = Math.max(...measured.map(({ throughput }) => throughput));
  const cheapest = (candidates: MeasuredSetting[], cost: (setting: MeasuredSetting) => number) =>
    candidates.reduce((best, other) => (cost(other) < cost(best) ? other : best));
  return {
    leastLatency: cheapest(
      measured.filter(({ latency }) => latency <= least * tolerance),
      ({ lanes, threads }) => lanes * threads,
    ),
    mostThroughput: cheapest(
      measured.filter(({ throughput }) => throughput * tolerance >= most),
      ({ lanes }) => lanes,
    ),
  };
}
