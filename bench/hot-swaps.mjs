// Does a line that swaps models all day keep its memory, and does it lose a frame?
//
//   node bench/hot-swaps.mjs [--swaps 300] [--every 25] [--write-docs]
//
// A stream of generated images runs as fast as it can while two models are swapped for each other, one swap after the other.
// After every so many swaps garbage is collected and the resident memory read. In a process with glibc's defaults and, beside
// it, in one with two arenas (MALLOC_ARENA_MAX=2): memory that an ended thread has freed stays in its arena, which shows as
// growth in the former only, where a leak shows in both. Three minutes each.
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { Inspector } from "../dist/index.js";
import { generatedFrames } from "../dist/speed/frames.js";
import { writeUntrainedModel } from "../dist/speed/untrained-model.js";
import { whole } from "./options.mjs";
import { writePart } from "./report/docs.mjs";
import { busyNote, machine } from "./report/machine.mjs";
import { slopeOf } from "./report/slope.mjs";
import { alignedTable, pipeTable } from "./report/table.mjs";

const self = fileURLToPath(import.meta.url);
/** Two models of different size, so that what one leaves behind does not just fit the next. */
const models = [
  { inputSize: 64, flowSteps: 1 },
  { inputSize: 128, flowSteps: 2 },
];
const settings = { "glibc's defaults": {}, "two arenas": { MALLOC_ARENA_MAX: "2" } };

const options = new Command("hot-swaps")
  .description("Measures the memory of a stream whose model is swapped again and again.")
  .option("--swaps <number>", "in each process", whole, 300)
  .option("--every <number>", "swaps after which memory is read", whole, 25)
  .option("--measure", "in this process, and print JSON")
  .option("--write-docs", "put the results into docs/performance.md")
  .parse()
  .opts();

if (options.measure) console.log(JSON.stringify(await measured()));
else report();

function report() {
  const measuredOn = machine();
  const runs = Object.entries(settings).map(([name, env]) => ({ name, ...inProcess(name, env) }));
  const { processor, cores, memoryGiB, system, node } = measuredOn;
  const parts = (table) => [
    `Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}${busyNote(measuredOn)}.`,
    table(rowsOf(runs)),
  ];
  console.log(parts(alignedTable).join("\n\n"));
  if (options.writeDocs) writePart("hot-swaps", parts(pipeTable).join("\n\n"));
  if (runs.some(({ offered, answered }) => offered !== answered)) process.exitCode = 1;
}

function rowsOf(runs) {
  const header = [
    "memory",
    "swaps",
    "frames",
    "lost",
    "MB at first",
    "in the middle",
    "at last",
    "kB per swap",
  ];
  return [
    header,
    ...runs.map(({ name, offered, answered, samples }) => {
      const [first, middle, last] = [samples[0], samples[samples.length >> 1], samples.at(-1)];
      const megabytes = [first, middle, last].map(({ bytes }) => (bytes / 1e6).toFixed(0));
      const counts = [last.swaps, answered, offered - answered].map(String);
      const { slope, error } = slopeOf(samples.map(({ swaps, bytes }) => [swaps, bytes]));
      return [name, ...counts, ...megabytes, `${(slope / 1e3).toFixed(0)} ± ${(error / 1e3).toFixed(0)}`];
    }),
  ];
}

function inProcess(name, env) {
  console.error(`hot-swaps: ${name}`);
  const args = ["--expose-gc", self, "--measure", `--swaps=${options.swaps}`, `--every=${options.every}`];
  const stdio = ["ignore", "pipe", "inherit"];
  const { status, stdout } = spawnSync(process.execPath, args, {
    ...{ env: { ...process.env, ...env }, encoding: "utf8", stdio },
  });
  if (status !== 0) throw new Error(`the process with ${name} ended with ${status}`);
  return JSON.parse(stdout);
}

async function measured() {
  const folder = await mkdtemp(join(tmpdir(), "uflow-hot-swaps-"));
  try {
    const paths = [];
    for (const [i, model] of models.entries()) {
      const own = join(folder, String(i));
      await mkdir(own);
      paths.push(await writeUntrainedModel(own, model));
    }
    return await swapped(paths);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function swapped(paths) {
  const inspector = await Inspector.open(paths[0], { device: "cpu", threads: 1 });
  const { images } = generatedFrames(128);
  let offered = 0;
  let answered = 0;
  let done = false;
  function* camera() {
    while (!done) yield images[offered++ % images.length];
  }
  const streaming = (async () => {
    for await (const { verdict } of inspector.stream(camera())) {
      if (verdict !== "undecided") answered++;
    }
  })();
  const samples = [];
  for (let swaps = 1; swaps <= options.swaps; swaps++) {
    await inspector.swap(paths[swaps % 2]);
    if (swaps % options.every === 0) samples.push(await sample(swaps));
  }
  done = true;
  await streaming;
  await inspector.close();
  return { offered, answered, samples };
}

async function sample(swaps) {
  // Twice, since what is freed by finalizers is free after the next.
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss: bytes, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const all = [bytes, heapUsed, external, arrayBuffers].map((part) => (part / 1e6).toFixed(1));
  console.error(
    `hot-swaps: ${swaps}: resident ${all[0]} MB, heap ${all[1]}, external ${all[2]}, buffers ${all[3]}`,
  );
  return { swaps, bytes };
}
