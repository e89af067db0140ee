// How long does a step of training take beside PyTorch, and an epoch beside computing the features anew in each?
//
//   node bench/training.mjs [--only mobile] [--of step|epoch] [--threads 2] [--rounds 5] [--write-docs]
//
// The same flow from the same parameters on both sides, which take turns; the loss of every step is compared. Each runs in a
// process of its own, whose peak memory is told. Without options it takes about four minutes, and 3 GB in the temporary folder
// for the random weights of MS-CaiT.
import { setTimeout } from "node:timers/promises";
import { Command, Option } from "commander";
import { findPython, howToInstall } from "./drivers/python.mjs";
import { TrainedFlow } from "./networks/trained-flow.mjs";
import { whole } from "./options.mjs";
import { machine } from "./report/machine.mjs";
import { progress, trainingText, writeTraining } from "./report/training.mjs";

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/**
 * Images per batch; `images` of an epoch when the other side computes their features anew. With MS-CaiT that takes PyTorch half a
 * minute for two.
 */
const cases = [
  { name: "mobile", side: 256, batch: 4, rounds: 9 },
  { name: "mobile", side: 256, batch: 8, rounds: 9 },
  { name: "resnet18", side: 256, batch: 8, rounds: 5 },
  { name: "mcait", side: 448, batch: 4, rounds: 3 },
  { name: "resnet18", side: 256, batch: 8, rounds: 3, images: 16 },
  { name: "mcait", side: 448, batch: 2, rounds: 1, images: 2, threads: [2], tolerance: 1e-2 },
];
/**
 * Of |theirs − ours| / (1 + |ours|), losses in float32. The features of MS-CaiT with random weights are nearly the same at all pixels:
 * many gradients are zero but for rounding, of which Adam's first steps make whole ones.
 */
const usualTolerance = 1e-4;
const rate = 1e-3;

const options = new Command("training")
  .description("Measures steps and epochs of training beside PyTorch.")
  .option("--only <name>", "backbones whose name contains this", "")
  .addOption(new Option("--of <kind>", "steps or epochs alone").choices(["step", "epoch"]))
  .option("--threads <number>", "default: 1, then 2", whole)
  .option("--rounds <number>", "steps or epochs of each side; default: 9 to 3, fewer of the slower", whole)
  .option("--write-docs", "put the results into docs/performance.md")
  .parse()
  .opts();
const chosen = cases.filter(
  ({ name, images }) =>
    name.includes(options.only) && (!options.of || (options.of === "epoch") === images > 0),
);
if (chosen.length === 0) wrongUsage("no such case");
if (options.writeDocs && (options.only || options.of || options.threads || options.rounds)) {
  wrongUsage("--write-docs wants all cases");
}
const { command: python, missing } = findPython();
const absent = missing.filter((module) => ["numpy", "torch"].includes(module));
if (absent.length > 0) wrongUsage(howToInstall(absent));

const measuredOn = machine();
const rows = [];
for (const one of chosen) {
  for (const threads of options.threads ? [options.threads] : (one.threads ?? [1, 2])) {
    const row = { ...one, threads, ...(await measured(one, threads)) };
    console.error(`training: ${progress(row)}`);
    rows.push(row);
  }
}
console.log(trainingText(measuredOn, rows));
if (options.writeDocs) writeTraining(measuredOn, rows);

async function measured({ name, side, batch, images, rounds, tolerance = usualTolerance }, threads) {
  const flow = new TrainedFlow(name, side, images !== undefined);
  const [ours, torch] = [await flow.ours(threads), await flow.torch(python, threads)];
  try {
    const count = images === undefined ? 1 : images / batch;
    const batches = Array.from({ length: count }, (_, number) => flow.batch(batch, number));
    // The first round finds nothing allocated, no network built, and no features.
    const { features } = await compared({ ours, torch }, batches, { rounds: 1, tolerance: usualTolerance });
    return {
      versions: torch.versions,
      ...(await compared({ ours, torch }, batches, { rounds: options.rounds ?? rounds, tolerance })),
      features,
    };
  } finally {
    ours.close();
    torch.close();
    flow.close();
  }
}

/** Seconds per round of both sides, which take turns. Each waits until the other's threads have stopped looking for work. */
async function compared(sides, batches, { rounds, tolerance }) {
  const seconds = { ours: [], torch: [] };
  const memory = {};
  let features = 0;
  let difference = 0;
  for (let round = 0; round < rounds; round++) {
    const losses = {};
    for (const [side, { run }] of Object.entries(sides)) {
      await setTimeout(100);
      const steps = [];
      for (const batch of batches) steps.push(await run(batch, rate));
      seconds[side].push(sum(steps.map((step) => step.seconds)));
      losses[side] = steps.map(({ loss }) => loss);
      memory[side] = steps.at(-1).memory;
      if (side === "ours") features += sum(steps.map((step) => step.features));
    }
    difference = Math.max(difference, differenceOf(losses.ours, losses.torch, tolerance));
  }
  return { seconds, memory, features, difference };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function differenceOf(mine, theirs, tolerance) {
  const difference = Math.max(...mine.map((loss, i) => Math.abs(theirs[i] - loss) / (1 + Math.abs(loss))));
  if (difference <= tolerance) return difference;
  throw new Error(
    `PyTorch's losses ${theirs} differ from ours, ${mine}, by ${difference}, more than ${tolerance}`,
  );
}

function wrongUsage(message) {
  console.error(`training: ${message}`);
  process.exit(2);
}
