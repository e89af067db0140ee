// How fast are the kernels, beside their plain specifications and beside what a Python user would write?
//
//   npm run bench -- [--only NAME] [--quick] [--json FILE] [--official ADAPTER.py] [--write-docs]
//
// bench/README.md explains trials, drivers and kinds. The table goes to stdout, progress to stderr. Exit status 1 when a
// driver fails or computes something else than ours.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import * as kernels from "../dist/kernels/index.js";
import { root } from "../scripts/tools.mjs";
import { ours, peers } from "./drivers/index.mjs";
import { NotAvailable } from "./drivers/not-available.mjs";
import { Python } from "./drivers/python.mjs";
import { bandwidth, memoryBandwidth } from "./kinds/bandwidth.mjs";
import { growth } from "./kinds/growth.mjs";
import { speed } from "./kinds/speed.mjs";
import { machine } from "./report/machine.mjs";
import { reportText } from "./report/text.mjs";
import { tasks } from "./tasks.mjs";
import { growthTrials, trials } from "./trials.mjs";

const options = new Command("bench")
  .description("Measures the kernels beside their peers.")
  .option("--only <name>", "trials whose name contains this")
  .option("--quick", "a rough look: fewer calls, smaller growth")
  .option("--json <file>", "where the results go", join(root, "build/bench/results.json"))
  .option("--official <adapter>", "a Python file with the functions of bench/README.md")
  .option("--write-docs", "put the results into docs/performance.md and docs/pictures")
  .parse()
  .opts();
if (options.writeDocs && (options.quick || options.only)) {
  wrongUsage("--write-docs wants a whole run, without --quick and --only");
}

const effort = options.quick
  ? { budget: 0.1, least: 1, largest: 224, megabytes: 64 }
  : { budget: 0.8, least: 3, largest: 1024, megabytes: 256 };
const chosen = (list) => list.filter(({ name }) => name.includes(options.only ?? ""));
if (chosen([...trials, ...growthTrials]).length === 0) {
  wrongUsage(`no trial's name contains "${options.only}"; they are ${names([...trials, ...growthTrials])}`);
}
const skipped = new Set();
const failed = new Set();

const python = new Python();
try {
  await publish(await measureAll());
} finally {
  python.close();
}

async function measureAll() {
  const measuredOn = machine(await python.versions());
  const memory = await orSkip("bandwidth", "bandwidth", async () => memoryBandwidth(effort.megabytes));
  const drivers = [ours, ...peers(python, options.official && resolve(options.official))];
  const results = [];
  for (const trial of chosen(trials)) results.push(...(await resultsOf(trial, drivers, memory)));
  const series = [];
  for (const trial of chosen(growthTrials)) series.push(...(await growthOf(trial)));
  return {
    machine: measuredOn,
    memory,
    results,
    growth: series,
    skipped: [...skipped],
    failed: [...failed],
  };
}

/** One trial with every driver, ours first. */
async function resultsOf(trial, drivers, memory) {
  const task = tasks[trial.task];
  if (!task.needs.every((kernel) => kernel in kernels)) return skip(withoutKernel(trial));
  const inputs = trial.inputs();
  const expected = task.result?.(task.run(kernels, inputs));
  const results = [];
  for (const driver of drivers.filter(({ heavy }) => trial.small || !heavy)) {
    const work = () => measured(trial, driver, inputs, expected);
    const seconds = await orSkip(driver.name, trial.name, work);
    if (!seconds) continue;
    const share = task.moves && memory && bandwidth(task.moves(inputs), seconds.min, memory);
    const ratio = seconds.min / (results[0] ?? seconds).min;
    results.push({
      trial: trial.name,
      driver: driver.name,
      ...seconds,
      ratio,
      bandwidth: share,
      note: trial.note,
    });
  }
  return results;
}

/** Seconds per call of one driver, or nothing where it does not do this; its result is compared with ours before. */
async function measured(trial, driver, inputs, expected) {
  const prepared = await driver.prepare(trial, inputs, expected);
  if (!prepared) return undefined;
  console.error(`bench: ${trial.name}, ${driver.name}`);
  try {
    const { difference } = prepared;
    const { tolerance } = tasks[trial.task];
    if (difference > tolerance) {
      throw new Error(`the result differs from ours by ${difference}, more than ${tolerance}`);
    }
    return { ...(await speed(prepared, effort)), difference };
  } finally {
    prepared.close?.();
  }
}

async function growthOf(trial) {
  console.error(`bench: ${trial.name}`);
  const found = await growth(trial, ours, effort);
  return found ? [found] : skip(withoutKernel(trial));
}

function withoutKernel({ name, task }) {
  return `${name}: ours has no ${tasks[task].needs.join(", ")} yet`;
}

/** What cannot be measured here is named once; what fails is an error, but does not end the run. */
async function orSkip(who, what, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotAvailable) skip(`${who}: ${error.message}`);
    else failed.add(`${what}, ${who}: ${error.message}`);
    return undefined;
  }
}

function skip(why) {
  skipped.add(why);
  return [];
}

async function publish(report) {
  mkdirSync(dirname(resolve(options.json)), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.writeDocs) (await import("./report/docs.mjs")).writeDocs(report);
  console.log(reportText(report));
  if (report.failed.length > 0) process.exitCode = 1;
}

function names(list) {
  return list.map(({ name }) => name).join(", ");
}

function wrongUsage(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
