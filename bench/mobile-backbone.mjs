// Which weights file, input scaling and coarsest feature map serve the embedded backbone best, and which batch size and
// learning rate train its flow best? Do variants of the images help, or gradients that are clipped?
//
//   node bench/mobile-backbone.mjs DATA … [--seen 1600] [--seeds 1] [--files chair,cup] [--scalings 0…1] [--channels 112]
//                                         [--batches 4] [--rates 0.004] [--normalizations standard,layer]
//                                         [--augment none,turned,light] [--clips none,0.5]
//
// Clips are parts of the median norm of the gradients of the same training without clipping. Lists are tried in all combinations. All see the same number of images while training, so that they take the same time.
// Only the good training images of each DATA folder (MVTec layout) are used; every fourth is held out. Reported per
// candidate and folder:
//   held out      negative log-likelihood per latent value on the held-out good images, nats, and its gap to training
//   pasted        pixel AUROC of the anomaly map on held-out images into which patches of themselves were pasted
//   shaded        the same with a soft, broad change of brightness in one place
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { featureName, imageName } from "../dist/backbone/features.js";
import { mobileNetwork } from "../dist/backbone/mobile.js";
import { pixelAuroc } from "../dist/evaluate/metrics/index.js";
import { latentScales } from "../dist/flow/architecture.js";
import { constantParameters, featureInputs } from "../dist/flow/energy-network.js";
import { flowForward } from "../dist/flow/forward.js";
import { negativeLogLikelihood } from "../dist/flow/loss.js";
import { initialParameters } from "../dist/flow/parameters.js";
import { readDataset } from "../dist/image/datasets/index.js";
import { decodeImage } from "../dist/image/decode.js";
import { anomalyMap, resample } from "../dist/kernels/index.js";
import { Graph } from "../dist/onnx/graph.js";
import * as op from "../dist/onnx/operators.js";
import { serialize } from "../dist/onnx/serialize.js";
import { Session } from "../dist/onnx/session.js";
import { Random } from "../dist/random.js";
import { picturesOf, picturesSeen, varied } from "../dist/train/augmentation.js";
import { FeatureCache } from "../dist/train/feature-cache.js";
import { batchesOf, learningRateAt } from "../dist/train/schedule.js";
import { Trainer } from "../dist/train/trainer.js";

const side = 256;
const cpu = { device: "cpu", threads: 0 };
const scalings = {
  "0…1": { mean: [0, 0, 0], std: [1, 1, 1] },
  "-1…1": { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

const turned = { flipHorizontal: true, rotate: 180, variants: 8 };
const light = { light: 0.1, variants: 8 };
const augmentations = { none: undefined, turned, light, both: { ...turned, ...light } };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seen: { type: "string", default: "1600" },
    batches: { type: "string", default: "4" },
    rates: { type: "string", default: "0.004" },
    normalizations: { type: "string", default: "standard" },
    seeds: { type: "string", default: "1" },
    files: { type: "string", default: "chair,camera,cup,sneakers" },
    scalings: { type: "string", default: "0…1,-1…1" },
    channels: { type: "string", default: "112,80" },
    augment: { type: "string", default: "none" },
    clips: { type: "string", default: "none" },
  },
});
const list = (name) => values[name].split(",");
const columns = [
  "file",
  "scaling",
  "channels",
  "normalize",
  "augment",
  "batch",
  "rate",
  "clip",
  "seed",
  "held out",
  "gap",
  "pasted",
  "shaded",
];
const row = (cells) => cells.map((cell) => String(cell).padEnd(9)).join(" ");

for (const folder of positionals) {
  const { train } = await readDataset(folder);
  const frames = await Promise.all(train.map((path) => decodeImage(path)));
  console.log(
    `\n${folder}: ${frames.length} good images of ${side} pixels, ${values.seen} seen while training`,
  );
  console.log(row(columns));
  for (const candidate of combinations()) {
    const { file, scaling, channels, normalization, augment, batch, rate, clip, seed } = candidate;
    const { heldOut, gap, pasted, shaded } = await assess(frames, candidate);
    console.log(
      row([
        file,
        scaling,
        channels,
        normalization,
        augment,
        batch,
        rate,
        clip,
        seed,
        ...[heldOut, gap, pasted, shaded].map((x) => x.toFixed(4)),
      ]),
    );
  }
}

