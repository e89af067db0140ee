import { Command } from "commander";
import type { Compared, Lag, Speed, SpeedOptions } from "../speed/index.js";
import { BuildingBar, duration, given, interruption, numeric, printJson, say, table } from "./terminal.js";

type Flags = Omit<SpeedOptions, "model" | "signal" | "onNetwork" | "onProgress"> & { json?: boolean };

export function benchCommand(): Command {
  return new Command("bench")
    .description("measure how fast a model runs on this machine, what limits it, and what to change")
    .argument("[model]", "the .uflow file (default: the backbone mobile with an untrained flow)")
    .option("--images <dir>", "images of good parts (default: generated ones, which are none of the model's)")
    .option("--image-size <pixels>", "side of generated images (default: twice the model's input)", numeric)
    .option("--device <name>", "where networks run: auto, cpu, cuda, cuda:1 … (default: auto)")
    .option("--lanes <count>", "images at the same time (default: what gives the most per second)", numeric)
    .option("--threads <count>", "CPU threads of each lane (default: the same)", numeric)
    .option("--batch-size <count>", "images in one run of the network (default: 1)", numeric)
    .option("--maps <which>", "maps of which images: all, anomalous or none (default: all)")
    .option("--seconds <number>", "of measuring the stream, and the bare network again (default: 5)", numeric)
    .option("--frames <count>", "then so many images more, to watch the memory (default: 0)", numeric)
    .option("--reference <file.py>", "measure inspect(image) of a Python file beside")
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", helpText)
    .action(run);
}

const helpText = `
The bare network is the same one with the same threads and batches, in a loop that does nothing else: what is possible.

Example:
  uflow bench bottle.uflow --images bottle/train/good`;

async function run(model: string | undefined, { json, ...flags }: Flags): Promise<void> {
  const { measureSpeed } = await import("../speed/index.js");
  using building = new BuildingBar();
  const options = {
    ...flags,
    model,
    signal: interruption(),
    onNetwork: building.update,
    onProgress: (doing: string) => say(`… ${doing}`),
  };
  const speed = await measureSpeed(given(options) as SpeedOptions);
  if (json) return printJson(speed);
  process.stdout.write(`${table(rowsOf(speed))}\n\n${speed.advice.map((text) => `• ${text}`).join("\n")}\n`);
  say(`(measured in ${duration(speed.seconds)})`);
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const ms = (milliseconds: number) => `${milliseconds.toPrecision(3)} ms`;
const perSecond = (rate: number) => `${rate.toPrecision(3)} images/s`;

function rowsOf(speed: Speed): string[][] {
  const { machine, model, frames, measured, overhead, lag, memory } = speed;
  const { lanes, threads, batchSize } = measured;
  const cores = `${machine.threads} cores, ${machine.os}, Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}`;
  const growth =
    memory.bytesPerFrame === null ? "" : `; at the end ${memory.bytesPerFrame.toFixed(0)} bytes per image`;
  return [
    ["machine", `${machine.cpu}, ${cores}${machine.busy ? " (busy)" : ""}`],
    [
      "model",
      `${model.path ?? "untrained"}: ${model.backbone}, input ${model.inputSize}², maps ${model.mapSize}²`,
    ],
    ["images", `${frames.source}, ${frames.width} × ${frames.height}, decoded beforehand`],
    ...speed.triedDevices.map(({ device, taken, reason }, i) => [
      i === 0 ? "device" : "",
      taken ? device : `not ${device}: ${reason}`,
    ]),
    [
      "lanes",
      `${lanes} × ${threads} ${threads === 1 ? "thread" : "threads"}, batches of ${batchSize}; maps: ${speed.maps}`,
    ],
    [
      "stream",
      `${perSecond(measured.stream)}, ${percent(measured.share)} of the bare network's ${perSecond(measured.bare)}`,
    ],
    [
      "beside it",
      `${percent(overhead.total)} of the network's time; preprocess ${percent(overhead.preprocess)}, segment ${percent(overhead.segment)}, rest ${percent(overhead.rest)}`,
    ],
    [
      "CPU time",
      `${ms(measured.cpu.stream)} per image, bare ${ms(measured.cpu.bare)}: ${percent(overhead.cpu)} more`,
    ],
    ...latencyRows(speed),
    [
      "event loop",
      `${lagText(lag.stream)}; beside the bare network ${lagText(lag.bare)}; busy ${percent(speed.mainThread)}`,
    ],
    [
      "memory",
      `${memory.startMB.toFixed(0)} → ${memory.endMB.toFixed(0)} MB over ${memory.frames} images${growth}`,
    ],
    ...settingRows(speed),
    ...scalingRows(speed.scaling),
    ...referenceRow(speed),
  ];
}

const lagText = ({ p50, p99, max }: Lag) =>
  `lags ${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(1)} ms (p50, p99, most)`;

function latencyRows({ phases, bare }: Speed): string[][] {
  const text = ({ p50, p95, p99 }: Speed["bare"]) => [p50, p95, p99].map(ms).join(" / ");
  return [
    ["bare network", `${text(bare)} (p50, p95, p99)`],
    ...Object.entries(phases).map(([phase, latency]) => [`  ${phase}`, text(latency)]),
  ];
}

function settingRows({ settings }: Speed): string[][] {
  return settings.measured.map(({ lanes, threads, batchSize, latency, throughput }, i) => [
    i === 0 ? "network alone" : "",
    `${lanes} × ${threads} threads, batches of ${batchSize}: ${ms(latency)}, ${perSecond(throughput)}`,
  ]);
}

function scalingRows(scaling: readonly Compared[]): string[][] {
  return scaling.map(({ lanes, stream, bare, share }, i) => {
    const times = (rate: number, one: number) => `× ${(rate / one).toFixed(2)}`;
    const [{ stream: stream1, bare: bare1 }] = scaling as [Compared];
    return [
      i === 0 ? "scaling" : "",
      `${lanes} × 1 thread: ${perSecond(stream)} (${times(stream, stream1)}), bare ${perSecond(bare)} (${times(bare, bare1)}), ${percent(share)}`,
    ];
  });
}

function referenceRow({ reference, measured: { stream } }: Speed): string[][] {
  if (!reference) return [];
  const { file, python, milliseconds, median } = reference;
  const times = ((stream * milliseconds) / 1000).toPrecision(3);
  return [
    [
      "reference",
      `${file}: ${ms(milliseconds)} at least, median ${ms(median)}; the stream is ${times} times as fast (${python})`,
    ],
  ];
}
