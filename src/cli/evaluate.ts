import { join } from "node:path";
import { Command } from "commander";
import type { EvaluateOptions, EvaluateProgress, Evaluation } from "../evaluate/index.js";
import { withOtherAreas } from "./areas.js";
import { type OperatingPointFlags, operatingPointOf, withOperatingPoint } from "./operating-point.js";
import { runStudy, withStudyOptions } from "./study.js";
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
  table,
} from "./terminal.js";

interface Flags
  extends OperatingPointFlags,
    Pick<EvaluateOptions, "layout" | "device" | "threads" | "mapSize" | "curves" | "region" | "ignore"> {
  data: string;
  out?: string;
  json?: boolean;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description("measure a model on test images, good ones and defective ones")
    .argument("[model]", "the .uflow file; none with --all")
    .option("--data <dir>", "needed: folder of one product: test/good, test/<defect>, ground_truth/<defect>")
    .option("--layout <name>", "how the data is laid out, docs/datasets.md (default: auto)")
    .option("--out <dir>", "folder for the report: report.html, evaluation.json, tables and pictures")
    .option(
      "--map-size <pixels>",
      "side of the maps on which pixels are counted (default: the model's)",
      numeric,
    );
  withOtherAreas(withOperatingPoint(command))
    .option("--device <name>", "where networks run: auto, cpu, cuda, cuda:1 … (default: auto)")
    .option("--threads <count>", "CPU threads, 0 for one per core (default: 0)", numeric)
    .option("--json", "print one JSON document on stdout")
    .option("--curves", "add the ROC, PR and per-region overlap curves to the JSON document");
  return withStudyOptions(command)
    .addHelpText(
      "after",
      "\nExample:\n  uflow evaluate bottle.uflow --data bottle --out results\n  uflow evaluate --all mvtec --out results --seeds 0,1,2",
    )
    .action((model, flags) =>
      flags.all === undefined ? run(model, flags) : runStudy(model, flags, command),
    );
}

async function run(model: string | undefined, { out, json, ...flags }: Flags): Promise<void> {
  const start = performance.now();
  const view = new EvaluateView();
  using building = new BuildingBar();
  try {
    const options = {
      ...operatingPointOf(flags),
      model,
      output: out,
      signal: interruption(),
      onNetwork: building.update,
      onProgress: view.update,
    };
    const { evaluate } = await import("../evaluate/index.js");
    const evaluation = await evaluate(given(options) as EvaluateOptions);
    view.stop();
    if (json) printJson(evaluation);
    else process.stdout.write(`${table(rowsOf(evaluation))}\n`);
    tellMore(evaluation, out, (performance.now() - start) / 1000);
    if (!evaluation.complete) process.exitCode = exitStatus.failed;
  } finally {
    view.stop();
  }
}

function rowsOf(evaluation: Evaluation): string[][] {
  const { images, imageAuroc, pixelAuroc, aupro, miou, falseAlarms, defects, operatingPoint, timings } =
    evaluation;
  const overlap =
    miou.oracleLogEpsilon === null
      ? "unknown"
      : `${score(miou.automatic)} with the automatic threshold, at best ${score(miou.oracle)} (log ε = ${miou.oracleLogEpsilon})`;
  return [
    ["images", `${images.good} good, ${images.defective} defective`],
    ["image AUROC", `${score(imageAuroc)}, average precision ${score(evaluation.imageAveragePrecision)}`],
    ["pixel AUROC", `${score(pixelAuroc)}, average precision ${score(evaluation.pixelAveragePrecision)}`],
    ["AUPRO", `${score(aupro)} up to a false positive rate of 0.3, ${score(evaluation.aupro005)} up to 0.05`],
    ...saturatedRow(evaluation),
    ["mIoU", overlap],
    ["false alarms", alarms(falseAlarms, images.good, operatingPoint)],
    ["", operatingPoint.text],
    ...defects.map(({ kind, images: total, detected }, i) => [
      i === 0 ? "detected" : "",
      `${kind}: ${detected} of ${total}`,
    ]),
    ...regionRow(evaluation.regionDetection),
    [
      "time",
      `${timings.total.toFixed(0)} ms per image (median), of which networks ${timings.network.toFixed(0)} ms on ${evaluation.device}`,
    ],
  ];
}

function saturatedRow({ auspro, auspro005, meanOfKinds, defects }: Evaluation): string[][] {
  if (auspro === null) return [];
  const kinds = defects.map((defect) => `${defect.kind} ${score(defect.auspro005)}`);
  return [
    ["AU-sPRO", `${score(auspro)} up to a false positive rate of 0.3, ${score(auspro005)} up to 0.05`],
    ["", `mean of kinds up to 0.05: ${score(meanOfKinds.auspro005)} (${kinds.join(", ")})`],
  ];
}

function regionRow({ regions, detected }: Evaluation["regionDetection"]): string[][] {
  if (regions === 0) return [];
  return [["regions", `${detected} of ${regions} in the ground truth overlap a detection`]];
}

const score = (value: number | null) => (value === null ? "unknown" : value.toFixed(4));

function alarms(
  { perGoodImage, perGoodImageInterval, goodImagesWithDetection }: Evaluation["falseAlarms"],
  good: number,
  { epsilon, falseRejects }: Evaluation["operatingPoint"],
) {
  if (perGoodImage === null || perGoodImageInterval === null) return "unknown";
  const [low, high] = perGoodImageInterval.map((end) => end.toFixed(2));
  const wanted = falseRejects
    ? `one part in ${falseRejects.oneIn} at most is to have any`
    : `promised: at most ${epsilon}`;
  return `${perGoodImage.toFixed(2)} per good image (95 %: ${low} … ${high}; ${wanted}), on ${goodImagesWithDetection} of ${good}`;
}

function tellMore({ errors, notes, images }: Evaluation, out: string | undefined, seconds: number): void {
  for (const { message } of errors.slice(0, 5)) say(message);
  if (errors.length > 5) say(`… and ${errors.length - 5} more`);
  for (const note of notes) say(`Note: ${note}`);
  const total = images.good + images.defective;
  say(`Evaluated ${total} ${total === 1 ? "image" : "images"} in ${duration(seconds)}`);
  if (out === undefined) say("Next: add --out DIR for a report with charts and pictures");
  else
    say(`Next: look at ${join(out, "report.html")}; every image's numbers are in ${join(out, "images.csv")}`);
}

/** One bar; the metrics at the end are a note on it. */
class EvaluateView {
  private readonly bar = new Progress("images");

  readonly update = ({ phase, done, total, secondsLeft }: EvaluateProgress): void => {
    const left = secondsLeft === null ? "" : `${duration(secondsLeft)} left`;
    this.bar.update(done, total, phase === "metrics" ? "computing the metrics" : left);
  };

  stop(): void {
    this.bar.stop();
  }
}
