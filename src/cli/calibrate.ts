import { Command } from "commander";
import type { Manifest } from "../bundle/manifest.js";
import type { RecalibrateOptions } from "../calibrate/index.js";
import { shellWord } from "../shell-word.js";
import { withOtherAreas } from "./areas.js";
import { calibrationLines } from "./calibration.js";
import {
  BuildingBar,
  duration,
  given,
  interruption,
  numeric,
  Progress,
  printJson,
  say,
  table,
} from "./terminal.js";

interface Flags
  extends Pick<RecalibrateOptions, "good" | "region" | "ignore" | "tail" | "tests" | "device" | "threads"> {
  out: string;
  json?: boolean;
}

export function calibrateCommand(): Command {
  const command = new Command("calibrate")
    .description("fit a model's idea of chance and its thresholds to good parts that it was not trained on")
    .argument("<model>", "the .uflow file")
    .option("--good <dir>", "needed: folder of images of good parts, none of them trained on")
    .option("--out <file>", "needed: the .uflow file to write");
  return withOtherAreas(command)
    .option("--tail <kind>", "how the good images are judged: exact or chernoff (default: exact)")
    .option("--tests <rule>", "how they are judged: by-size, per-scale or all (default: by-size)")
    .option("--device <name>", "where networks run: auto, cpu, cuda, cuda:1 … (default: auto)")
    .option("--threads <count>", "CPU threads, 0 for one per core (default: 0)", numeric)
    .option("--json", "print the calibration as JSON on stdout")
    .addHelpText(
      "after",
      "\nExample:\n  uflow calibrate bottle.uflow --good more-good-bottles --out calibrated.uflow\n  uflow inspect calibrated.uflow photos --false-rejects 100",
    )
    .action(run);
}

async function run(model: string, { out, json, ...flags }: Flags): Promise<void> {
  const start = performance.now();
  const bar = new Progress("good images");
  using building = new BuildingBar();
  try {
    const { recalibrate } = await import("../calibrate/index.js");
    const onProgress = ({ done, total }: { done: number; total: number }) => bar.update(done, total);
    const onNetwork = building.update;
    const options = { ...flags, model, output: out, signal: interruption(), onNetwork, onProgress };
    const manifest = await recalibrate(given(options) as RecalibrateOptions);
    bar.stop();
    if (json) printJson(manifest.calibration);
    else process.stdout.write(`${table(await calibrationLines(manifest))}\n`);
    say(`Calibrated in ${duration((performance.now() - start) / 1000)}; wrote ${out}`);
    say("What it promises holds for parts like these");
    say(`Next: uflow inspect ${shellWord(out)} IMAGES${await promised(manifest)}`);
  } finally {
    bar.stop();
  }
}

/** The option that asks for what can be promised, but for no more than one part in 100. */
async function promised({ calibration }: Manifest): Promise<string> {
  const { bestOneIn } = await import("../a-contrario/operating-point.js");
  const oneIn = calibration && bestOneIn(calibration.images, 0.95);
  return oneIn === undefined ? "" : ` --false-rejects ${Math.min(oneIn, 100)}`;
}
