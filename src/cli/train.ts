import { stat } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { normalizations } from "../backbone/features.js";
import { backboneNames } from "../backbone/names.js";
import type { TrainingSummary } from "../bundle/manifest.js";
import { rateSchedules } from "../bundle/rate-schedules.js";
import { shellWord } from "../shell-word.js";
import type { Augmentation } from "../train/augmentation.js";
import { cachePrecisions } from "../train/feature-records.js";
import type { TrainOptions, TrainProgress } from "../train/index.js";
import { area, ignored } from "./areas.js";
import { BuildingBar, duration, given, interruption, numeric, Progress, printJson, say } from "./terminal.js";

interface Flags
  extends Pick<
    TrainOptions,
    | "layout"
    | "backbone"
    | "inputSize"
    | "region"
    | "tileSize"
    | "tileOverlap"
    | "ignore"
    | "flowSteps"
    | "normalization"
    | "epochs"
    | "batchSize"
    | "schedule"
    | "heldOut"
    | "validateEvery"
    | "patience"
    | "checkpointEvery"
    | "resume"
    | "augment"
    | "cacheFolder"
    | "cachePrecision"
  > {
  data: string;
  out: string;
  learningRate?: number;
  weightDecay?: number;
  featureNoise?: number;
  seed?: number;
  tensorboard?: string;
  threads?: number;
  json?: boolean;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("learn a model from images of good parts")
    .option("--data <dir>", "needed: folder of one product: train/good/* inside, or only good images")
    .option("--layout <name>", "how the data is laid out, docs/datasets.md (default: auto)")
    .option("--out <file>", "needed: the .uflow file to write")
    .option(
      "--backbone <name>",
      `image network: ${backboneNames.join(", ")}, or your own; see "uflow backbone list" (default: mobile)`,
    )
    .option(
      "--input-size <pixels>",
      "side to which images are resized (default: 256, or the backbone's only one: 448 for mcait)",
      numeric,
    )
    .option("--region <x,y,width,height>", "the only part of the images to look at, pixels", area)
    .option(
      "--tile-size <pixels>",
      "cut images into overlapping squares of this side, each seen at the input size (default: no tiles)",
      numeric,
    )
    .option("--tile-overlap <pixels>", "of a tile with the next (default: a quarter of the tile)", numeric)
    .option(
      "--ignore <what>",
      'where nothing is ever reported: a mask (an image, white is ignored), or a polygon, "x,y x,y x,y"; repeatable',
      ignored,
    )
    .option("--flow-steps <count>", "flow steps per scale (default: 4)", numeric)
    .option(
      "--normalization <kind>",
      `of the features before the flow: ${normalizations.join(", ")} (default: the backbone's)`,
    )
    .option("--epochs <count>", "passes over the images (default: the backbone's, 60 for mobile)", numeric)
    .option(
      "--batch-size <count>",
      "images per training step (default: the backbone's, 4 for mobile)",
      numeric,
    )
    .option("--learning-rate <rate>", "Adam's full rate (default: the backbone's, 0.004 for mobile)", numeric)
    .option("--schedule <shape>", `how the rate falls: ${rateSchedules.join(", ")} (default: linear)`)
    .option(
      "--held-out <part>",
      "part of the good images not to learn from: they choose the epoch and calibrate the test (default: 0.2; 0 for fewer than 10 images)",
      numeric,
    )
    .option(
      "--validate-every <epochs>",
      "from one look at the held-out images to the next (default: as many as cost less than 5 % of the time)",
      numeric,
    )
    .option(
      "--patience <looks>",
      "without a better likelihood, after which it ends; 0: never early (default: 5)",
      numeric,
    )
    .option("--weight-decay <factor>", "L2 penalty (default: 1e-5)", numeric)
    .option(
      "--feature-noise <deviation>",
      "noise that the features are mixed with in each step, 0 to 0.9 (default: 0.35 with mobile, mobile4 and networks of your own, else 0)",
      numeric,
    )
    .option("--seed <number>", "same seed, same machine: same model (default: 0)", numeric)
    .option(
      "--augment <list>",
      "learn from variants of the images too: flip-horizontal, flip-vertical, rotate=DEGREES or rotate=quarter, light=0.1, variants=4",
      augmentation,
    )
    .option(
      "--cache-folder <dir>",
      "keep the features of all images in a file there (default: in memory if they fit)",
    )
    .option("--cache-precision <type>", `of these features: ${cachePrecisions.join(", ")} (default: float32)`)
    .option("--threads <count>", "CPU threads, 0 for one per core (default: 0)", numeric)
    .option(
      "--checkpoint-every <epochs>",
      "from one FILE.training to the next, from which --resume goes on; 0: none (default: 5)",
      numeric,
    )
    .option("--resume", "go on where a training with the same options and images was interrupted")
    .option("--tensorboard <dir>", "folder for an event file of TensorBoard (default: none is written)")
    .option("--json", "print one JSON document on stdout")
    .addHelpText(
      "after",
      "\nExample:\n  uflow train --data bottle --out bottle.uflow --epochs 60\n  uflow train --data bottle --out bottle.uflow --epochs 60 --resume\n  uflow train --data nut --out nut.uflow --augment flip-horizontal,rotate=180,variants=8\n  uflow backbone pull resnet18\n  uflow train --data bottle --out bottle.uflow --backbone resnet18",
    )
    .action(run);
}

