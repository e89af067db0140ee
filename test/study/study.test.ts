import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluateAll, type Study, type StudyOptions, type StudyProgress } from "#uflow/study/index.js";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";

let product: TinyProduct;
let data: string;
let output: string;
let cancelled: unknown;
let complete: Study;
let told: string[];

/** As quick as can be. */
const training = { inputSize: 64, epochs: 1, flowSteps: 1, batchSize: 8 };

/** Who was told what, without the steps of trainings and evaluations. */
const tell = ({ category, seed, run, runs, phase, step }: StudyProgress) => {
  if (!step) told.push(`${run}/${runs} ${category} ${seed} ${phase}`);
};

function study(options: Partial<StudyOptions> = {}): Promise<Study> {
  told = [];
  return evaluateAll({ data, output, seeds: [0, 1], training, onProgress: tell, ...options });
}

/** A study that is cancelled when its first run is finished, and then repeated; one of its two categories is broken. */
beforeAll(async () => {
  product = await tinyProduct();
  data = join(product.scratch, "all");
  output = join(product.scratch, "results");
  await cp(product.data, join(data, "disc"), { recursive: true });
  await mkdir(join(data, "broken", "train", "bad"), { recursive: true });
  const controller = new AbortController();
  const onProgress = ({ phase }: StudyProgress) => phase === "finished" && controller.abort();
  cancelled = await study({ signal: controller.signal, onProgress }).catch((error) => error);
  complete = await study();
});

afterAll(() => product[Symbol.asyncDispose]());

it("keeps what was finished before it was cancelled, and goes on after a category that fails", async () => {
  expect(cancelled).toMatchObject({ code: "ERR_UFLOW_ABORTED" });
  expect(told).toEqual(["1/4 broken 0 failed", "3/4 disc 0 kept", "4/4 disc 1 finished"]);
});

it("gives mean and spread over the seeds, and what has failed", () => {
  expect(complete.complete).toBe(false);
  expect(complete.failures).toEqual([
    expect.objectContaining({ category: "broken", seed: null, code: "ERR_UFLOW_BAD_DATASET" }),
  ]);
  const [broken, disc] = complete.categories;
  expect(broken).toMatchObject({ name: "broken", runs: [], summary: null, complete: false });
  expect(disc).toMatchObject({ name: "disc", layout: "mvtec", complete: true });
  const [first, second] = disc!.runs.map(({ metrics }) => metrics.pixelAuroc!);
  expect(first).not.toBe(second);
  const { mean, spread } = disc!.summary!.pixelAuroc;
  expect(mean).toBeCloseTo((first! + second!) / 2, 12);
  expect(spread).toBeCloseTo(Math.abs(first! - second!) / Math.SQRT2, 12);
  expect(complete.mean).toEqual(disc!.summary);
  expect(complete.settings).toMatchObject({
    train: { epochs: 1, learningRate: 0.004 },
    evaluate: { nfa: "tree" },
  });
});

it("writes the table for people, for spreadsheets and for programs, beside all models and reports", async () => {
  expect(JSON.parse(await readFile(join(output, "summary.json"), "utf8"))).toEqual(complete);
  expect(await readFile(join(output, "summary.md"), "utf8")).toMatch(/\| disc +\|.*±.*\|\n/);
  const lines = (await readFile(join(output, "summary.csv"), "utf8")).trimEnd().split("\r\n");
  expect(lines.map((line) => line.split(",")[0])).toEqual(["category", "disc"]);
  expect(lines[1]!.split(",")).toHaveLength(lines[0]!.split(",").length);
  for (const name of ["model.uflow", "evaluation.json", "images.csv", "contact-sheet.png", "run.json"])
    expect((await readFile(join(output, "disc", "seed-1", name))).length).toBeGreaterThan(0);
});

it("tells the same when all is finished", async () => {
  expect(await study()).toEqual(complete);
  expect(told.slice(1)).toEqual(["3/4 disc 0 kept", "4/4 disc 1 kept"]);
});

it("does again what was finished with other settings", async () => {
  const { categories } = await study({ seeds: [0], evaluation: { epsilon: 0.5 } });
  expect(told[1]).toBe("2/2 disc 0 finished");
  expect(categories[1]!.runs[0]!.key).not.toBe(complete.categories[1]!.runs[0]!.key);
});

it("goes on with an interrupted training where that is wanted, whose time is then unknown", async () => {
  const controller = new AbortController();
  const longer = { ...training, epochs: 3, checkpointEvery: 1 };
  const notices: string[] = [];
  const watched = (options: Partial<StudyOptions>) =>
    study({ seeds: [5], training: { ...longer, resume: true }, ...options });
  const interrupt = ({ step }: StudyProgress) => {
    if (step && "epoch" in step && step.phase === "training" && step.epoch === 2) controller.abort();
  };
  await expect(watched({ signal: controller.signal, onProgress: interrupt })).rejects.toMatchObject({
    code: "ERR_UFLOW_ABORTED",
  });
  const { categories } = await watched({
    onProgress: ({ step }) => {
      if (step && "notice" in step) notices.push(step.notice!);
    },
  });
  expect(notices).toEqual([expect.stringMatching(/^Resumed after epoch [12] from/)]);
  const { metrics } = categories[1]!.runs[0]!;
  expect(metrics.trainingSeconds).toBeNull();
  const whole = await study({ seeds: [5], training: longer, output: join(product.scratch, "whole") });
  const { trainingSeconds, millisecondsPerImage: _, ...others } = whole.categories[1]!.runs[0]!.metrics;
  expect(trainingSeconds).toBeGreaterThan(0);
  expect(metrics).toMatchObject(others);
});

it("refuses wrong options before any work", async () => {
  const refused: [options: Partial<StudyOptions>, message: RegExp][] = [
    [{ seeds: [] }, /seeds/],
    [{ seeds: [1, 1] }, /every seed once/],
    [{ training: { epochs: 0 } }, /epochs.*received 0/],
    [{ training: { backbone: "none" } }, /backbone/],
    [{ evaluation: { epsilon: -1 } }, /epsilon/],
    [{ evaluation: { colour: 1 } as object }, /unknown option "colour"/],
  ];
  for (const [options, message] of refused) {
    await expect(study(options)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(message),
    });
  }
  await expect(study({ data: join(data, "none") })).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_DATASET" });
  await writeFile(join(product.scratch, "file"), "");
  await expect(study({ output: join(product.scratch, "file") })).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
  });
  expect(told).toEqual([]);
});
