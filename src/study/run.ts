import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { BuildOptions } from "../backbone/building.js";
import { type EvaluateOptions, type EvaluateProgress, type Evaluation, evaluate } from "../evaluate/index.js";
import { isFile } from "../image/datasets/folder.js";
import type { LayoutName } from "../image/datasets/index.js";
import { writeFileAtomic } from "../output/atomic-file.js";
import { checkpointPath } from "../train/checkpoint.js";
import { type TrainOptions, type TrainProgress, train } from "../train/index.js";

/** The figures that are compared; null where the images do not define one. AU-sPRO is the mean over the kinds of defect. */
export const metricNames = [
  "imageAuroc",
  "pixelAuroc",
  "aupro",
  "auspro005",
  "miouAutomatic",
  "miouOracle",
  "falseAlarms",
  "trainingSeconds",
  "millisecondsPerImage",
] as const;

export type MetricName = (typeof metricNames)[number];
export type Metrics = Record<MetricName, number | null>;

/** One category with one seed, trained and evaluated. */
export interface Run {
  seed: number;
  /** Of settings, seed and images. */
  key: string;
  metrics: Metrics;
  /** All test images could be read. */
  complete: boolean;
}

const metric = z.number().nullable();
const runSchema = z.object({
  seed: z.int(),
  key: z.string(),
  metrics: z.object(
    Object.fromEntries(metricNames.map((name) => [name, metric])) as Record<MetricName, typeof metric>,
  ),
  complete: z.boolean(),
});

/** The file that says that a run is finished; it is written last. */
const runFile = "run.json";
const modelFile = "model.uflow";

/** What was finished in this folder, if it has the same key; nothing where that is not certain. */
export async function readRun(folder: string, key: string): Promise<Run | undefined> {
  const text = await readFile(join(folder, runFile), "utf8").catch(() => "null");
  const run = runSchema.safeParse(parsed(text));
  const finished = run.success && run.data.key === key && (await isFile(join(folder, modelFile)));
  return finished ? run.data : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What to do in one run. */
export interface RunTask {
  data: string;
  layout: LayoutName;
  folder: string;
  seed: number;
  key: string;
  training: object;
  evaluation: object;
  signal: AbortSignal | undefined;
  onNetwork: BuildOptions["onNetwork"];
  onProgress: (phase: "training" | "evaluation", step: TrainProgress | EvaluateProgress) => void;
}

/** Trains, evaluates and records it. @throws UflowError as `train()` and `evaluate()`. */
export async function doRun(task: RunTask): Promise<Run> {
  const { data, layout, folder, seed, key, training, evaluation, signal, onNetwork, onProgress } = task;
  const model = join(folder, modelFile);
  const shared = { data, layout, ...(signal && { signal }), onNetwork };
  // From here on the model and the report in the folder are not those of an earlier record any more.
  await rm(join(folder, runFile), { force: true });
  const resumed = (training as TrainOptions).resume === true && (await isFile(checkpointPath(model)));
  const start = performance.now();
  await train({
    ...training,
    ...shared,
    output: model,
    seed,
    onProgress: (step) => onProgress("training", step),
  } as TrainOptions);
  // Of a training that went on where it was interrupted, this would be a part.
  const trainingSeconds = resumed ? null : (performance.now() - start) / 1000;
  const measured = await evaluate({
    ...evaluation,
    ...shared,
    model,
    output: folder,
    onProgress: (step) => onProgress("evaluation", step),
  } as EvaluateOptions);
  const run = { seed, key, metrics: metricsOf(measured, trainingSeconds), complete: measured.complete };
  await writeFileAtomic(join(folder, runFile), Buffer.from(`${JSON.stringify(run, null, 2)}\n`));
  return run;
}

function metricsOf(evaluation: Evaluation, trainingSeconds: number | null): Metrics {
  const { imageAuroc, pixelAuroc, aupro, meanOfKinds, miou, falseAlarms, timings } = evaluation;
  return {
    imageAuroc,
    pixelAuroc,
    aupro,
    auspro005: meanOfKinds.auspro005,
    miouAutomatic: miou.automatic,
    miouOracle: miou.oracle,
    falseAlarms: falseAlarms.perGoodImage,
    trainingSeconds,
    millisecondsPerImage: timings.total,
  };
}
