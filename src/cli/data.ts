import { Command } from "commander";
import { layoutNames } from "../image/datasets/dataset.js";
import type {
  CategorySurvey,
  Problem,
  Survey,
  SurveyOptions,
  SurveyProgress,
} from "../image/datasets/survey.js";
import { shellWord } from "../shell-word.js";
import { exitStatus, given, interruption, Progress, printable, printJson, say, table } from "./terminal.js";

interface Flags extends Pick<SurveyOptions, "layout" | "deep"> {
  json?: boolean;
}

export function dataCommand(): Command {
  return new Command("data")
    .description("say what a data set holds and what is wrong with it, before work starts")
    .argument("<dir>", "folder of one product or of several, or a CSV list")
    .option("--layout <name>", `how it is laid out: auto, ${layoutNames.join(", ")} (default: auto)`)
    .option("--deep", "decode every image to its end, instead of reading its header")
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", "\nExample:\n  uflow data mvtec --deep")
    .action(run);
}

async function run(dir: string, { json, ...flags }: Flags): Promise<void> {
  const view = new SurveyView();
  try {
    const options = given({ ...flags, signal: interruption(), onProgress: view.update });
    const { surveyDataset } = await import("../image/datasets/survey.js");
    const survey = await surveyDataset(dir, options as SurveyOptions);
    view.stop();
    if (json) printJson(survey);
    else process.stdout.write(`${survey.categories.map(describe).join("\n")}`);
    if (!survey.usable) process.exitCode = exitStatus.failed;
    say(verdict(survey));
  } finally {
    view.stop();
  }
}

function describe({ name, path, layout, images, defects, sizes, modes, problems }: CategorySurvey): string {
  const { train, validation, good, defective } = images;
  const kinds = defects.map(({ kind, images: count, masks }) => `${kind} ${count} (${masks} masks)`);
  const validating = validation > 0 ? [["validation", `${validation} good`]] : [];
  const rows = [
    [name, `${path}, layout ${layout}`],
    ["train", `${train} good`],
    ...validating,
    ["test", `${good} good, ${defective} defective`],
    ...kinds.map((kind) => ["", kind]),
    ["sizes", listed(sizes.map(({ width, height, images: count }) => `${width} × ${height} (${count})`))],
    ["files", listed(modes.map(({ mode, images: count }) => `${mode} (${count})`))],
  ];
  return `${table(rows)}\n${describeProblems(problems)}`;
}

/** Beyond these there is "--json". */
const mostShown = 5;

function listed(items: readonly string[]): string {
  if (items.length === 0) return "none";
  const more = items.length > mostShown ? `, and ${items.length - mostShown} more` : "";
  return `${items.slice(0, mostShown).join(", ")}${more}`;
}

/** The first of every kind, errors before warnings. */
function describeProblems(problems: readonly Problem[]): string {
  const lines = (["error", "warning"] as const).flatMap((severity) => {
    const severe = problems.filter((problem) => problem.severity === severity);
    return [...new Set(severe.map(({ kind }) => kind))].flatMap((kind) => {
      const same = severe.filter((problem) => problem.kind === kind);
      const shown = same.slice(0, mostShown).map(({ message }) => `  ${severity}: ${message}`);
      return same.length > mostShown
        ? [...shown, `  … and ${same.length - mostShown} more like this`]
        : shown;
    });
  });
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function verdict({ data, categories, usable }: Survey): string {
  const problems = categories.flatMap((category) => category.problems);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = count(problems.length - errors, "warning");
  if (!usable) return `${count(errors, "error")}, ${warnings}: mend the errors before training`;
  const several = categories.length > 1;
  const first = categories[0]!;
  const next = several
    ? `uflow evaluate --all ${shellWord(data)} --out results`
    : `uflow train --data ${shellWord(first.path)} --out ${shellWord(`${first.name}.uflow`)}`;
  return `No errors, ${warnings}. Next: ${next}`;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** One bar per category. */
class SurveyView {
  private bar: Progress | undefined;
  private category: string | undefined;

  readonly update = ({ category, done, total }: SurveyProgress): void => {
    if (category !== this.category) {
      this.stop();
      this.category = category;
      this.bar = new Progress(category);
    }
    this.bar?.update(done, total);
  };

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