/** The words of --augment as the options that they are; what they are worth is checked with all others. */
function augmentation(text: string): Augmentation {
  const words = text.split(",").map((word) => word.trim().split("="));
  return Object.fromEntries(words.map(([name, value]) => augmentationPart(name!, value)));
}

function augmentationPart(name: string, value: string | undefined): [keyof Augmentation, unknown] {
  if (name === "flip-horizontal" && value === undefined) return ["flipHorizontal", true];
  if (name === "flip-vertical" && value === undefined) return ["flipVertical", true];
  if (name === "rotate" && value === "quarter") return ["rotate", value];
  if ((name === "rotate" || name === "light" || name === "variants") && value) return [name, Number(value)];
  const given = value === undefined ? name : `${name}=${value}`;
  throw new InvalidArgumentError(
    `"${given}" is none of flip-horizontal, flip-vertical, rotate=DEGREES, rotate=quarter, light=PART, variants=COUNT.`,
  );
}

async function run({ out, json, ...flags }: Flags): Promise<void> {
  const start = performance.now();
  const view = new TrainView();
  using building = new BuildingBar();
  try {
    const options = {
      ...flags,
      output: out,
      signal: interruption(),
      onNetwork: building.update,
      onProgress: view.update,
    };
    const { train } = await import("../train/index.js");
    const { training, latents } = await train(given(options));
    view.stop();
    const seconds = (performance.now() - start) / 1000;
    if (json) printJson({ model: out, seconds, training });
    const latentValues = latents.reduce(
      (sum, { channels, height, width }) => sum + channels * height * width,
      0,
    );
    const { size } = await stat(out);
    say(
      `Learned from ${training.images} good images in ${duration(seconds)}: ${training.losses.length} of ${training.epochs} epochs`,
    );
    for (const line of closing(training, latentValues)) say(line);
    say(`Wrote ${out} (${(size / 1e6).toFixed(1)} MB)`);
    say(`Next: uflow inspect ${shellWord(out)} IMAGES --out results`);
    say(
      `      uflow evaluate ${shellWord(out)} --data ${shellWord(flags.data)}  (where there are parts to test on)`,
    );
  } finally {
    view.stop();
  }
}

/** Why the training ended where it did, and how well the images are known. */
function closing(training: TrainingSummary, latentValues: number): string[] {
  const { losses, epochs, heldOut, chosenEpoch = losses.length, recoveries = [] } = training;
  const perValue = (loss: number) => (loss / latentValues).toFixed(3);
  const lines = recoveries.map(
    ({ epoch, reason, learningRate }) =>
      `Went on from the end of epoch ${epoch} with the learning rate ${learningRate}: ${reason}`,
  );
  if (heldOut && losses.length < epochs) {
    lines.push(
      `Stopped at epoch ${losses.length}: held-out likelihood had not improved for ${heldOut.patience} checks`,
    );
  }
  lines.push(
    `Loss per latent value: ${perValue(losses[chosenEpoch - 1]!)} nats (the lower, the better known)`,
  );
  const chosen = heldOut?.losses.find(({ epoch }) => epoch === chosenEpoch);
  if (chosen) {
    lines.push(
      `On ${heldOut!.images} good images held out: ${perValue(chosen.loss)}, the best, after epoch ${chosenEpoch}; its parameters are the model's`,
    );
  } else lines.push("No images were held out: nothing says how well unseen good parts are known");
  return lines;
}

const lossText = (loss: number) => loss.toFixed(0);

/** Two bars, one after the other: features, then training. Notices stand between. */
export class TrainView {
  private bar: Progress | undefined;
  private phase: TrainProgress["phase"] | undefined;

  constructor(private readonly prefix = "") {}

  readonly update = (progress: TrainProgress): void => {
    const { phase, done, total, notice } = progress;
    if (notice !== undefined) {
      this.stop();
      this.phase = undefined;
      say(notice);
      return;
    }
    if (phase !== this.phase) {
      this.stop();
      this.phase = phase;
      this.bar = new Progress(`${this.prefix}${phase}`);
    }
    this.bar?.update(done, total, noteOf(progress));
  };

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

function noteOf({ phase, epoch, epochs, loss, heldOut, secondsLeft }: TrainProgress): string {
  const left = secondsLeft === null ? "" : `${duration(secondsLeft)} left`;
  if (phase === "features") return left;
  const unseen = heldOut ? `  held out ${lossText(heldOut.loss)}` : "";
  return `epoch ${epoch}/${epochs}  loss ${lossText(loss!)}${unseen}  ${left}`;
}
