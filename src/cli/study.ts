import { join } from "node:path";
import type { Command, Option } from "commander";
import { UflowError } from "../error.js";
import type { EvaluateProgress } from "../evaluate/index.js";
import type { Study, StudyOptions, StudyProgress } from "../study/index.js";
import type { TrainProgress } from "../train/index.js";
import { operatingPointOf } from "./operating-point.js";
import {
  BuildingBar,
  duration,
  exitStatus,
  given,
  interruption,
  numeric,
  Progress,
  printJson,
  say,
} from "./terminal.js";
import { trainCommand } from "./train.js";

type Flags = Record<string, unknown> & { all: string; out?: string; seeds?: unknown[]; json?: boolean };

/** Where a study puts things, and how it answers: no settings of a training or an evaluation. */
const ofTheStudy = ["all", "seeds", "data", "layout", "out", "json", "seed"];

/** What models are trained with and keep: evaluations go by the models then. */
const ofTheModels = ["region", "ignore"];

/** Adds to "evaluate" what makes it a study, and all options of a training that it has not itself. */
export function withStudyOptions(evaluate: Command): Command {
  const own = evaluate.options.map((option) => option.attributeName());
  const training = trainCommand().options.filter(
    (option) => ![...own, "seed"].includes(option.attributeName()),
  );
  evaluate
    .option(
      "--all <dir>",
      "train and evaluate a model for every category of a data set, instead of <model>; trained with --region and --ignore",
    )
    .option("--seeds <list>", "with --all: a model for each of these, as 0,1,2 (default: 0)", seedList);
  for (const option of training) evaluate.addOption(option.helpGroup("With --all, how to train:"));
  return evaluate;
}

const seedList = (text: string) => text.split(",").map((seed) => numeric(seed.trim()));

/** "evaluate --all". What is an option of both training and evaluation goes to both. */
export async function runStudy(model: string | undefined, flags: Flags, command: Command): Promise<void> {
  const { all, out, seeds, layout, data, json } = flags;
  if (model !== undefined || data !== undefined) {
    const what = model === undefined ? "--data" : "a model";
    throw new UflowError(
      "ERR_UFLOW_BAD_OPTION",
      `Wrong options: --all trains its own models; leave out ${what}`,
    );
  }
  const start = performance.now();
  const view = new StudyView();
  using building = new BuildingBar();
  try {
    const { evaluateAll } = await import("../study/index.js");
    const study = await evaluateAll(
      given({
        data: all,
        layout,
        output: out,
        seeds,
        training: settingsFor(trainCommand().options, flags),
        evaluation: operatingPointOf(settingsFor(command.options.filter(isOfEvaluation), flags)),
        signal: interruption(),
        onNetwork: building.update,
        onProgress: view.update,
      }) as unknown as StudyOptions,
    );
    view.stop();
    await tell(study, out!, json ?? false, (performance.now() - start) / 1000);
  } finally {
    view.stop();
  }
}

const isOfEvaluation = (option: Option) =>
  option.helpGroupHeading === undefined && !ofTheModels.includes(option.attributeName());

function settingsFor(options: readonly Option[], flags: Flags): Record<string, unknown> {
  const names = options.map((option) => option.attributeName()).filter((name) => !ofTheStudy.includes(name));
  // Of region and ignore, null is "none": what a training does when it is told nothing.
  return Object.fromEntries(names.filter((name) => flags[name] != null).map((name) => [name, flags[name]]));
}

async function tell(study: Study, out: string, json: boolean, seconds: number): Promise<void> {
  const { summaryMarkdown, summaryTable, ofSeed } = await import("../study/report.js");
  if (json) printJson(study);
  else process.stdout.write(summaryMarkdown(study));
  for (const { category, seed, code, message } of study.failures) {
    say(`Failed: ${category}${ofSeed(seed)}: ${message} (${code})`);
  }
  if (!study.complete) process.exitCode = exitStatus.failed;
  say(
    `${study.categories.length} categories in ${duration(seconds)}; the table is in ${join(out, summaryTable)}`,
  );
  if (study.failures.length > 0)
    say("Next: mend what failed and repeat the command; what is finished is kept");
}

/** A bar per phase of a run, and a line for what comes without one. */
class StudyView {
  private bar: Progress | undefined;
  private label = "";

  readonly update = ({ category, seed, run, runs, phase, step, message }: StudyProgress): void => {
    const name = `[${run}/${runs}] ${category}, seed ${seed}`;
    const notice = step && "notice" in step ? step.notice : undefined;
    if (step && notice === undefined)
      this.show(`${name}: ${phase === "training" ? stageOf(step) : "evaluation"}`, step);
    else this.stop();
    if (notice !== undefined) say(`${name}: ${notice}`);
    if (phase === "kept") say(`${name}: finished earlier`);
    if (phase === "failed") say(`${name}: failed: ${message}`);
  };

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.label = "";
  }

  private show(label: string, { done, total, secondsLeft }: TrainProgress | EvaluateProgress): void {
    if (label !== this.label) {
      this.stop();
      this.label = label;
      this.bar = new Progress(label);
    }
    this.bar?.update(done, total, secondsLeft === null ? "" : `${duration(secondsLeft)} left`);
  }
}

const stageOf = ({ phase }: TrainProgress | EvaluateProgress) =>
  phase === "features" ? "features" : "training";
