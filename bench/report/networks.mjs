// The figures of whole networks: for a terminal, and in docs/performance.md.
import { env } from "onnxruntime-node";
import { median } from "../kinds/speed.mjs";
import { writePart } from "./docs.mjs";
import { busyNote } from "./machine.mjs";
import { alignedTable, digits, duration, pipeTable } from "./table.mjs";

const header = [
  "network",
  "run",
  "ours",
  "median",
  "PyTorch",
  "median",
  "× ours",
  "GFLOP/s, ours",
  "of a product",
  "differs by",
];
/** How many times as long PyTorch should take. */
const aim = 1.3;

/** A case in short, as soon as it is measured. */
export function progress(row) {
  const { name, batch, threads, seconds } = row;
  const [ours, theirs] = [seconds.ours, seconds.torch].map((all) => duration(Math.min(...all)));
  return `${name}, batch ${batch}, ${threadsText(threads)}: ${ours}, PyTorch ${theirs}, × ${digits(ratioOf(row))}`;
}

export function networksText(machine, rows) {
  return [summary(machine, rows), alignedTable(tableOf(rows)), verdict(rows)].join("\n\n");
}

export function writeNetworks(machine, rows) {
  writePart("networks", [summary(machine, rows), pipeTable(tableOf(rows)), verdict(rows)].join("\n\n"));
}

function summary(machine, rows) {
  const { processor, cores, memoryGiB, system, node } = machine;
  const runtime = `ONNX Runtime ${env.versions.node}`;
  const products = [...products1024(rows)].map(
    ([threads, gflops]) => `${gflops.toFixed(0)} GFLOP/s with ${threadsText(threads)}`,
  );
  return `Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}, ${runtime}; ${rows[0].versions}${busyNote(machine)}. Product 1024³: ${products.join(", ")}.`;
}

/** GFLOP/s of the fastest product that was measured with so many threads. */
function products1024(rows) {
  const fastest = new Map();
  for (const { threads, product } of rows) {
    fastest.set(threads, Math.max(product, fastest.get(threads) ?? 0));
  }
  return fastest;
}

function tableOf(rows) {
  const products = products1024(rows);
  const cells = rows.map((row, i) => {
    const { name, batch, threads, seconds, gflop, difference } = row;
    const gflops = gflop / Math.min(...seconds.ours);
    return [
      rows[i - 1]?.name === name ? "" : name,
      `batch ${batch}, ${threadsText(threads)}`,
      ...[seconds.ours, seconds.torch].flatMap(fastestAndMedian).map(duration),
      digits(ratioOf(row)),
      gflops.toFixed(0),
      `${Math.round((100 * gflops) / products.get(threads))} %`,
      difference.toExponential(0),
    ];
  });
  return [header, ...cells];
}

function verdict(rows) {
  const reached = rows.filter((row) => ratioOf(row) >= aim).length;
  return `PyTorch takes at least ${aim} times as long in ${reached} of ${rows.length} cases.`;
}

export function fastestAndMedian(seconds) {
  const sorted = seconds.toSorted((a, b) => a - b);
  return [sorted[0], median(sorted)];
}

export function ratioOf({ seconds }) {
  return Math.min(...seconds.torch) / Math.min(...seconds.ours);
}

export function threadsText(threads) {
  return threads === 1 ? "1 thread" : `${threads} threads`;
}
