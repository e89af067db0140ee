// The figures of training: for a terminal, and in docs/performance.md.
import { env } from "onnxruntime-node";
import { writePart } from "./docs.mjs";
import { busyNote } from "./machine.mjs";
import { fastestAndMedian, ratioOf, threadsText } from "./networks.mjs";
import { alignedTable, digits, duration, pipeTable } from "./table.mjs";

const header = [
  "backbone",
  "run",
  "ours",
  "median",
  "PyTorch",
  "median",
  "× ours",
  "peak memory, ours",
  "PyTorch",
  "differs by",
];
/** How many times as long PyTorch should take at least: for a step, and for an epoch with the features anew. */
const aims = { step: 1, epoch: 5 };

/** A case in short, as soon as it is measured. */
export function progress(row) {
  const [ours, theirs] = [row.seconds.ours, row.seconds.torch].map((all) => duration(Math.min(...all)));
  return `${row.name}, ${runText(row)}: ${ours}, PyTorch ${theirs}, × ${digits(ratioOf(row))}`;
}

export function trainingText(machine, rows) {
  return [summary(machine, rows), alignedTable(tableOf(rows)), verdict(rows)].join("\n\n");
}

export function writeTraining(machine, rows) {
  writePart("training", [summary(machine, rows), pipeTable(tableOf(rows)), verdict(rows)].join("\n\n"));
}

function summary(machine, rows) {
  const { processor, cores, memoryGiB, system, node } = machine;
  return `Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}, ONNX Runtime ${env.versions.node}; ${rows[0].versions}${busyNote(machine)}.`;
}

function tableOf(rows) {
  const cells = rows.map((row, i) => {
    const { name, side, seconds, memory, difference } = row;
    const label = `${name}@${side}`;
    return [
      rows[i - 1]?.name === name ? "" : label,
      runText(row),
      ...[seconds.ours, seconds.torch].flatMap(fastestAndMedian).map(duration),
      digits(ratioOf(row)),
      ...[memory.ours, memory.torch].map((bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`),
      difference.toExponential(0),
    ];
  });
  return [header, ...cells];
}

function runText({ batch, threads, images }) {
  return `${images === undefined ? "step" : `epoch of ${images} images`}, batch ${batch}, ${threadsText(threads)}`;
}

function verdict(rows) {
  const epochs = rows.filter(({ images }) => images !== undefined);
  const steps = rows.filter(({ images }) => images === undefined);
  const reached = (some, aim) => `${some.filter((row) => ratioOf(row) >= aim).length} of ${some.length}`;
  const features = epochs.map(
    ({ name, features, threads }) => `${duration(features)} (${name}, ${threadsText(threads)})`,
  );
  return [
    steps.length > 0 &&
      `PyTorch's step takes at least as long as ours in ${reached(steps, aims.step)} cases.`,
    epochs.length > 0 &&
      `An epoch with the features computed anew takes at least ${aims.epoch} times as long in ${reached(epochs, aims.epoch)}; ours computed them once, in ${features.join(", ")}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