function combinations() {
  const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
  const choices = { file: list("files"), scaling: list("scalings"), channels: list("channels").map(Number) };
  const all = {
    ...choices,
    normalization: list("normalizations"),
    augment: list("augment"),
    batch: list("batches").map(Number),
    rate: list("rates").map(Number),
    clip: list("clips"),
    seed: seeds,
  };
  return Object.entries(all).reduce(
    (partial, [name, options]) =>
      partial.flatMap((one) => options.map((option) => ({ ...one, [name]: option }))),
    [{}],
  );
}

async function assess(frames, { file, scaling, channels, normalization, augment, ...schedule }) {
  const weights = createRequire(import.meta.url).resolve(
    `@mediapipe/objectron/object_detection_3d_${file}.tflite`,
  );
  const outputs = [
    { stride: 4, channels: 24 },
    { stride: 8, channels: 40 },
    { stride: 16, channels },
  ];
  const scales = outputs.map((output) => ({
    channels: output.channels,
    height: side / output.stride,
    width: side / output.stride,
  }));
  const backbone = await Session.create(mobileNetwork(await readFile(weights), side, outputs), cpu);
  const features = async (images) => {
    const cache = await FeatureCache.create(scales, images.length);
    for (const [i, image] of images.entries()) {
      const result = await backbone.run({ [imageName]: { data: image, dims: [1, 3, side, side] } });
      await cache.store(
        i,
        scales.map((_, scale) => result[featureName(scale)].data),
      );
    }
    return cache;
  };
  const input = (frame) => resample(frame, { width: side, height: side, ...scalings[scaling] });
  const held = frames.filter((_, i) => i % 4 === 3);
  const good = frames.filter((_, i) => i % 4 !== 3);
  const order = { images: good.length, augmentation: augmentations[augment] };
  const pictures = picturesOf(good, [...good.keys()], order.augmentation, schedule.seed);
  const learned = await features(
    pictures.map(({ path: frame, variant }) => input(variant ? varied(frame, variant) : frame)),
  );
  const architecture = { scales, flowSteps: 4, normalization };
  const parameters = await learn(architecture, learned, { ...schedule, ...order });
  const assessment = await Session.create(assessmentNetwork(architecture, parameters), cpu);
  const size = latentScales(architecture).reduce(
    (sum, { channels, height, width }) => sum + channels * height * width,
    0,
  );
  const likelihood = async (cache, images) => {
    let sum = 0;
    for (let i = 0; i < images; i++) sum += (await run(assessment, cache, i)).nll.data[0];
    return sum / images / size;
  };
  const heldOut = await likelihood(await features(held.map(input)), held.length);
  const gap = heldOut - (await likelihood(learned, good.length));
  const found = async (spoil) => {
    const spoiled = held.map((frame, i) => spoil(input(frame), new Random(i)));
    const cache = await features(spoiled.map(({ image }) => image));
    const maps = [];
    for (let i = 0; i < cache.images; i++) maps.push(mapOf(architecture, await run(assessment, cache, i)));
    return pixelAuroc(
      maps,
      spoiled.map(({ mask }) => mask),
    );
  };
  const pasted = await found(paste);
  const shaded = await found(shade(scalings[scaling]));
  await backbone.close();
  await assessment.close();
  return { heldOut, gap, pasted, shaded };
}

async function learn(architecture, features, { clip, ...plan }) {
  const plain = await learnOnce(architecture, features, plan);
  if (clip === "none") return plain.parameters;
  const median = plain.norms.sort((a, b) => a - b)[plain.norms.length >> 1];
  return (await learnOnce(architecture, features, { ...plan, clipNorm: Number(clip) * median })).parameters;
}

