// Does the service keep its memory and answer everything, hour after hour?
//
//   node bench/soak.mjs [--minutes 60] [--rate 20] [--write-docs]
//
// `uflow serve` in a process of its own, with all that a line writes: an audit store with the images that are not good, and a folder of
// records. A camera posts so many images per second, each with a deadline; every tenth is no image and refused. Once a minute the model is
// swapped for another one and memory is read; the first minutes fill what is bounded (the history of results, 1000 of them).
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { Agent, fetch } from "undici";
import { findImages } from "../dist/image/find-images.js";
import { writeLine } from "../dist/sample/index.js";
import { train } from "../dist/train/index.js";
import { serve } from "./drivers/service.mjs";
import { whole } from "./options.mjs";
import { writePart } from "./report/docs.mjs";
import { busyNote, machine } from "./report/machine.mjs";
import { slopeOf } from "./report/slope.mjs";
import { alignedTable, pipeTable } from "./report/table.mjs";

/** Two models of different size, so that what one leaves behind does not just fit the next. */
const inputSizes = [64, 128];

const options = new Command("soak")
  .description("Watches the service under a steady load for a long time.")
  .option("--minutes <number>", "at least 6", whole, 60)
  .option("--rate <number>", "images per second", whole, 20)
  .option("--write-docs", "put the results into docs/performance.md")
  .parse()
  .opts();
if (options.minutes < 6) wrongUsage("memory is told of at least 6 minutes");
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const measuredOn = machine();
const folder = await mkdtemp(join(tmpdir(), "uflow-soak-"));
/** A connection per request: one that is kept may be closed by the other side just when it is used again. */
const dispatcher = new Agent({ pipelining: 0 });
const counts = { sent: 0, good: 0, anomalous: 0, undecided: 0, refused: 0, lost: 0, swaps: 0 };
const minutes = [];
try {
  await soak();
} finally {
  await rm(folder, { recursive: true, force: true });
}
report();

async function soak() {
  const line = await writeLine(join(folder, "line"), "plate", { side: 128, train: 24, seed: 2 });
  for (const [i, inputSize] of inputSizes.entries()) {
    await train({
      data: line.folder,
      output: join(folder, `${i}.uflow`),
      inputSize,
      flowSteps: 1,
      epochs: 10,
    });
  }
  const audit = join(folder, "audit.db");
  const service = await serve(
    ...[join(folder, "0.uflow"), "--models", folder, "--audit", audit, "--audit-images", "not good"],
    ...["--records", join(folder, "records")],
  );
  const images = await pictures(line.folder);
  const underWay = new Set();
  const start = performance.now();
  let due = start;
  let minute = 1;
  for (let i = 0; minute <= options.minutes; i++) {
    // While this process is held up, the camera exposes nothing.
    due = Math.max(due + 1000 / options.rate, performance.now() - 1000);
    await sleep(Math.max(0, due - performance.now()));
    const asked = post(service.url, i % 10 === 9 ? Buffer.from("no image") : images[i % images.length]);
    underWay.add(asked);
    asked.finally(() => underWay.delete(asked));
    if (performance.now() - start < 60_000 * minute) continue;
    await swap(service.url, `${minute % 2}.uflow`);
    const megabytes = service.memory("VmRSS");
    minutes.push({ minute, megabytes, audit: (await stat(audit)).size / 1e6 });
    console.error(`soak: minute ${minute}: ${megabytes.toFixed(0)} MB, ${JSON.stringify(counts)}`);
    minute += 1;
  }
  await Promise.all(underWay);
  await service.stop();
}

/** All parts of the line to test with, some of them defective. */
async function pictures(line) {
  return await Promise.all((await findImages([join(line, "test")])).map((path) => readFile(path)));
}

async function post(url, body) {
  counts.sent += 1;
  try {
    const response = await fetch(`${url}/v1/inspect?deadline=5000`, {
      method: "POST",
      body,
      dispatcher,
      headers: { "content-type": "image/png" },
    });
    const answer = await response.json();
    if (!response.ok) counts.refused += 1;
    else counts[answer.results[0].verdict] += 1;
  } catch (error) {
    console.error(`soak: ${error.message}: ${error.cause?.message}`);
    counts.lost += 1;
  }
}

async function swap(url, file) {
  const response = await fetch(`${url}/v1/models/0`, {
    method: "PUT",
    dispatcher,
    body: JSON.stringify({ file }),
    headers: { "content-type": "application/json" },
  });
  if (!response.ok) throw new Error(`the model cannot be swapped: ${await response.text()}`);
  counts.swaps += 1;
}

function report() {
  const { processor, cores, memoryGiB, system, node } = measuredOn;
  const { slope, error } = slopeOf(minutes.map(({ minute, megabytes }) => [minute / 60, megabytes]));
  const { sent, swaps, lost, ...ends } = counts;
  const what = Object.entries(ends).map(([end, count]) => `${count} ${end}`);
  const parts = (table) => [
    `Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}${busyNote(measuredOn)}.`,
    `${options.minutes} minutes, ${swaps} swaps: ${sent} sent, ${what.join(", ")}, ${lost} without an answer.`,
    table([
      ["minute", ...eighths().map(({ minute }) => String(minute))],
      ["resident, MB", ...eighths().map(({ megabytes }) => megabytes.toFixed(0))],
      ["audit store, MB", ...eighths().map(({ audit }) => audit.toFixed(1))],
    ]),
    `Growth after the first quarter: ${slope.toFixed(1)} ± ${error.toFixed(1)} MB per hour.`,
  ];
  console.log(parts(alignedTable).join("\n\n"));
  if (options.writeDocs) writePart("soak", parts(pipeTable).join("\n\n"));
  if (lost > 0 || sent !== Object.values(ends).reduce((sum, count) => sum + count, 0)) process.exitCode = 1;
}

/** The first minute, and the ends of all eighths. */
function eighths() {
  const places = Array.from({ length: 8 }, (_, i) => Math.round(((i + 1) * minutes.length) / 8) - 1);
  return [0, ...places].map((i) => minutes[i]);
}

function wrongUsage(message) {
  console.error(`soak: ${message}`);
  process.exit(2);
}
