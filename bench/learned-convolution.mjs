// How long does a 3 × 3 convolution of a training step, with its gradients, take by Winograd's algorithm, beside the operator's form?
//
//   node bench/learned-convolution.mjs [--rounds 7]
//
// One thread, both ways in turns: the least of all rounds, milliseconds. The thresholds in `src/onnx/learned-convolution.ts` rest on it.
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { gradients } from "../dist/onnx/gradient.js";
import { Graph } from "../dist/onnx/graph.js";
import { takesFewerMultiplications, winogradByProducts } from "../dist/onnx/learned-convolution.js";
import * as op from "../dist/onnx/operators.js";
import { serialize } from "../dist/onnx/serialize.js";
import { tensor } from "./networks/tensor.mjs";
import { alignedTable } from "./report/table.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });
const rounds = Number(values.rounds);
/** Images of a share, channels in and out, and the side of the map: of the flows. */
const shapes = [
  [2, 408, 408, 28],
  [2, 408, 816, 28],
  [1, 408, 408, 28],
  [2, 192, 192, 14],
  [4, 192, 192, 14],
  [2, 512, 512, 16],
  [2, 320, 320, 32],
  [2, 168, 168, 64],
  [4, 128, 128, 16],
  [4, 80, 80, 32],
  [4, 42, 42, 64],
];

const rows = [["images, channels, side", "Conv", "Winograd", "×", "taken"]];
for (const shape of shapes) {
  const [images, channels, out, side] = shape;
  const taken = takesFewerMultiplications({ images, channels, height: side, width: side });
  const name = `${images}, ${channels} → ${out}, ${side}²`;
  rows.push([name, ...(await compared(shape)), taken ? "Winograd" : "Conv"]);
}
console.log(alignedTable(rows));

async function compared([images, channels, out, side]) {
  const inputs = {
    x: tensor([images, channels, side, side]),
    weight: tensor([out, channels, 3, 3]),
    bias: tensor([out]),
    dy: tensor([images, out, side, side]),
  };
  const sessions = [];
  for (const how of [op.conv, winogradByProducts]) {
    const options = { executionProviders: ["cpu"], intraOpNumThreads: 1, enableMemPattern: false };
    sessions.push(await ort.InferenceSession.create(network(how, inputs), options));
  }
  const least = [Infinity, Infinity];
  // The first round finds nothing allocated.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, session] of sessions.entries()) {
      const start = performance.now();
      await session.run(inputs);
      if (round > 0) least[i] = Math.min(least[i], performance.now() - start);
    }
  }
  for (const session of sessions) await session.release();
  return [...least.map((time) => time.toFixed(1)), (least[0] / least[1]).toFixed(2)];
}

function network(how, inputs) {
  const g = new Graph();
  const [x, weight, bias, dy] = Object.entries(inputs).map(([name, { dims }]) => g.input(name, dims));
  const y = how(g, x, weight, bias);
  g.output("y", y);
  const learned = [x, weight, bias];
  const slopes = gradients(g, op.sum(g, op.mul(g, y, dy), [0, 1, 2, 3], false), learned);
  slopes.forEach((slope, i) => {
    g.output(`slope_${i}`, slope);
  });
  return serialize(g);
}
