// Does the promise on false alarms hold where good images to come are drawn as those learned from?
//
//   node bench/promise.mjs DATA … [--folds 5] [--seed 0] [--at-once 2] [--models build/bench/promise]
//                                 [--plot build/bench/promise.svg]
//
// All good images of a DATA folder (a layout of docs/datasets.md), those to train and to test with, are shuffled and dealt out
// to folds. A model per fold is trained with the defaults on the images of all others, and judges those of its own: every
// good image is judged once, by a model that has not seen it and whose images were drawn as it was. Per way of testing and ε:
//   images with one   images with a region of NFA < ε, of all
//   rate              the same as a part, and its exact 95 % interval (Clopper and Pearson)
//   per image         mean number of such regions, which is what ε promises, and its exact 95 % interval (Garwood)
// Then how many of the held-out images are flagged by the models' own statistics, for which each was judged by a fit to others.
// The images that two models hold out overlap, so these are fewer different ones.
// The models are kept in a folder, and trained only where there is none: another calibration needs another folder
// (--models). Each training takes one thread.
import { access, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { concurrently } from "../dist/concurrently.js";
import { binomialInterval, poissonInterval } from "../dist/evaluate/metrics/intervals.js";
import { Inspector, readDataset, readModel, train } from "../dist/index.js";
import { regions } from "../dist/kernels/index.js";
import { Random } from "../dist/random.js";
import { promisePlot } from "./report/promise-plot.mjs";

const epsilons = [0.001, 0.01, 0.1, 1, 10];
const ways = { ideal: { background: "ideal" }, calibrated: { background: "calibrated" } };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folds: { type: "string", default: "5" },
    seed: { type: "string", default: "0" },
    "at-once": { type: "string", default: "2" },
    models: { type: "string", default: "build/bench/promise" },
    plot: { type: "string", default: "build/bench/promise.svg" },
  },
});
const folds = Number(values.folds);
const seed = Number(values.seed);

/** Log NFA of the most significant region of every good image, per data set and way of testing. */
const onGood = {};
/** The same of the held-out images, by the statistics in the models. */
const onHeldOut = {};
await mkdir(values.models, { recursive: true });
for (const data of positionals) {
  const judged = await judgeAll(data);
  for (const way of Object.keys(ways)) {
    onGood[`${basename(data)}, ${way}`] = judged.map((image) => image[way].logNfa);
    report(data, way, judged);
  }
  reportHeldOut(onHeldOut[data]);
}
await mkdir(dirname(values.plot), { recursive: true });
await writeFile(values.plot, promisePlot(onGood));

/** Every good image, judged by the model that has not seen it, in each way. */
async function judgeAll(data) {
  const { train: known, test } = await readDataset(data);
  const good = [...known, ...test.filter(({ defect }) => defect === "good").map(({ path }) => path)];
  const order = Array.from(new Random(seed).permutation(good.length));
  const dealt = Array.from({ length: folds }, (_, fold) =>
    order.filter((_, i) => i % folds === fold).map((image) => good[image]),
  );
  const name = [basename(data), `seed-${seed}`, `of-${folds}`].join("-");
  const models = await concurrently(dealt, Number(values["at-once"]), async (left, fold) => {
    const model = join(values.models, `${name}-${fold}.uflow`);
    const learned = good.filter((path) => !left.includes(path));
    await trainOn(learned, left, model);
    return model;
  });
  const judged = [];
  for (const [fold, model] of models.entries()) judged.push(...(await judge(dealt[fold], model)));
  const manifests = await Promise.all(models.map(async (model) => (await readModel(model)).manifest));
  onHeldOut[data] = manifests.flatMap(({ calibration }) => calibration?.logNfa ?? []);
  return judged;
}

async function trainOn(learned, left, model) {
  const trained = await access(model).then(
    () => true,
    () => false,
  );
  if (trained) return;
  const line = (split) => (path) => `"${path.replaceAll('"', '""')}",${split},good,`;
  const list = `${model}.csv`;
  const lines = ["image,split,label,mask", ...learned.map(line("train")), ...left.map(line("test"))];
  await writeFile(list, `${lines.join("\n")}\n`);
  await train({ data: list, output: model, seed, threads: 1 });
}

/** What a model says of images, in each way of testing. */
async function judge(images, model) {
  const found = images.map((path) => ({ path }));
  for (const [way, options] of Object.entries(ways)) {
    const inspector = await Inspector.open(model, options);
    for (const image of found) {
      const { logNfa, logNfaMap } = await inspector.inspect(image.path);
      const alarms = epsilons.map(
        (epsilon) => regions(logNfaMap, { logEpsilon: Math.log10(epsilon) }).length,
      );
      image[way] = { logNfa, alarms };
    }
    await inspector.close();
  }
  return found;
}

function report(data, way, judged) {
  console.log(`\n${basename(data)}, ${way}: ${judged.length} good images`);
  console.log(["ε", "images with one", "rate", "95 %", "per image", "95 %"].join("\t"));
  for (const [i, epsilon] of epsilons.entries()) {
    const counts = judged.map((image) => image[way].alarms[i]);
    const flagged = counts.filter((count) => count > 0).length;
    const total = counts.reduce((a, b) => a + b, 0);
    const cells = [
      flagged / judged.length,
      binomialInterval(flagged, judged.length),
      total / judged.length,
      poissonInterval(total, judged.length),
    ];
    console.log([epsilon, flagged, ...cells.map(text)].join("\t"));
  }
  const stranger = judged.filter((image) => image[way].alarms[1] > 0);
  stranger.sort((a, b) => a[way].logNfa - b[way].logNfa);
  for (const { path, [way]: verdict } of stranger) {
    console.log(`  below ε = ${epsilons[1]}: ${basename(path)}, log NFA ${verdict.logNfa.toFixed(1)}`);
  }
}

function reportHeldOut(logNfas) {
  const flagged = epsilons.map((epsilon) => logNfas.filter((logNfa) => logNfa < Math.log10(epsilon)).length);
  console.log(`held out: ${flagged.join(", ")} of ${logNfas.length}`);
}

function text(figure) {
  return Array.isArray(figure) ? figure.map((x) => x.toFixed(3)).join(" … ") : figure.toFixed(3);
}
