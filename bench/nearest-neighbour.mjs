// How far does the plainest method get on the same features? The distance of every feature vector to the nearest one of
// good training images, as an anomaly map: a baseline for docs/results.md.
//
//   node bench/nearest-neighbour.mjs DATA … [--strides 8,16 …] [--bank 4000]
//
// Features of these strides of `mobile4` (of 4, 8, 16, 32, the first three those of `mobile`; may be given several times), the
// coarser upsampled; a random bank of so many vectors of the training images.
import { parseArgs } from "node:util";
import { backboneOf, featureName, imageName } from "../dist/backbone/index.js";
import { mobile4Outputs } from "../dist/backbone/mobile.js";
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
const cpu = { device: "cpu", threads: 0 };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    strides: { type: "string", multiple: true, default: ["8,16"] },
    bank: { type: "string", default: "4000" },
  },
});

const { preprocessing, network } = backboneOf("mobile4");
const backbone = await Session.create(await network(side), cpu);

for (const folder of positionals) {
  const { train, test } = await readDataset(folder);
  for (const strides of values.strides) await examine(folder, { train, test }, scalesOf(strides));
}

/** The scales of some strides, finest first; and the side of the grid that the finest has. */
function scalesOf(strides) {
  const wanted = strides.split(",").map(Number);
  const scales = mobile4Outputs.flatMap(({ stride }, scale) => (wanted.includes(stride) ? [scale] : []));
  if (scales.length !== wanted.length)
    throw new Error(`--strides: expected some of 4,8,16,32, but received ${strides}`);
  return { strides, scales, grid: side / Math.min(...wanted) };
}

async function examine(folder, { train, test }, { strides, ...shape }) {
  const bank = await bankOf(train, Number(values.bank), shape);
  const nearest = await Session.create(nearestNetwork(bank, shape), cpu);
  const scores = [];
  /** Undefined where nobody has said where it is defective. */
  const masks = [];
  for (const { path, defect, mask } of test) {
    const dims = [shape.grid ** 2, bank.dimensions];
    const { data } = (await nearest.run({ x: { data: await vectorsOf(path, shape), dims } })).distance;
    scores.push(enlarged(data, shape.grid));
    const none = { data: new Uint8Array(side * side), width: side, height: side };
    masks.push(mask ? await readMask(mask, none) : defect === "good" ? none : undefined);
  }
  const anomalous = test.map(({ defect }) => defect !== "good");
  const highest = scores.map(({ data }) => data.reduce((a, b) => Math.max(a, b)));
  console.log(
    `${folder}: strides ${strides}, nearest of ${bank.count} vectors from ${train.length} good images`,
  );
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
async function vectorsOf(path, { scales, grid }) {
  const image = resample(await decodeImage(path), { width: side, height: side, ...preprocessing });
  const features = await backbone.run({ [imageName]: { data: image, dims: [1, 3, side, side] } });
  const maps = scales.map((scale) => features[featureName(scale)]);
  const dimensions = maps.reduce((sum, { dims }) => sum + dims[1], 0);
  const out = new Float32Array(grid * grid * dimensions);
  for (let i = 0; i < grid * grid; i++) {
    let at = i * dimensions;
    for (const { data, dims } of maps) {
      const [, channels, rows] = dims;
      const coarser = grid / rows;
      const pixel = Math.floor(i / grid / coarser) * rows + Math.floor((i % grid) / coarser);
      for (let c = 0; c < channels; c++) out[at++] = data[c * rows * rows + pixel];
    }
  }
  return out;
}

async function bankOf(paths, count, shape) {
  const random = new Random(0);
  const perImage = Math.ceil(count / paths.length);
  const vectors = shape.grid ** 2;
  const rows = [];
  for (const path of paths) {
    const all = await vectorsOf(path, shape);
    const dimensions = all.length / vectors;
    for (let k = 0; k < perImage; k++) {
      const i = random.below(vectors);
      rows.push(all.slice(i * dimensions, (i + 1) * dimensions));
    }
  }
  return { rows, count: rows.length, dimensions: rows[0].length };
}

/** min over the bank of |x − b|² = |x|² + min(|b|² − 2·x·b). */
function nearestNetwork({ rows, count, dimensions }, { grid }) {
  const g = new Graph();
  const transposed = new Float32Array(dimensions * count);
  const squares = new Float32Array(count);
  rows.forEach((row, j) => {
    row.forEach((value, c) => {
      transposed[c * count + j] = -2 * value;
      squares[j] += value * value;
    });
  });
  const x = g.input("x", [grid ** 2, dimensions]);
  const products = op.matmul(g, x, g.constant("bank", transposed, [dimensions, count]));
  const partial = op.add(g, products, g.constant("squares", squares, [count]));
  const least = g.node("ReduceMin", [partial], [grid ** 2, 1], { axes: [1] });
  g.output("distance", op.add(g, least, op.sum(g, op.mul(g, x, x), [1])));
  return serialize(g);
}

/** Every vector's distance as a block of pixels. */
function enlarged(data, grid) {
  const scale = side / grid;
  const at = (i) => Math.floor(i / side / scale) * grid + Math.floor((i % side) / scale);
  return {
    data: Float32Array.from({ length: side * side }, (_, i) => data[at(i)]),
    width: side,
    height: side,
  };
}
