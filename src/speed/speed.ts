import type { LaneMeasurement, LaneSetting } from "../inspect/fastest-lanes.js";
import type { WantedMaps } from "../inspect/options.js";
import type { Latency } from "../inspect/stats.js";
import type { Machine } from "../machine.js";
import type { TriedDevice } from "../onnx/device.js";

/** What a stream did, and a bare network beside it. */
export interface Compared extends LaneSetting {
  /** Images per second. */
  stream: number;
  /** Of as many threads with the same network that do nothing else. */
  bare: number;
  /** The median over the rounds of stream / bare, which took turns. */
  share: number;
  /**
   * CPU time per image, all threads of the process together: others on the machine do not disturb it. Threads that wait for
   * one another while a network runs count too.
   */
  cpu: { stream: number; bare: number };
}

export interface Lag {
  p50: number;
  p99: number;
  max: number;
}

/** What `measureSpeed()` found. Plain data; times in milliseconds, unless they are called seconds. */
export interface Speed {
  machine: Machine & { busy: boolean };
  model: { path: string | null; backbone: string; inputSize: number; mapSize: number };
  /** Of which images the stream had its maps. */
  maps: WantedMaps;
  frames: { source: string; width: number; height: number; channels: number; count: number };
  triedDevices: readonly TriedDevice[];
  /** The network alone, by lanes and threads. */
  settings: LaneMeasurement;
  /** With the lanes and threads that were asked for or found. */
  measured: Compared;
  /** Of one run of the bare network. */
  bare: Latency;
  phases: Record<"wait" | "decode" | "preprocess" | "network" | "segment" | "total", Latency>;
  /**
   * All that is not the network, in shares of the network's time: what the stream takes longer per image, its known parts
   * by their medians, and what remains; and the same by CPU time.
   */
  overhead: { total: number; preprocess: number; segment: number; rest: number; cpu: number };
  /** Of the event loop beyond its timer, while the stream ran; and while the bare networks did. */
  lag: { stream: Lag; bare: Lag };
  /** Share of the time in which the event loop was busy. */
  mainThread: number;
  /** Decoding one image, where images were given; it is in no other figure. */
  decode: number | null;
  verdicts: { good: number; anomalous: number; undecided: number };
  regionsPerImage: number;
  memory: { frames: number; startMB: number; endMB: number; bytesPerFrame: number | null };
  /** By lanes with one thread each. */
  scaling: Compared[];
  reference: { file: string; python: string; milliseconds: number; median: number } | null;
  /** What limits the speed and what to change, most important first. */
  advice: string[];
  seconds: number;
}
