// What does the automatic threshold find, and does it keep its promise on good images?
//
//   node bench/operating-point.mjs DATA … [--seeds 0,1,2] [--input-sizes 256] [--strides 4,8,16 …] [--normalization whitened …]
//                                         [--flow-steps 4] [--feature-noise 0.35] [--threads 0] [--plot build/bench/operating-point.svg]
//
// Per DATA folder (a layout of docs/datasets.md), strides of the feature maps of `mobile` (of 2 … 32, each twice the one
// before; may be given several times), normalisation of the features (several times, too), input size, number of flow steps,
// noise on the features and seed a model is trained with the defaults: a fifth of the good training images is held out, and
// calibrates it. Test images judge, in a row per way of testing:
//   AUROC           of images and of pixels, the same for all ways
//   mIoU, best      automatic threshold, and the best one for these test images
//   found           part of the defective images with a detection
//   alarms          part of the good test images with one
// "pixels alone" is the calibrated test without that of the means over squares.
// "held-out quantile" is the anomaly map at the score that 1 in 256² pixels of the held-out good images exceeds, the threshold that
// one would take who has good images only; "fair threshold" the same of the good test images, so that it knows more than all others.
// The plot has, for each ε, the part of all good test images whose most significant region has NFA < ε.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { backboneOf } from "../dist/backbone/index.js";
import { mobile4Outputs, mobileNetwork, mobileWeights } from "../dist/backbone/mobile.js";
import { learnedAmong } from "../dist/bundle/learned-from.js";
import { rewriteModel } from "../dist/bundle/write.js";
import { fairThreshold } from "../dist/evaluate/metrics/index.js";
import { iouAbove } from "../dist/evaluate/metrics/iou.js";
import { readMask } from "../dist/image/mask.js";
import { evaluate, Inspector, importBackbone, readDataset, train } from "../dist/index.js";
import { presetOf } from "../dist/train/presets.js";
import { promisePlot } from "./report/promise-plot.mjs";

const ways = {
  reference: { preset: "reference" },
  ideal: { background: "ideal" },
  "pixels alone": { background: "calibrated", model: pixelsAlone },
  calibrated: { background: "calibrated" },
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "0,1,2" },
    "input-sizes": { type: "string", default: "256" },
    strides: { type: "string", multiple: true, default: ["4,8,16"] },
    normalization: { type: "string", multiple: true, default: ["whitened"] },
    "flow-steps": { type: "string", default: "4" },
    "feature-noise": { type: "string", default: `${presetOf("mobile").featureNoise}` },
    threads: { type: "string", default: "0" },
    plot: { type: "string", default: "build/bench/operating-point.svg" },
  },
});
const numbers = (list) => list.split(",").map(Number);
const threads = Number(values.threads);
/** The last bottleneck of EfficientNet-Lite0 at each stride; its file ends there at 32, without the block of 320 channels. */
const taps = [{ stride: 2, channels: 16 }, ...mobile4Outputs];

/** Log NFA of the most significant region of every good test image, per way of testing. */
const onGood = {};
const rows = [];
const columns = ["image AUROC", "pixel AUROC", "AUPRO", "mIoU", "best", "found", "alarms"];
const folder = await mkdtemp(join(tmpdir(), "uflow-bench-"));
process.env.UFLOW_HOME = join(folder, "home");
console.log(["data", "strides", "size", "features", "steps", "noise", "seed", "test", ...columns].join("\t"));
for (const data of positionals) {
  for await (const { setting, options } of settings(basename(data))) {
    for (const seed of numbers(values.seeds)) await examine(data, setting, { ...options, seed });
    printMeans(setting);
  }
}
await rm(folder, { recursive: true });
await mkdir(dirname(values.plot), { recursive: true });
await writeFile(values.plot, promisePlot(onGood));

/** What the columns say of a setting, and how a model is trained in it. */
async function* settings(name) {
  for (const strides of values.strides) {
    for (const inputSize of numbers(values["input-sizes"])) {
      const backbone = await backboneWith(strides, inputSize);
      for (const normalization of values.normalization) {
        for (const flowSteps of numbers(values["flow-steps"])) {
          for (const featureNoise of numbers(values["feature-noise"])) {
            const setting = [name, strides, inputSize, normalization, flowSteps, featureNoise];
            yield { setting, options: { backbone, inputSize, normalization, flowSteps, featureNoise } };
          }
        }
      }
    }
  }
}

