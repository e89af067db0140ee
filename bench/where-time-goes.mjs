// On what does a network spend its time on the CPU, and how near to the processor's peak is each kind of work?
//
//   node bench/where-time-goes.mjs [mobile | resnet18 | wide_resnet50_2 | mcait] [--threads 1] [--runs 5]
//
// ONNX Runtime's profile of backbone and flow on one image of 448 pixels, the least of each node's times; on a busy machine
// they still add up to less than any single run takes. GFLOP/s counts two operations per multiplication that is done: Winograd's
// algorithm does fewer. The peak is a product of two matrices of 1024² in ONNX Runtime.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { imageName } from "../dist/backbone/index.js";
import { withFewerMultiplications } from "../dist/onnx/fewer-multiplications.js";
import { Graph } from "../dist/onnx/graph.js";
import * as op from "../dist/onnx/operators.js";
import { serialize } from "../dist/onnx/serialize.js";
import { Random } from "../dist/random.js";
import { Network, side } from "./networks/network.mjs";
import { pipeTable } from "./report/table.mjs";

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "1" },
    runs: { type: "string", default: "5" },
  },
});
const name = positionals[0] ?? "wide_resnet50_2";
const threads = Number(values.threads);
const runs = Number(values.runs);
const scratch = mkdtempSync(join(tmpdir(), "uflow-profile-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

const peak = Math.max(...(await profile([{ network: product() }], productInput())).map(gflopsOf));
const network = await Network.build(name);
const nodes = await profile(network.sources, imageInput());
console.log(`${name}, 448 pixels, batch 1, threads: ${threads}; product 1024³: ${peak.toFixed(0)} GFLOP/s`);
console.log(pipeTable(rowsOf(nodes)));

function rowsOf(all) {
  const total = sum(all.map(({ seconds }) => seconds));
  const rows = [...new Set(all.map(({ kind }) => kind))].map((kind) => {
    const some = all.filter((node) => node.kind === kind);
    const [seconds, gflop] = [sum(some.map((node) => node.seconds)), sum(some.map((node) => node.gflop))];
    const rate = gflop > 0 ? [(gflop / seconds).toFixed(0), percent(gflop / seconds / peak)] : ["", ""];
    return {
      seconds,
      cells: [kind, `${some.length}`, milliseconds(seconds), percent(seconds / total), ...rate],
    };
  });
  rows.sort((a, b) => b.seconds - a.seconds);
  const shown = rows.filter(({ seconds }) => seconds >= total / 200);
  const rest = sum(rows.filter((row) => !shown.includes(row)).map(({ seconds }) => seconds));
  return [
    ["work", "nodes", "time", "share", "GFLOP/s", "of the product"],
    ...shown.map(({ cells }) => cells),
    ["all else", "", milliseconds(rest), percent(rest / total), "", ""],
    ["together", `${all.length}`, milliseconds(total), "", "", ""],
  ];
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function percent(part) {
  return `${Math.round(100 * part)} %`;
}

function milliseconds(seconds) {
  return `${(1e3 * seconds).toFixed(1)} ms`;
}

/** The nodes of networks that run one after the other, each with the least of its times. */
async function profile(sources, input) {
  const all = [];
  let feeds = input;
  for (const source of sources) {
    const session = await ort.InferenceSession.create(withFewerMultiplications(source.network), {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      enableProfiling: true,
      profileFilePrefix: join(scratch, "profile"),
      ...(source.weightsFolder && { extra: { session: mapped(source.weightsFolder) } }),
    });
    let results;
    for (let run = 0; run < runs; run++) results = await session.run(feeds);
    session.endProfiling();
    await session.release();
    feeds = results;
    all.push(...nodesOf(takeProfile()));
  }
  return all;
}

/** As in src/onnx/session.ts. */
function mapped(folder) {
  return { model_external_initializers_file_folder_path: folder, disable_prepacking: "1" };
}

function takeProfile() {
  const [file] = readdirSync(scratch);
  const events = JSON.parse(readFileSync(join(scratch, file), "utf8"));
  rmSync(join(scratch, file));
  return events;
}

function nodesOf(events) {
  const nodes = new Map();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
    const seconds = dur / 1e6;
    const known = nodes.get(name);
    if (known) known.seconds = Math.min(known.seconds, seconds);
    else nodes.set(name, { seconds, ...workOf(args) });
  }
  return [...nodes.values()];
}

/** What a node does, and how many operations of products that are, 10⁹. */
function workOf({ op_name: operator, input_type_shape, output_type_shape }) {
  const [inputs, outputs] = [input_type_shape, output_type_shape].map((list) => list.map(shapeOf));
  const results = outputs[0]?.reduce((count, size) => count * size, 1) ?? 0;
  if (operator.includes("Conv")) {
    const [, ...filter] = inputs[1];
    const [inGroup, ...sides] = filter;
    const groups = inputs[0][1] / inGroup;
    const kind =
      groups === 1
        ? `Conv ${sides.join(" × ")}`
        : inGroup === 1
          ? "Conv per channel: tiles"
          : "Conv 1 × 1: tiles";
    return { kind, gflop: (2 * results * filter.reduce((count, size) => count * size, 1)) / 1e9 };
  }
  if (!/MatMul|Gemm/.test(operator)) return { kind: operator, gflop: 0 };
  const summed = inputs[0].at(-1);
  const kind = operator === "MatMul" ? `MatMul, sums of ${summed}` : operator;
  return { kind, gflop: (2 * results * summed) / 1e9 };
}

function shapeOf(typed) {
  return Object.values(typed)[0];
}

function gflopsOf({ gflop, seconds }) {
  return gflop / seconds;
}

function product() {
  const g = new Graph();
  const weights = g.constant("b", new Float32Array(2 ** 20).fill(0.5), [1024, 1024]);
  g.output("y", op.matmul(g, g.input("x", [1024, 1024]), weights));
  return serialize(g);
}

function productInput() {
  return { x: new ort.Tensor("float32", new Float32Array(2 ** 20).fill(0.5), [1024, 1024]) };
}

function imageInput() {
  const random = new Random(2);
  const data = Float32Array.from({ length: 3 * side * side }, () => random.normal());
  return { [imageName]: new ort.Tensor("float32", data, [1, 3, side, side]) };
}
