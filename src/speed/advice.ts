import type { LaneSetting } from "../inspect/fastest-lanes.js";
import type { Speed } from "./speed.js";

/** What speed is judged by. */
export const bars = { share: 0.97, overhead: 0.03, lag: 5, linear: 0.9 } as const;

type Judged = Omit<Speed, "advice" | "seconds">;

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** What limits the speed and what to change, most important first. At least one sentence. */
export function adviceOn(speed: Judged): string[] {
  return [
    ...network(speed),
    ...settings(speed),
    ...maps(speed),
    ...kernels(speed),
    ...waiting(speed),
    ...surroundings(speed),
  ];
}

function* network({ measured, overhead }: Judged): Generator<string> {
  if (measured.share < bars.share) {
    yield `The stream reaches ${percent(measured.share)} of the bare network: what is beside it costs ${percent(overhead.total)} of the network's time.`;
  } else {
    yield `The network limits: the stream reaches ${percent(measured.share)} of it alone. A GPU, a smaller input size, fewer flow steps or a smaller backbone would be faster (uflow train).`;
  }
}

const inWords = ({ lanes, threads, batchSize }: LaneSetting) =>
  `lanes: ${lanes}, threads: ${threads}, batchSize: ${batchSize}`;

function* settings({ settings, measured }: Judged): Generator<string> {
  const { mostThroughput: most, leastLatency: least, measured: all } = settings;
  const same = (a: { lanes: number; threads: number }) =>
    a.lanes === measured.lanes && a.threads === measured.threads;
  const now = all.find(same);
  if (now && !same(most) && most.throughput > 1.05 * now.throughput) {
    yield `${inWords(most)} would give ${percent(most.throughput / now.throughput - 1)} more images per second.`;
  }
  if (now && !same(least) && least.latency < 0.95 * now.latency) {
    yield `Where single images must be answered soon, ${inWords(least)}: the network then takes ${least.latency.toFixed(1)} ms instead of ${now.latency.toFixed(1)}.`;
  }
}

function* maps({ measured, maps }: Judged): Generator<string> {
  if (maps === "all" && measured.share < bars.share) {
    yield 'Maps of every image are made and handed over. Where those of anomalous parts are enough, ask for no more: maps: "anomalous" (here --maps anomalous shows what that gains).';
  }
}

function* kernels({ overhead, frames, model, regionsPerImage, decode, phases }: Judged): Generator<string> {
  if (overhead.preprocess > bars.overhead) {
    yield `Resizing images of ${frames.width} × ${frames.height} pixels takes ${percent(overhead.preprocess)} of the network's time: send smaller ones, or only the region of interest.`;
  }
  if (overhead.segment > bars.overhead) {
    const why =
      regionsPerImage > 3
        ? `${regionsPerImage.toFixed(0)} regions are found per image: give images of good parts with --images`
        : `its maps have ${model.mapSize} × ${model.mapSize} pixels: a smaller mapSize is faster`;
    yield `The segmentation takes ${percent(overhead.segment)} of the network's time; ${why}.`;
  }
  if (decode !== null && decode > bars.overhead * phases.network.p50) {
    yield `Decoding an image file takes ${decode.toFixed(1)} ms, ${percent(decode / phases.network.p50)} of the network's time and not in the figures above: hand over raw pixels of the camera where you can.`;
  }
}

function* waiting({ overhead, mainThread, lag }: Judged): Generator<string> {
  if (overhead.rest > bars.overhead) {
    yield `Lanes wait ${percent(overhead.rest)} of the network's time for images and the system; the event loop is busy ${percent(mainThread)} of the time.`;
  }
  if (mainThread > 0.7) {
    yield `The event loop is busy ${percent(mainThread)} of the time: it will limit more lanes, and whatever else the process does.`;
  }
  if (lag.stream.p99 <= bars.lag) return;
  const also = lag.bare.p99 > bars.lag ? ", as it does beside the bare networks" : "";
  yield `The event loop lags by ${lag.stream.p99.toFixed(1)} ms (p99)${also}: leave it a core (lanes · threads below the cores), and run nothing else on this machine.`;
}

function* surroundings({ memory, scaling, machine, verdicts }: Judged): Generator<string> {
  const { bytesPerFrame, frames } = memory;
  if (bytesPerFrame !== null && frames >= 10_000 && bytesPerFrame > 100) {
    yield `Memory grows by ${bytesPerFrame.toFixed(0)} bytes per image: please report it, with this command.`;
  }
  const [one] = scaling;
  const last = scaling.at(-1);
  if (one && last && last.stream < bars.linear * last.lanes * one.stream) {
    yield `${last.lanes} lanes give ${(last.stream / one.stream).toFixed(2)} times as much as one, and so do bare networks: ${(last.bare / one.bare).toFixed(2)} times. What is missing there is the machine's: memory, caches, hyper-threads, clock, others at work.`;
  }
  if (verdicts.undecided > 0) yield `${verdicts.undecided} images could not be inspected.`;
  if (machine.busy) yield "Others were at work on this machine: figures are rough. Ratios less so.";
}
