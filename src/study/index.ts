import { join } from "node:path";
import { UflowError } from "../error.js";
import { type Category, findCategories, readDataset } from "../image/datasets/index.js";
import { checkWritable } from "../output/atomic-file.js";
import {
  type CheckedStudyOptions,
  checkStudyOptions,
  type StudyOptions,
  type StudyProgress,
} from "./options.js";
import { summaryFile, writeSummary } from "./report.js";
import { doRun, type Run, readRun } from "./run.js";
import { keyOf, type Settings, settingsOf } from "./settings.js";
import type { CategoryResult, Failure, Study } from "./study.js";
import { summarize, summarizeAll } from "./summary.js";

export type { StudyOptions, StudyProgress } from "./options.js";
export type { MetricName, Metrics, Run } from "./run.js";
export type { CategoryResult, Failure, Study } from "./study.js";
export type { Spread, Summary } from "./summary.js";

/**
 * Trains and evaluates a model for every category of a data set and every seed, and writes one table of it. A category
 * that fails is reported at the end and does not stop the others. A run that is finished is recorded with what it depends
 * on, and not done again when the study is repeated; the summary is written anew after every category.
 *
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_WEIGHTS, ERR_UFLOW_BAD_DATASET (no categories), ERR_UFLOW_OUTPUT,
 * ERR_UFLOW_ABORTED. What fails for one category only is in `failures`.
 */
export async function evaluateAll(options: StudyOptions): Promise<Study> {
  const checked = checkStudyOptions(options);
  const { data, layout, output, seeds } = checked;
  const settings = await settingsOf(checked);
  const categories = await findCategories(data, { layout });
  await checkWritable(join(output, summaryFile));
  const results: CategoryResult[] = [];
  const failures: Failure[] = [];
  for (const [i, category] of categories.entries()) {
    const report = reporter(checked, category.name, i * seeds.length, categories.length * seeds.length);
    const { runs, failed } = await studyCategory(category, checked, settings, report);
    results.push(resultOf(category, runs, seeds));
    failures.push(...failed);
    await writeSummary(output, studyOf(checked, settings, results, failures));
  }
  return studyOf(checked, settings, results, failures);
}

function studyOf(
  { data, seeds }: CheckedStudyOptions,
  settings: Settings,
  categories: CategoryResult[],
  failures: Failure[],
): Study {
  const finished = categories.map(({ runs }) => runs).filter((runs) => runs.length === seeds.length);
  return {
    data,
    seeds,
    settings,
    categories,
    mean: finished.length > 0 ? summarizeAll(finished, seeds) : null,
    failures,
    complete: failures.length === 0 && categories.every(({ complete }) => complete),
  };
}

function resultOf(category: Category, runs: Run[], seeds: readonly number[]): CategoryResult {
  return {
    ...category,
    runs,
    summary: runs.length > 0 ? summarize(runs) : null,
    complete: runs.length === seeds.length && runs.every(({ complete }) => complete),
  };
}

type Report = (seed: number, progress: Pick<StudyProgress, "phase" | "step" | "message">) => void;

function reporter(
  { seeds, onProgress }: CheckedStudyOptions,
  category: string,
  before: number,
  runs: number,
): Report {
  return (seed, progress) =>
    onProgress?.({ category, seed, run: before + seeds.indexOf(seed) + 1, runs, ...progress });
}

async function studyCategory(
  category: Category,
  options: CheckedStudyOptions,
  settings: Settings,
  report: Report,
): Promise<{ runs: Run[]; failed: Failure[] }> {
  const runs: Run[] = [];
  const failed: Failure[] = [];
  const fail = (seed: number | null) => (error: unknown) => {
    const { code, message } = ofOneCategory(error);
    failed.push({ category: category.name, seed, code, message });
    report(seed ?? options.seeds[0]!, { phase: "failed", message });
    return undefined;
  };
  const dataset = await readDataset(category.path, { layout: category.layout }).catch(fail(null));
  if (!dataset) return { runs, failed };
  const key = await keyOf(settings, category.path, dataset);
  for (const seed of options.seeds) {
    const run = await runOnce(category, options, seed, key(seed), report).catch(fail(seed));
    if (run) runs.push(run);
  }
  return { runs, failed };
}

/** Trains and evaluates, unless that is done already. */
async function runOnce(
  { name, path, layout }: Category,
  { output, training, evaluation, signal, onNetwork }: CheckedStudyOptions,
  seed: number,
  key: string,
  report: Report,
): Promise<Run> {
  const folder = join(output, name, `seed-${seed}`);
  const kept = await readRun(folder, key);
  if (kept) {
    report(seed, { phase: "kept" });
    return kept;
  }
  const run = await doRun({
    data: path,
    layout,
    folder,
    seed,
    key,
    training,
    evaluation,
    signal,
    onNetwork,
    onProgress: (phase, step) => report(seed, { phase, step }),
  });
  report(seed, { phase: "finished" });
  return run;
}

/** Would stop all other categories as well. */
const general: readonly string[] = ["ERR_UFLOW_ABORTED", "ERR_UFLOW_BAD_OPTION", "ERR_UFLOW_OUTPUT"];

/** @throws what it is given, unless it is a failure of one category. */
function ofOneCategory(error: unknown): UflowError {
  if (error instanceof UflowError && !general.includes(error.code)) return error;
  throw error;
}
