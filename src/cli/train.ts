import { stat } from "node:fs/promises";
import { Command } from "commander";
import { normalizations } from "../backbone/features.js";
import { backboneNames } from "../backbone/names.js";
import type { TrainOptions, TrainProgress } from "../train/index.js";
import { duration, given, interruption, numeric, Progress, printJson, say } from "./terminal.js";

interface Flags
  extends Pick<
    TrainOptions,
    "layout" | "backbone" | "inputSize" | "flowSteps" | "normalization" | "epochs" | "batchSize"
  > {
  data: string;
  out: string;
  learningRate?: number;
  weightDecay?: number;
  seed?: number;
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
    .option("--flow-steps <count>", "flow steps per scale (default: 4)", numeric)
    .option(
      "--normalization <kind>",
      `of the features before the flow: ${normalizations.join(", ")} (default: the backbone's)`,
    )
    .option("--epochs <count>", "passes over the images (default: 60)", numeric)
    .option("--batch-size <count>", "images per training step (default: 4)", numeric)
    .option("--learning-rate <rate>", "Adam's rate at the start (default: 0.004)", numeric)
    .option("--weight-decay <factor>", "L2 penalty (default: 1e-5)", numeric)
    .option("--seed <number>", "same seed, same machine: same model (default: 0)", numeric)
    .option("--threads <count>", "CPU threads, 0 for one per core (default: 0)", numeric)
    .option("--json", "print one JSON document on stdout")
    .addHelpText(
      "after",
      "\nExample:\n  uflow train --data bottle --out bottle.uflow --epochs 60\n  uflow backbone pull resnet18\n  uflow train --data bottle --out bottle.uflow --backbone resnet18",
    )
    .action(run);
}

async function run({ out, json, ...flags }: Flags): Promise<void> {
  const start = performance.now();
  const view = new TrainView();
  try {
    const options = { ...flags, output: out, signal: interruption(), onProgress: view.update };
    const { train } = await import("../train/index.js");
    const { training, latents } = await train(given(options));
    view.stop();
    const seconds = (performance.now() - start) / 1000;
    if (json) printJson({ model: out, seconds, training });
    const dimensions = latents.reduce(
      (sum, { channels, height, width }) => sum + channels * height * width,
      0,
    );
    const loss = training.losses.at(-1)!;
    const { size } = await stat(out);
    say(`Learned from ${training.images} good images in ${duration(seconds)}; final loss ${lossText(loss)}`);
    say(
      `(${(loss / dimensions).toFixed(3)} nats per latent value; the lower, the better good parts are known)`,
    );
    say(`Wrote ${out} (${(size / 1e6).toFixed(1)} MB)`);
    say(`Next: uflow inspect ${out} IMAGES --out results`);
  } finally {
    view.stop();
  }
}

const lossText = (loss: number) => loss.toFixed(0);

/** Two bars, one after the other: features, then training. */
export class TrainView {
  private bar: Progress | undefined;
  private phase: TrainProgress["phase"] | undefined;

  constructor(private readonly prefix = "") {}

  readonly update = (progress: TrainProgress): void => {
    const { phase, done, total, epoch, epochs, loss, secondsLeft } = progress;
    if (phase !== this.phase) {
      this.stop();
      this.phase = phase;
      this.bar = new Progress(`${this.prefix}${phase === "features" ? "features" : "training"}`);
    }
    const left = secondsLeft === null ? "" : `${duration(secondsLeft)} left`;
    const note = phase === "features" ? left : `epoch ${epoch}/${epochs}  loss ${lossText(loss!)}  ${left}`;
    this.bar?.update(done, total, note);
  };

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
