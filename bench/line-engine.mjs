// What does a stream cost beside its network alone, and do event loop, memory and lanes keep their bars?
//
//   node bench/line-engine.mjs [--only mobile] [--seconds 5] [--frames 100000] [--write-docs]
//
// Models with flows that were never trained, on generated images of good parts twice as large as their input: `tiny`, a flow of
// one step on 64 pixels, runs the many images of the memory, `mobile` is the embedded backbone, the ResNets have random weights. About
// nine minutes.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { backboneOf } from "../dist/backbone/index.js";
import { bars, measureSpeed } from "../dist/speed/index.js";
import { writeUntrained, writeUntrainedModel } from "../dist/speed/untrained-model.js";
import { randomWeights } from "./networks/weights.mjs";
import { whole } from "./options.mjs";
import { writePart } from "./report/docs.mjs";
import { busyNote, machine } from "./report/machine.mjs";
import { alignedTable, pipeTable } from "./report/table.mjs";

const cases = [
  { name: "tiny", model: { inputSize: 64, flowSteps: 1 }, memory: true },
  { name: "mobile", model: { inputSize: 256 } },
  { name: "mobile", model: { inputSize: 256 }, maps: "anomalous" },
  { name: "mobile", model: { inputSize: 256 }, maps: "anomalous", batchSize: 4 },
  { name: "mobile@512", model: { inputSize: 512 }, maps: "anomalous" },
  { name: "resnet18@448", backbone: "resnet18", model: { inputSize: 448 } },
  { name: "resnet18@448", backbone: "resnet18", model: { inputSize: 448 }, maps: "anomalous" },
  { name: "wide_resnet50_2@256", backbone: "wide_resnet50_2", model: { inputSize: 256 } },
];

const options = new Command("line-engine")
  .description("Measures a stream beside its network alone.")
  .option("--only <name>", "models whose name contains this", "")
  .option("--seconds <number>", "of the stream, and again of the bare network, per model", whole, 5)
  .option("--frames <number>", "images of the tiny model over which memory is watched", whole, 100_000)
  .option("--write-docs", "put the results into docs/performance.md")
  .parse()
  .opts();
const chosen = cases.filter(({ name }) => name.includes(options.only));
if (chosen.length === 0) wrongUsage("no such model");
if (options.writeDocs && options.only) wrongUsage("--write-docs wants all models");

const measuredOn = machine();
const folder = await mkdtemp(join(tmpdir(), "uflow-line-engine-"));
const results = [];
try {
  for (const { name, backbone, model, maps = "all", batchSize = 1, memory } of chosen) {
    const file = backbone ? await writeRandom(backbone, model) : await writeUntrainedModel(folder, model);
    const speed = await measureSpeed({
      model: file,
      device: "cpu",
      maps,
      batchSize,
      seconds: options.seconds,
      frames: memory ? options.frames : 0,
      onProgress: (doing) =>
        console.error(`line-engine: ${name}, maps ${maps}, batch ${batchSize}: ${doing}`),
    });
    results.push({ name, speed });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const parts = (table) => [summary(), table(rows()), ...results.map(memoryLine).filter(Boolean), verdict()];
console.log(parts(alignedTable).join("\n\n"));
if (options.writeDocs) writePart("line-engine", parts(pipeTable).join("\n\n"));

/** A backbone whose weights are not at hand: its speed is that of any. */
async function writeRandom(name, model) {
  const backbone = backboneOf(name);
  const network = await backbone.network(model.inputSize, randomWeights(backbone.weights));
  return await writeUntrained(folder, backbone, network, model);
}

function summary() {
  const { processor, cores, memoryGiB, system, node } = measuredOn;
  return `Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}${busyNote(measuredOn)}.`;
}

function rows() {
  const header = [
    "model",
    "maps",
    "batch",
    "lanes",
    "stream/s",
    "bare/s",
    "share",
    "CPU more",
    "lag p99",
    "bare lag p99",
  ];
  return [header, ...results.flatMap(({ name, speed }) => rowsOf(name, speed))];
}

/** The setting with the most throughput, then the scaling by lanes. */
function rowsOf(name, { maps, measured, lag, scaling }) {
  const row = ({ lanes, threads, stream, bare, share, cpu }, more) => [
    `${lanes} × ${threads}`,
    stream.toFixed(1),
    bare.toFixed(1),
    percent(share),
    percent(cpu.stream / cpu.bare - 1),
    ...more,
  ];
  const main = row(measured, [ms(lag.stream.p99), ms(lag.bare.p99)]);
  const batch = String(measured.batchSize);
  return [[name, maps, batch, ...main], ...scaling.map((each) => ["", "", "", ...row(each, ["", ""])])];
}

function memoryLine({ name, speed: { memory } }) {
  const { frames, startMB, endMB, bytesPerFrame } = memory;
  if (bytesPerFrame === null || frames < 1000) return undefined;
  return `Memory of ${name}: ${startMB.toFixed(0)} → ${endMB.toFixed(0)} MB over ${frames} images, ${bytesPerFrame.toFixed(0)} bytes per image in the later half.`;
}

function verdict() {
  const kept = (holds) => `${results.filter(({ speed }) => holds(speed)).length} of ${results.length}`;
  const linear = ({ scaling }) =>
    scaling.every(({ lanes, stream }) => stream >= bars.linear * lanes * scaling[0].stream);
  return [
    `Share of at least ${percent(bars.share)}: ${kept(({ measured }) => measured.share >= bars.share)} models.`,
    `At most ${percent(bars.overhead)} more CPU time: ${kept(({ overhead }) => overhead.cpu <= bars.overhead)}.`,
    `Lag of at most ${bars.lag} ms: ${kept(({ lag }) => lag.stream.p99 <= bars.lag)}.`,
    `At least ${percent(bars.linear)} of linear in lanes: ${kept(linear)}.`,
  ].join(" ");
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function ms(milliseconds) {
  return `${milliseconds.toFixed(1)} ms`;
}

function wrongUsage(message) {
  console.error(`line-engine: ${message}`);
  process.exit(2);
}