/** @returns the name of a backbone with the feature maps of `mobile` at these strides, which is imported where none is embedded. */
async function backboneWith(strides, inputSize) {
  const embedded = ["mobile", "mobile4"].find((name) => strides === `${backboneOf(name).strides}`);
  if (embedded) return embedded;
  const outputs = taps.filter(({ stride }) => numbers(strides).includes(stride));
  if (strides !== `${outputs.map(({ stride }) => stride)}`)
    throw new Error(`--strides: expected some of 2,4,8,16,32 in this order, but received ${strides}`);
  const as = `mobile-${strides.replaceAll(",", "-")}-at-${inputSize}`;
  const file = join(folder, `${as}.onnx`);
  await writeFile(file, mobileNetwork(await mobileWeights(), inputSize, outputs));
  await importBackbone([file], { as, ...backboneOf("mobile").preprocessing });
  return as;
}

async function examine(data, setting, { seed, ...options }) {
  const model = join(folder, "model.uflow");
  await train({ data, output: model, seed, threads, ...options });
  for (const [way, { model: changed, ...test }] of Object.entries(ways)) {
    const tested = changed ? await changed(model) : model;
    const evaluation = await evaluate({ model: tested, data, curves: true, threads, ...test });
    const {
      images,
      imageAuroc,
      pixelAuroc,
      aupro,
      miou,
      falseAlarms,
      defects,
      fairThreshold: fair,
    } = evaluation;
    const found = defects.reduce((sum, { detected }) => sum + detected, 0) / images.defective;
    const alarms = falseAlarms.goodImagesWithDetection / images.good;
    const ranking = [imageAuroc, pixelAuroc, aupro];
    add(setting, seed, way, [...ranking, miou.automatic, miou.oracle, found, alarms]);
    onGood[way] = [...(onGood[way] ?? []), ...evaluation.curves.goodLogNfa];
    if (way !== "calibrated") continue;
    add(setting, seed, "held-out quantile", [...ranking, ...(await atHeldOutQuantile(model, data))]);
    add(setting, seed, "fair threshold", [...ranking, fair?.miou ?? null, NaN, NaN, NaN]);
  }
}

/** mIoU of the anomaly map at the held-out images' quantile, none at best, and the parts of images with a pixel above it. */
async function atHeldOutQuantile(model, data) {
  const { train: known, test } = await readDataset(data);
  const inspector = await Inspector.open(model, { device: "cpu" });
  const learned = new Set(await learnedAmong(known, inspector.manifest));
  const mapOf = async (path) => (await inspector.inspect(path)).anomalyMap;
  const heldOut = [];
  for (const path of known) if (!learned.has(path)) heldOut.push(await mapOf(path));
  const nothing = heldOut.map(({ data, ...size }) => ({ ...size, data: new Uint8Array(data.length) }));
  const { score } = fairThreshold(heldOut, nothing);
  const [ious, found, alarms] = [[], [], []];
  for (const { path, defect, mask } of test) {
    const map = await mapOf(path);
    const above = map.data.some((value) => value > score) ? 1 : 0;
    if (defect === "good") {
      ious.push(1 - above);
      alarms.push(above);
      continue;
    }
    found.push(above);
    if (mask) ious.push(iouAbove(score, map.data, (await readMask(mask, { ...map, data: null })).data));
  }
  await inspector.close();
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean(ious), NaN, mean(found), mean(alarms)];
}

/** The same model without what its calibration says of means over squares. */
async function pixelsAlone(model) {
  const path = join(folder, "pixels.uflow");
  await rewriteModel(model, path, ({ calibration, ...manifest }) => {
    const { mean, ...joint } = calibration.joint;
    return { ...manifest, calibration: { ...calibration, joint } };
  });
  return path;
}

function add(setting, seed, way, figures) {
  rows.push({ setting, way, figures });
  print(setting, seed, way, figures);
}

function printMeans(setting) {
  for (const way of new Set(rows.map((row) => row.way))) {
    const same = rows.filter((row) => row.setting === setting && row.way === way);
    const mean = (values) =>
      values.includes(null) ? null : values.reduce((a, b) => a + b, 0) / values.length;
    print(
      setting,
      "mean",
      way,
      same[0].figures.map((_, i) => mean(same.map((row) => row.figures[i]))),
    );
  }
}

function print(setting, seed, way, figures) {
  // A set without masks defines no metric of pixels.
  const cells = figures.map((x) => (x === null || Number.isNaN(x) ? "–" : x.toFixed(3)));
  console.log([...setting, seed, way, ...cells].join("\t"));
}
