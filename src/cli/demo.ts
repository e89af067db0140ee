import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { UflowError } from "../error.js";
import type { Evaluation } from "../evaluate/index.js";
import { writeFileAtomic } from "../output/atomic-file.js";
import { type ProductName, productNames } from "../sample/products/names.js";
import { duration, interruption, numeric, Progress, printJson, say, table } from "./terminal.js";
import { TrainView } from "./train.js";

interface Flags {
  out: string;
  seed: number;
  json?: boolean;
}

/** Small enough that the three products take about a minute on two cores; few steps need a brisk rate. */
const line = { train: 40, good: 8, perDefect: 3 } as const;
const training = { inputSize: 256, epochs: 20, learningRate: 0.008 } as const;

/** Marks a folder as one that a demo made, so that the next demo may remove what is in it. */
const marker = "demo.json";

export function demoCommand(): Command {
  return new Command("demo")
    .description("the whole story on a generated production line, in about a minute, with pictures")
    .option("--out <dir>", "folder for the line, the models and the pictures", "uflow-demo")
    .option("--seed <number>", "another seed makes another line", numeric, 0)
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", "\nExample:\n  uflow demo --out my-first-demo")
    .action(run);
}

interface Result {
  product: ProductName;
  model: string;
  evaluation: Evaluation;
}

async function run({ out, seed, json }: Flags): Promise<void> {
  const start = performance.now();
  const signal = interruption();
  const { checkLineOptions } = await import("../sample/options.js");
  checkLineOptions(productNames[0], { ...line, seed });
  await prepare(out);
  say(`Three products come down the line: ${productNames.join(", ")}.`);
  const results: Result[] = [];
  for (const product of productNames) results.push(await learnAndTest(out, product, seed, signal));
  const { drawDemoSheet } = await import("./demo-sheet.js");
  const sheet = join(out, "contact-sheet.png");
  await writeFileAtomic(
    sheet,
    await drawDemoSheet(
      results.map(({ product, model }) => ({ product, model, data: dataOf(out, product) })),
    ),
  );
  await writeFile(join(out, marker), `${JSON.stringify(results, null, 2)}\n`);
  const seconds = (performance.now() - start) / 1000;
  if (json) printJson({ seconds, contactSheet: sheet, products: results });
  else process.stdout.write(`\n${table(rowsOf(results))}\n\n`);
  for (const text of closing(out, sheet, seconds)) say(text);
}

/** Draws the product's parts, learns from the good ones, and tests on parts that were not learned from. */
async function learnAndTest(
  out: string,
  product: ProductName,
  seed: number,
  signal: AbortSignal,
): Promise<Result> {
  const { writeLine } = await import("../sample/index.js");
  const { train } = await import("../train/index.js");
  const { evaluate } = await import("../evaluate/index.js");
  const name = product.padEnd(8);
  const data = dataOf(out, product);
  const model = join(out, `${product}.uflow`);
  await watched(new Progress(`${name} parts   `), (bar) =>
    writeLine(data, product, { ...line, seed, signal, onProgress: (done, total) => bar.update(done, total) }),
  );
  await watched(new TrainView(`${name} `), (view) =>
    train({ ...training, data, output: model, seed, signal, onProgress: view.update }),
  );
  const evaluation = await watched(new Progress(`${name} testing `), (bar) =>
    evaluate({
      model,
      data,
      output: reportOf(out, product),
      signal,
      onProgress: ({ done, total }) => bar.update(done, total),
    }),
  );
  return { product, model, evaluation };
}

async function watched<View extends { stop(): void }, T>(
  view: View,
  work: (view: View) => Promise<T>,
): Promise<T> {
  try {
    return await work(view);
  } finally {
    view.stop();
  }
}

const reportOf = (out: string, product: ProductName) => join(out, `${product}-report`);

const dataOf = (out: string, product: ProductName) => join(out, "line", product);

/** A folder of an earlier demo is emptied; any other that holds something is left alone. */
async function prepare(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
    const found = await readdir(out);
    if (found.length > 0 && !found.includes(marker)) {
      throw new UflowError(
        "ERR_UFLOW_OUTPUT",
        `"${out}" holds files that no demo made: choose another folder with --out`,
      );
    }
    for (const name of found) await rm(join(out, name), { recursive: true });
    await writeFile(join(out, marker), "{}\n");
  } catch (error) {
    if (error instanceof UflowError) throw error;
    throw new UflowError(
      "ERR_UFLOW_OUTPUT",
      `Cannot use "${out}" for the demo: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function rowsOf(results: readonly Result[]): string[][] {
  const score = (value: number | null) => value?.toFixed(3) ?? "–";
  const header = [
    "product",
    "image AUROC",
    "pixel AUROC",
    "mIoU (automatic)",
    "detected",
    "false alarms on good parts",
  ];
  const rows = results.map(({ product, evaluation }) => {
    const { images, imageAuroc, pixelAuroc, miou, falseAlarms, defects } = evaluation;
    const detected = defects.reduce((sum, kind) => sum + kind.detected, 0);
    return [
      product,
      score(imageAuroc),
      score(pixelAuroc),
      score(miou.automatic),
      `${detected} of ${images.defective}`,
      `${falseAlarms.goodImagesWithDetection} of ${images.good}`,
    ];
  });
  return [header, ...rows];
}

function closing(out: string, sheet: string, seconds: number): string[] {
  return [
    `Done in ${duration(seconds)}. No defect was shown while learning, and no threshold was tuned: a region is detected`,
    "where fewer than one such region per image is expected by chance.",
    `Look at ${sheet}`,
    `and at ${join(reportOf(out, productNames[0]), "report.html")}: charts and pictures, one report per product`,
    "Next, with images of your own good parts:",
    "  uflow train --data FOLDER --out part.uflow",
    "  uflow inspect part.uflow IMAGES --out results",
    `(the line of this demo is in ${join(out, "line")}: one folder per product, in the layout of MVTec AD)`,
  ];
}
