// How long does a 3 × 3 convolution with ReLU take by Winograd's algorithm, beside ONNX Runtime's own?
//
//   node bench/winograd.mjs [--rounds 15]
//
// One image, with one thread and with two, both ways in turns: the least of all rounds, milliseconds. `src/onnx/fewer-multiplications.ts`
// rests on it.
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { Graph } from "../dist/onnx/graph.js";
import * as op from "../dist/onnx/operators.js";
import { serialize } from "../dist/onnx/serialize.js";
import { winograd } from "../dist/onnx/winograd.js";
import { tensor } from "./networks/tensor.mjs";
import { alignedTable } from "./report/table.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const rounds = Number(values.rounds);
/** Channels in and out, and the side of the map: of the paper's backbones and flows. */
const shapes = [
  [64, 64, 112],
  [128, 128, 112],
  [168, 168, 112],
  [168, 336, 112],
  [256, 256, 56],
  [320, 320, 56],
  [320, 640, 56],
  [512, 512, 28],
  [512, 1024, 28],
];

const rows = [["channels, side", ...[1, 2].flatMap((threads) => [`Conv, ${threads}`, "Winograd", "×"])]];
for (const [channels, out, side] of shapes) {
  const cells = [];
  for (const threads of [1, 2]) cells.push(...(await compared(channels, out, side, threads)));
  rows.push([`${channels} → ${out}, ${side}²`, ...cells]);
}
console.log(alignedTable(rows));

async function compared(channels, out, side, threads) {
  const x = tensor([1, channels, side, side]);
  const sessions = [];
  for (const how of [op.conv, winograd]) {
    const options = { executionProviders: ["cpu"], intraOpNumThreads: threads, logSeverityLevel: 4 };
    sessions.push(await ort.InferenceSession.create(network(how, channels, out, side), options));
  }
  const least = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    for (const [i, session] of sessions.entries()) {
      // The other's threads look for work for a while.
      await setTimeout(20);
      const start = performance.now();
      await session.run({ x });
      least[i] = Math.min(least[i], performance.now() - start);
    }
  }
  for (const session of sessions) await session.release();
  return [...least.map((time) => time.toFixed(1)), (least[0] / least[1]).toFixed(2)];
}

/** With something before and after, so that both begin and end in the same layout of memory. */
function network(how, channels, out, side) {
  const g = new Graph();
  const x = op.relu(g, g.input("x", ["batch", channels, side, side]));
  const weight = g.constant("weight", tensor([out, channels, 3, 3]).data, [out, channels, 3, 3]);
  const bias = g.constant("bias", tensor([out]).data, [out]);
  g.output("y", op.scale(g, op.relu(g, how(g, x, weight, bias)), 2));
  return serialize(g);
}
