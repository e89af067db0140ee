// Our side of bench/training.mjs in a process of its own: JSON lines in, JSON lines out, as bench/peers/torch_training.py.
//
// {"do": "open", "name", "side", "threads", "images": whether batches are of images} -> {}
// {"do": "step", "inputs": path, "shapes", "rate"} -> {"seconds", "loss", "memory", "features": seconds spent on them}
//
// The features of a batch of images are computed when it is seen first, and come from the cache from then on.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { featureName, imageName } from "../../dist/backbone/index.js";
import { Session } from "../../dist/onnx/session.js";
import { FeatureCache } from "../../dist/train/feature-cache.js";
import { Trainer } from "../../dist/train/trainer.js";
import { flowOf } from "../networks/trained-flow.mjs";
import { randomWeights } from "../networks/weights.mjs";

const answers = { open, step };
let flow;
let trainer;
let backbone;
/** By file of images. */
const caches = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer = await answers[request.do](request).catch((error) => ({ error: error.message }));
  console.log(JSON.stringify(answer));
}

async function open({ name, side, threads, images }) {
  flow = flowOf(name, side);
  const { architecture, parameters, weightDecay } = flow;
  trainer = new Trainer(architecture, parameters, { weightDecay, threads });
  if (!images) return {};
  const weights = randomWeights(flow.backbone.weights, "", { add() {} });
  const folder = mkdtempSync(join(tmpdir(), "uflow-training-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const network = await flow.backbone.network(side, weights, folder);
  const weightsFolder = readdirSync(folder).length > 0 ? folder : undefined;
  backbone = await Session.create(network, { device: "cpu", threads, weightsFolder });
  return {};
}

async function step({ inputs, shapes, rate }) {
  const tensors = tensorsOf(inputs, shapes);
  const before = performance.now();
  if (backbone && !caches.has(inputs)) caches.set(inputs, await cached(tensors[0]));
  const start = performance.now();
  const batch = backbone ? await caches.get(inputs).batch([...Array(shapes[0][0]).keys()]) : tensors;
  const { loss } = await trainer.step(batch, rate);
  const seconds = (performance.now() - start) / 1e3;
  const memory = 1024 * process.resourceUsage().maxRSS;
  return { seconds, loss, memory, features: (start - before) / 1e3 };
}

async function cached({ data, dims: [images, ...shape] }) {
  const { scales } = flow.architecture;
  const cache = await FeatureCache.create(scales, images);
  const size = data.length / images;
  for (let i = 0; i < images; i++) {
    const image = { data: data.subarray(i * size, (i + 1) * size), dims: [1, ...shape] };
    const features = await backbone.run({ [imageName]: image });
    await cache.store(
      i,
      scales.map((_, scale) => features[featureName(scale)].data),
    );
  }
  return cache;
}

function tensorsOf(path, shapes) {
  const { buffer } = new Uint8Array(readFileSync(path));
  let at = 0;
  return shapes.map((dims) => {
    const length = dims.reduce((product, size) => product * size, 1);
    const data = new Float32Array(buffer, 4 * at, length);
    at += length;
    return { data, dims };
  });
}
