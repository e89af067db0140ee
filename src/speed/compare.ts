import { setTimeout as sleep } from "node:timers/promises";
import type { Model } from "../bundle/model.js";
import { BareLanes } from "../inspect/bare-lane.js";
import { type LaneSetting, speedOf } from "../inspect/fastest-lanes.js";
import { Inspector } from "../inspect/index.js";
import type { Latency } from "../inspect/stats.js";
import type { TriedDevice } from "../onnx/device.js";
import type { Frames } from "./frames.js";
import { MemoryWatch } from "./memory.js";
import type { CheckedSpeedOptions } from "./options.js";
import type { Compared, Lag } from "./speed.js";
import { latencyOf, StreamRecord } from "./streaming.js";
import { watchProcess } from "./watch-process.js";

/** Stream and bare network take turns so often: the machine is not the same all the time. */
const rounds = 5;

/** Milliseconds until threads that have finished stop looking for work. */
const pause = 50;

export interface Contestants {
  path: string;
  model: Model;
  frames: Frames;
  options: Pick<CheckedSpeedOptions, "device" | "maps" | "signal">;
}

export interface Comparison {
  compared: Compared;
  /** Of one run of the bare network. */
  bare: Latency;
  lag: { stream: Lag; bare: Lag };
  /** Share of the streams' time in which the event loop was busy. */
  busy: number;
  triedDevices: readonly TriedDevice[];
}

export interface Extent {
  /** Of each side, over all rounds; images that are under way are finished. */
  milliseconds: number;
  /** Images of the stream after that. */
  more?: number;
}

/** What happened in a round, per side. */
interface Side {
  /** Images per second. */
  rate: number;
  /** CPU milliseconds per image. */
  cpu: number;
  lag: Lag;
  busy: number;
}

interface Round {
  stream: Side;
  bare: Side;
}

/** A stream beside as many bare networks as it has lanes, in turns. The stream's images are in `record` too. */
export async function compare(
  { path, model, frames, options }: Contestants,
  setting: LaneSetting,
  record: StreamRecord,
  { milliseconds, more = 0 }: Extent,
): Promise<Comparison> {
  const { device, maps, signal } = options;
  const { lanes, threads, batchSize } = setting;
  const turn = milliseconds / rounds;
  const runs: Float64Array[] = [];
  await using inspector = await Inspector.open(path, { device, batchSize, lanes, threads });
  await using bare = await BareLanes.open(lanes, { model, batchSize, options: { device, threads } });
  const bareTurn = async (): Promise<Side> => {
    const { result, lag, busy, cpu } = await watchProcess(() => bare.run({ milliseconds: turn, runs: 2 }));
    runs.push(...result);
    const images = batchSize * result.reduce((sum, { length }) => sum + length, 0);
    return { rate: batchSize * speedOf(result).throughput, cpu: cpu / images, lag, busy };
  };
  const streamTurn = async (into: StreamRecord): Promise<Side> => {
    const extent = { milliseconds: turn, frames: 2 * lanes * batchSize, maps, signal };
    const { result, lag, busy, cpu } = await watchProcess(() => into.run(inspector, frames, extent));
    return { rate: result.rate, cpu: cpu / result.images, lag, busy };
  };
  // Tables of the kernels are filled, JavaScript is compiled.
  await streamTurn(new StreamRecord(new MemoryWatch()));
  const done: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    signal?.throwIfAborted();
    await sleep(pause);
    const alone = await bareTurn();
    await sleep(pause);
    done.push({ bare: alone, stream: await streamTurn(record) });
  }
  if (more > 0) await record.run(inspector, frames, { milliseconds: 0, frames: more, maps, signal });
  return {
    ...summary(setting, done),
    bare: latencyOf(runs.flatMap((each) => [...each])),
    triedDevices: inspector.triedDevices,
  };
}

function summary(
  { lanes, threads, batchSize }: LaneSetting,
  rounds: readonly Round[],
): Omit<Comparison, "bare" | "triedDevices"> {
  const median = (of: (round: Round) => number) => latencyOf(rounds.map(of)).p50;
  const lagOf = (side: keyof Round): Lag => ({
    p50: median((round) => round[side].lag.p50),
    p99: median((round) => round[side].lag.p99),
    max: Math.max(...rounds.map((round) => round[side].lag.max)),
  });
  return {
    compared: {
      ...{ lanes, threads, batchSize },
      stream: median(({ stream }) => stream.rate),
      bare: median(({ bare }) => bare.rate),
      share: median(({ stream, bare }) => stream.rate / bare.rate),
      cpu: { stream: median(({ stream }) => stream.cpu), bare: median(({ bare }) => bare.cpu) },
    },
    lag: { stream: lagOf("stream"), bare: lagOf("bare") },
    busy: median(({ stream }) => stream.busy),
  };
}
