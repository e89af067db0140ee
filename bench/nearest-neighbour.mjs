// How far does the plainest method get on the same features? The distance of every feature vector to the nearest one of
// good training images, as an anomaly map: a baseline for docs/results.md.
//
//   node bench/nearest-neighbour.mjs DATA … [--bank 4000]
//
// Features of strides 8 and 16, the coarser upsampled; a random bank of so many vectors of the training images.
import { parseArgs } from "node:util";
import { backboneOf, featureName, imageName } from "../dist/backbone/index.js";
import { aupro, imageAuroc, pixelAuroc } from "../dist/evaluate/metrics/index.js";
import { readDataset } from "../dist/image/datasets/index.js";
import { decodeImage } from "../dist/image/decode.js";
import { readMask } from "../dist/image/mask.js";
import { resample } from "../dist/kernels/index.js";
import { Graph } from "../dist/onnx/graph.js";
import * as op from "../dist/onnx/operators.js";
import { serialize } from "../dist/onnx/serialize.js";
import { Session } from "../dist/onnx/session.js";
import { Random } from "../dist/random.js";

const side = 256;
const grid = 32;
const vectors = grid * grid;
const cpu = { device: "cpu", threads: 0 };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { bank: { type: "string", default: "4000" } },
});

const { preprocessing, network } = backboneOf("mobile");
const backbone = await Session.create(await network(side), cpu);

for (const folder of positionals) {
  const { train, test } = await readDataset(folder);
  const bank = await bankOf(train, Number(values.bank));
  const nearest = await Session.create(nearestNetwork(bank), cpu);
  const scores = [];
  /** Undefined where nobody has said where it is defective. */
  const masks = [];
  for (const { path, defect, mask } of test) {
    const { data } = (
      await nearest.run({ x: { data: await vectorsOf(path), dims: [vectors, bank.dimensions] } })
    ).distance;
    scores.push(enlarged(data));
    const none = { data: new Uint8Array(side * side), width: side, height: side };
    masks.push(mask ? await readMask(mask, none) : defect === "good" ? none : undefined);
  }
  const anomalous = test.map(({ defect }) => defect !== "good");
  const highest = scores.map(({ data }) => data.reduce((a, b) => Math.max(a, b)));
  console.log(`${folder}: nearest of ${bank.count} vectors from ${train.length} good images`);
  /** Of the pixels of these images, as far as they have masks. */
  const ofPixels = (metric, numbers) => {
    const known = numbers.filter((i) => masks[i]);
    return text(
      metric(
        known.map((i) => scores[i]),
        known.map((i) => masks[i]),
      ),
    );
  };
  const all = [...test.keys()];
  console.log(
    `image AUROC ${text(imageAuroc(highest, anomalous))}  pixel AUROC ${ofPixels(pixelAuroc, all)}  AUPRO ${ofPixels(aupro, all)}`,
  );
  for (const kind of new Set(test.map(({ defect }) => defect).filter((defect) => defect !== "good"))) {
    const chosen = test.flatMap(({ defect }, i) => (defect === kind || defect === "good" ? [i] : []));
    console.log(`  ${kind.padEnd(12)} pixel AUROC ${ofPixels(pixelAuroc, chosen)}`);
  }
}

function text(metric) {
  return metric === null ? "–" : metric.toFixed(4);
}

/** One feature vector per pixel of the grid, [vectors, channels]. */
async function vectorsOf(path) {
  const image = resample(await decodeImage(path), { width: side, height: side, ...preprocessing });
  const features = await backbone.run({ [imageName]: { data: image, dims: [1, 3, side, side] } });
  const fine = features[featureName(1)];
  const coarse = features[featureName(2)];
  const [c1, c2] = [fine.dims[1], coarse.dims[1]];
  const out = new Float32Array(vectors * (c1 + c2));
  for (let i = 0; i < vectors; i++) {
    const half = (Math.floor(i / grid) >> 1) * (grid / 2) + ((i % grid) >> 1);
    for (let c = 0; c < c1; c++) out[i * (c1 + c2) + c] = fine.data[c * vectors + i];
    for (let c = 0; c < c2; c++) out[i * (c1 + c2) + c1 + c] = coarse.data[(c * vectors) / 4 + half];
  }
  return out;
}

async function bankOf(paths, count) {
  const random = new Random(0);
  const perImage = Math.ceil(count / paths.length);
  const rows = [];
  for (const path of paths) {
    const all = await vectorsOf(path);
    const dimensions = all.length / vectors;
    for (let k = 0; k < perImage; k++) {
      const i = random.below(vectors);
      rows.push(all.slice(i * dimensions, (i + 1) * dimensions));
    }
  }
  return { rows, count: rows.length, dimensions: rows[0].length };
}

/** min over the bank of |x − b|² = |x|² + min(|b|² − 2·x·b). */
function nearestNetwork({ rows, count, dimensions }) {
  const g = new Graph();
  const transposed = new Float32Array(dimensions * count);
  const squares = new Float32Array(count);
  rows.forEach((row, j) => {
    row.forEach((value, c) => {
      transposed[c * count + j] = -2 * value;
      squares[j] += value * value;
    });
  });
  const x = g.input("x", [vectors, dimensions]);
  const products = op.matmul(g, x, g.constant("bank", transposed, [dimensions, count]));
  const partial = op.add(g, products, g.constant("squares", squares, [count]));
  const least = g.node("ReduceMin", [partial], [vectors, 1], { axes: [1] });
  g.output("distance", op.add(g, least, op.sum(g, op.mul(g, x, x), [1])));
  return serialize(g);
}

/** Every vector's distance as a block of pixels. */
function enlarged(data) {
  const scale = side / grid;
  const at = (i) => Math.floor(i / side / scale) * grid + Math.floor((i % side) / scale);
  return {
    data: Float32Array.from({ length: side * side }, (_, i) => data[at(i)]),
    width: side,
    height: side,
  };
}