async function learnOnce(
  architecture,
  features,
  { batch: batchSize, rate, clipNorm, seed, images, augmentation },
) {
  const steps = Math.ceil(Number(values.seen) / batchSize);
  const parameters = initialParameters(architecture, seed);
  const trainer = new Trainer(architecture, parameters, { weightDecay: 1e-5, clipNorm, threads: 0 });
  const norms = [];
  for (let epoch = 1; trainer.state.steps < steps; epoch++) {
    const seen = picturesSeen(images, [...Array(images).keys()], augmentation, seed, epoch);
    for (const places of batchesOf(images, batchSize, seed, epoch)) {
      if (trainer.state.steps === steps) break;
      const inputs = await features.batch(places.map((place) => seen[place]));
      const { gradientNorm } = await trainer.step(
        inputs,
        learningRateAt("linear", rate, trainer.state.steps, steps),
      );
      norms.push(gradientNorm);
    }
  }
  await trainer.close();
  return { parameters: { ...parameters, values: trainer.state.values }, norms };
}

/** Energies and negative log-likelihood of one image. */
function assessmentNetwork(architecture, parameters) {
  const g = new Graph();
  const outputs = flowForward(g, architecture, {
    features: featureInputs(g, architecture, 1),
    parameter: constantParameters(g, parameters),
    permutations: parameters.permutations,
  });
  outputs.latents.forEach((z, scale) => {
    g.output(`energy_${scale}`, op.sum(g, op.mul(g, z, z), [1]));
  });
  g.output("nll", negativeLogLikelihood(g, outputs));
  return serialize(g);
}

async function run(session, cache, i) {
  const features = await cache.batch([i]);
  return session.run(Object.fromEntries(features.map((feature, scale) => [featureName(scale), feature])));
}

function mapOf(architecture, outputs) {
  const energies = latentScales(architecture).map((latent, scale) => ({
    ...latent,
    data: outputs[`energy_${scale}`].data,
  }));
  return anomalyMap(energies, { width: side, height: side });
}

/** Copies three patches of 12 … 40 pixels to other places of the image, mirrored: foreign where they lie, exact mask. */
function paste(image, random) {
  const patched = image.slice();
  const mask = new Uint8Array(side * side);
  for (let k = 0; k < 3; k++) {
    const [w, h] = [12 + random.below(29), 12 + random.below(29)];
    const [fromX, fromY, toX, toY] = [w, h, w, h].map((length) => random.below(side - length));
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const to = (toY + y) * side + toX + x;
        for (let c = 0; c < 3; c++) {
          patched[c * side * side + to] = image[c * side * side + (fromY + y) * side + fromX + w - 1 - x];
        }
        mask[to] = 1;
      }
    }
  }
  return { image: patched, mask: { data: mask, width: side, height: side } };
}

/** Makes a soft ellipse of 60 … 140 pixels a third darker or brighter; its mask is where a tenth or more is changed. */
function shade({ mean, std }) {
  return (image, random) => {
    const shaded = image.slice();
    const mask = new Uint8Array(side * side);
    const [x0, y0] = [40 + random.below(side - 80), 40 + random.below(side - 80)];
    const [rx, ry] = [30 + random.below(41), 30 + random.below(41)];
    const strength = random.uniform() < 0.5 ? -1 / 3 : 1 / 3;
    for (let i = 0; i < side * side; i++) {
      const distance = Math.hypot(((i % side) - x0) / rx, (Math.floor(i / side) - y0) / ry);
      const change = strength * Math.min(1, Math.max(0, 1.5 - distance));
      for (let c = 0; c < 3; c++) {
        const value = image[c * side * side + i] * std[c] + mean[c];
        shaded[c * side * side + i] = (Math.min(1, value * (1 + change)) - mean[c]) / std[c];
      }
      if (Math.abs(change) >= 0.1) mask[i] = 1;
    }
    return { image: shaded, mask: { data: mask, width: side, height: side } };
  };
}
