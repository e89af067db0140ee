// What does the automatic threshold find, and does it keep its promise on good images?
//
//   node bench/operating-point.mjs DATA … [--seeds 0,1,2] [--input-sizes 256] [--threads 0] [--plot build/bench/operating-point.svg]
//
// Per DATA folder (a layout of docs/datasets.md), input size and seed a model is trained with the defaults: a fifth of the
// good training images is held out, and calibrates it. Test images judge, in a row per way of testing:
//   AUROC           of images and of pixels, the same for all ways
//   mIoU, best      automatic threshold, and the best one for these test images
//   found           part of the defective images with a detection
//   alarms          part of the good test images with one
// "fair threshold" is the anomaly map at the score that 1 in 256² pixels of the good test images exceeds.
// The plot has, for each ε, the part of all good test images whose most significant region has NFA < ε.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { evaluate, train } from "../dist/index.js";
import { promisePlot } from "./report/promise-plot.mjs";

const ways = {
  reference: { preset: "reference" },
  ideal: { background: "ideal" },
  calibrated: { background: "calibrated" },
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "0,1,2" },
    "input-sizes": { type: "string", default: "256" },
    threads: { type: "string", default: "0" },
    plot: { type: "string", default: "build/bench/operating-point.svg" },
  },
});
const numbers = (name) => values[name].split(",").map(Number);
const threads = Number(values.threads);

/** Log NFA of the most significant region of every good test image, per way of testing. */
const onGood = {};
const rows = [];
const columns = ["image AUROC", "pixel AUROC", "AUPRO", "mIoU", "best", "found", "alarms"];
const folder = await mkdtemp(join(tmpdir(), "uflow-bench-"));
console.log(["data", "size", "seed", "test", ...columns].join("\t"));
for (const data of positionals) {
  for (const inputSize of numbers("input-sizes")) {
    for (const seed of numbers("seeds")) await examine(data, inputSize, seed);
    for (const way of new Set(rows.map((row) => row.way))) {
      const same = rows.filter((row) => row.data === data && row.inputSize === inputSize && row.way === way);
      const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
      print(
        data,
        inputSize,
        "mean",
        way,
        same[0].figures.map((_, i) => mean(same.map((row) => row.figures[i]))),
      );
    }
  }
}
await rm(folder, { recursive: true });
await mkdir(dirname(values.plot), { recursive: true });
await writeFile(values.plot, promisePlot(onGood));

async function examine(data, inputSize, seed) {
  const model = join(folder, "model.uflow");
  await train({ data, output: model, inputSize, seed, threads });
  for (const [way, options] of Object.entries(ways)) {
    const evaluation = await evaluate({ model, data, curves: true, threads, ...options });
    const { images, imageAuroc, pixelAuroc, aupro, miou, falseAlarms, defects, fairThreshold } = evaluation;
    const found = defects.reduce((sum, { detected }) => sum + detected, 0) / images.defective;
    const alarms = falseAlarms.goodImagesWithDetection / images.good;
    const ranking = [imageAuroc, pixelAuroc, aupro];
    add(data, inputSize, seed, way, [...ranking, miou.automatic, miou.oracle, found, alarms]);
    onGood[way] = [...(onGood[way] ?? []), ...evaluation.curves.goodLogNfa];
    if (way === "calibrated")
      add(data, inputSize, seed, "fair threshold", [...ranking, fairThreshold.miou, NaN, NaN, NaN]);
  }
}

function add(data, inputSize, seed, way, figures) {
  rows.push({ data, inputSize, way, figures });
  print(data, inputSize, seed, way, figures);
}

function print(data, inputSize, seed, way, figures) {
  const cells = figures.map((x) => (Number.isNaN(x) ? "–" : x.toFixed(3)));
  console.log([basename(data), inputSize, seed, way, ...cells].join("\t"));
}
