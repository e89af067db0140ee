// What does the automatic threshold find, and does it keep its promise on good images?
//
//   node bench/operating-point.mjs DATA … [--seeds 0,1,2] [--epochs 60] [--plot build/bench/operating-point.svg]
//
// Per DATA folder (MVTec layout) and seed a flow is trained on three quarters of the good training images, and the
// background is fitted to the rest; test images judge. Half a minute to five minutes each. A row per way of testing:
//   mIoU, defects   automatic threshold, all test images, and defective ones alone
//   found           part of the defective images with a detection
//   alarms          part of the good test images with one
// The plot has, for each ε, the part of all good test images whose most significant region has NFA < ε.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { fitBackground, onScales } from "../dist/a-contrario/fit.js";
import { featureName, imageName } from "../dist/backbone/features.js";
import { featureScales } from "../dist/backbone/index.js";
import { backboneFrom, findBackbone, networkFrom, openBackboneStore } from "../dist/backbone/stored.js";
import { latentScales } from "../dist/flow/architecture.js";
import { energyName, energyNetwork } from "../dist/flow/energy-network.js";
import { initialParameters } from "../dist/flow/parameters.js";
import { readDataset } from "../dist/image/datasets/index.js";
import { decodeImage } from "../dist/image/decode.js";
import { readMask } from "../dist/image/mask.js";
import { preprocess } from "../dist/image/preprocess.js";
import { anomalyMap, Segmenter } from "../dist/kernels/index.js";
import { Session } from "../dist/onnx/session.js";
import { Random } from "../dist/random.js";
import { FeatureCache } from "../dist/train/feature-cache.js";
import { batchesOf, learningRateAt } from "../dist/train/schedule.js";
import { Trainer } from "../dist/train/trainer.js";
import { promisePlot } from "./report/promise-plot.mjs";

const side = 256;
const to = { width: side, height: side };
const cpu = { device: "cpu", threads: 0 };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "0,1,2" },
    epochs: { type: "string", default: "60" },
    plot: { type: "string", default: "build/bench/operating-point.svg" },
  },
});

const source = await findBackbone("mobile", openBackboneStore());
const backbone = backboneFrom(source);
const scales = featureScales(backbone, side);
const architecture = { scales, flowSteps: 4, normalization: backbone.normalization };
const network = await Session.create((await networkFrom(source, side)).network, cpu);
const segmenter = new Segmenter();

/** Log NFA of the most significant region of every good test image, per way of testing. */
const onGood = {};
console.log(["data", "seed", "tests", "mIoU", "defects", "found", "alarms"].join("\t"));
for (const folder of positionals) {
  for (const seed of values.seeds.split(",").map(Number)) await examine(folder, seed);
}
await network.close();
await mkdir(dirname(values.plot), { recursive: true });
await writeFile(values.plot, promisePlot(onGood));

async function examine(folder, seed) {
  const { train, test } = await readDataset(folder);
  const order = Array.from(Random.stream(seed, "held out").permutation(train.length), (i) => train[i]);
  const heldOut = Math.max(2, Math.round(train.length / 4));
  const flow = await learn(await featuresOf(order.slice(heldOut)), seed);
  const held = await energiesOf(flow, await featuresOf(order.slice(0, heldOut)));
  const tested = await energiesOf(flow, await featuresOf(test.map(({ path }) => path)));
  await flow.close();
  const masks = await Promise.all(test.map(maskOf));
  for (const [tests, logNfaOf] of Object.entries(waysOfTesting(held))) {
    const rows = tested.map((energies, i) => judged(logNfaOf(energies), masks[i], test[i].defect === "good"));
    const good = rows.filter((row) => row.good);
    const defective = rows.filter((row) => !row.good);
    onGood[tests] = [...(onGood[tests] ?? []), ...good.map(({ logNfa }) => logNfa)];
    const figures = [
      mean(rows.map(({ iou }) => iou)),
      mean(defective.map(({ iou }) => iou)),
      mean(defective.map(({ logNfa }) => Number(logNfa < 0))),
      mean(good.map(({ logNfa }) => Number(logNfa < 0))),
    ];
    console.log([folder, seed, tests, ...figures.map((x) => x.toFixed(3))].join("\t"));
  }
}

/** From the energies of an image to its map of log NFA. The fair threshold is none: what is above counts as −1. */
function waysOfTesting(held) {
  const { scales: fitted, joint } = fitBackground(held);
  const segment = (energies, options) => segmenter.segment(energies, { ...to, ...options }).logNfaMap.data;
  const scores = Float32Array.from(held.flatMap((energies) => [...anomalyMap(energies, to).data])).sort();
  const fair = scores[scores.length - 1 - Math.floor(scores.length / side ** 2)];
  return {
    reference: (energies) => segment(energies, { tests: "all", tail: "chernoff" }),
    "per-scale": (energies) => segment(energies, { tests: "per-scale" }),
    "joint, ideal": (energies) => segment(energies, { tests: "by-size", joint: {} }),
    "joint, fitted": (energies) => segment(onScales(energies, fitted), { tests: "by-size", joint }),
    "fair threshold": (energies) => anomalyMap(energies, to).data.map((value) => (value > fair ? -1 : 1)),
  };
}

function judged(logNfa, mask, good) {
  let both = 0;
  let either = 0;
  let least = Number.POSITIVE_INFINITY;
  logNfa.forEach((value, i) => {
    const found = value < 0;
    both += Number(found && mask[i] === 1);
    either += Number(found || mask[i] === 1);
    least = Math.min(least, value);
  });
  return { good, logNfa: least, iou: either === 0 ? 1 : both / either };
}

async function maskOf({ mask }) {
  return mask ? (await readMask(mask, to)).data : new Uint8Array(side * side);
}

async function featuresOf(paths) {
  const cache = new FeatureCache(scales, paths.length);
  for (const [i, path] of paths.entries()) {
    const data = preprocess(await decodeImage(path), { ...to, ...backbone.preprocessing });
    const result = await network.run({ [imageName]: { data, dims: [1, 3, side, side] } });
    cache.store(
      i,
      scales.map((_, scale) => result[featureName(scale)].data),
    );
  }
  return cache;
}

/** A session of the trained flow that gives the energies. */
async function learn(features, seed) {
  const trainer = new Trainer(architecture, initialParameters(architecture, seed), {
    weightDecay: 1e-5,
    threads: 0,
  });
  const epochs = Number(values.epochs);
  const steps = epochs * Math.ceil(features.images / 4);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const batch of batchesOf(features.images, 4, seed, epoch)) {
      await trainer.step(features.batch(batch), learningRateAt(0.004, trainer.state.steps, steps));
    }
  }
  await trainer.close();
  return Session.create(energyNetwork(architecture, trainer.trained()), cpu);
}

/** [image][scale] */
async function energiesOf(flow, features) {
  const latents = latentScales(architecture);
  const result = [];
  for (let i = 0; i < features.images; i++) {
    const inputs = Object.fromEntries(features.batch([i]).map((tensor, s) => [featureName(s), tensor]));
    const outputs = await flow.run(inputs);
    result.push(
      latents.map((latent, s) => ({ ...latent, data: Float32Array.from(outputs[energyName(s)].data) })),
    );
  }
  return result;
}

function mean(numbers) {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}
