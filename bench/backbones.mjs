// How long does a whole network of the paper take on the CPU (backbone, normalisation, flow), beside the same in PyTorch?
//
//   node bench/backbones.mjs [--only resnet18] [--batch 1] [--threads 2] [--rounds 5] [--write-docs]
//
// Images of 448 pixels, random weights, the same on both sides; what both compute is compared in every round. Both take
// turns. Ours takes several images as Inspector does, one after the other; PyTorch so and as one batch, and the faster of
// both counts. Without options it takes about five minutes, much of that PyTorch's one run of MS-CaiT per number of threads.
import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import { Random } from "../dist/random.js";
import { findPython, howToInstall } from "./drivers/python.mjs";
import { Network, side } from "./networks/network.mjs";
import { whole } from "./options.mjs";
import { machine } from "./report/machine.mjs";
import { networksText, progress, writeNetworks } from "./report/networks.mjs";

// What is interrupted takes its gigabytes of weights with it; see Network.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** Eight images at once fill the memory with attention maps in MS-CaiT, so that it has one. */
const cases = [
  {
    name: "resnet18",
    runs: [
      { batch: 1, rounds: 9 },
      { batch: 8, rounds: 5 },
    ],
  },
  {
    name: "wide_resnet50_2",
    runs: [
      { batch: 1, rounds: 5 },
      { batch: 8, rounds: 2 },
    ],
  },
  { name: "mcait", runs: [{ batch: 1, rounds: 1 }] },
];
/** Of |theirs − ours| / (1 + |ours|), both in float32. */
const tolerance = 1e-3;

const options = new Command("backbones")
  .description("Measures the paper's networks, features and flow, beside PyTorch.")
  .option("--only <name>", "networks whose name contains this", "")
  .option("--batch <images>", "images per run: 1 or 8; default: both", whole)
  .option("--threads <number>", "default: 1, then 2", whole)
  .option("--rounds <number>", "runs of each side; default: 9 to 1, fewer of the slower", whole)
  .option("--write-docs", "put the results into docs/performance.md")
  .parse()
  .opts();
const chosen = cases
  .filter(({ name }) => name.includes(options.only))
  .map(({ name, runs }) => ({ name, runs: runs.filter(isChosen) }))
  .filter(({ runs }) => runs.length > 0);
if (chosen.length === 0) wrongUsage("no such network and batch");
if (options.writeDocs && (options.only || options.batch || options.threads || options.rounds)) {
  wrongUsage("--write-docs wants all cases");
}
const { command: python, missing } = findPython();
const absent = missing.filter((module) => ["numpy", "torch"].includes(module));
if (absent.length > 0) wrongUsage(howToInstall(absent));

const measuredOn = machine();
const rows = [];
for (const { name, runs } of chosen) rows.push(...(await rowsOf(name, runs)));
console.log(networksText(measuredOn, rows));
if (options.writeDocs) writeNetworks(measuredOn, rows);

function isChosen({ batch }) {
  return options.batch === undefined || batch === options.batch;
}

async function rowsOf(name, runs) {
  const network = await Network.build(name);
  const found = [];
  try {
    for (const threads of options.threads ? [options.threads] : [1, 2]) {
      found.push(...(await withThreads(network, threads, runs)));
    }
  } finally {
    network.close();
  }
  return found;
}

async function withThreads(network, threads, runs) {
  const torch = await network.torch(python, threads);
  const ours = await network.ours(threads);
  const found = [];
  try {
    for (const { batch, rounds } of runs) {
      const measured = await compared({ ours, torch }, batch, options.rounds ?? rounds);
      const { product, versions } = torch;
      const row = { name: network.name, batch, threads, product, versions, ...measured };
      console.error(`backbones: ${progress(row)}`);
      found.push(row);
    }
  } finally {
    await ours.close();
    torch.close();
  }
  return found;
}

/**
 * Seconds of both sides, which take turns. Each waits until the other's threads have stopped looking for work.
 * PyTorch's are of the batch at once or of one image after the other, whichever is faster.
 */
async function compared({ ours, torch }, batch, rounds) {
  const random = new Random(2);
  const dims = [batch, 3, side, side];
  const images = {
    data: Float32Array.from({ length: batch * 3 * side * side }, () => random.normal()),
    dims,
  };
  const mine = [];
  const theirs = new Map([...new Set([batch, 1])].map((atOnce) => [atOnce, []]));
  let gflop;
  let difference = 0;
  for (let round = 0; round < rounds; round++) {
    await setTimeout(100);
    const { seconds, energies } = await ours.run(images);
    mine.push(seconds);
    for (const [atOnce, runs] of theirs) {
      await setTimeout(100);
      const run = await torch.run(images, atOnce);
      runs.push(run.seconds);
      gflop = run.gflop;
      difference = Math.max(difference, differenceOf(energies, run.energies));
    }
  }
  const fastest = [...theirs.values()].toSorted((a, b) => Math.min(...a) - Math.min(...b))[0];
  return { seconds: { ours: mine, torch: fastest }, gflop, difference };
}

function differenceOf(mine, theirs) {
  if (mine.length !== theirs.length) throw new Error(`${mine.length} energies, PyTorch has ${theirs.length}`);
  const difference = mine.reduce(
    (most, energy, i) => Math.max(most, Math.abs(theirs[i] - energy) / (1 + energy)),
    0,
  );
  if (difference <= tolerance) return difference;
  throw new Error(`PyTorch's energies differ from ours by ${difference}, more than ${tolerance}`);
}

function wrongUsage(message) {
  console.error(`backbones: ${message}`);
  process.exit(2);
}
