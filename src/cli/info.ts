import { Command } from "commander";
import type { Manifest } from "../bundle/manifest.js";
import { calibrationLines } from "./calibration.js";
import { printJson, table } from "./terminal.js";

export function infoCommand(): Command {
  return new Command("info")
    .description("say what a .uflow file holds")
    .argument("<model>", "the .uflow file")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", "\nExample:\n  uflow info bottle.uflow")
    .action(run);
}

async function run(path: string, { json }: { json?: boolean }): Promise<void> {
  const { readModel } = await import("../bundle/read.js");
  const { manifest } = await readModel(path);
  if (json) return printJson(manifest);
  const { backbone, inputSize, mapSize, scales, strides, latents, flowSteps, entries } = manifest;
  const megabytes = Object.values(entries).reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  const lines = [
    ["model", `${path}, ${megabytes.toFixed(1)} MB, written by uflow ${manifest.engine}, checksums right`],
    ["backbone", `${backbone.name}, SHA-256 ${backbone.sha256.slice(0, 16)}…`],
    ...weightsLine(backbone),
    ["input", `${inputSize} × ${inputSize} pixels; maps ${mapSize} × ${mapSize}`],
    ...scales.map(({ channels, height, width }, i) => [
      i === 0 ? "scales" : "",
      `stride ${strides[i]}: ${channels} features at ${width} × ${height} → ${latents[i]!.channels} latents`,
    ]),
    [
      "flow",
      `${flowSteps} steps per scale, ${manifest.normalization === "none" ? "no" : manifest.normalization} normalisation of the features`,
    ],
    ...originLines(manifest),
    ...(await calibrationLines(manifest)),
  ];
  process.stdout.write(`${table(lines as string[][])}\n`);
}

/** Only where the file does not hold them. */
function weightsLine({ name, weights }: Manifest["backbone"]): string[][] {
  if (!weights) return [];
  const gigabytes = `${(weights.bytes / 1e9).toFixed(2)} GB`;
  return [["", `weights: ${gigabytes} not in this file; from the store ("uflow backbone pull ${name}")`]];
}

function originLines({ training, imported }: Manifest): string[][] {
  const lines: string[][] = [];
  if (imported) lines.push(["imported", `from ${imported.file}, SHA-256 ${imported.sha256.slice(0, 16)}…`]);
  if (training) {
    const { images, batchSize, learningRate, weightDecay, seed, losses, heldOut, chosenEpoch } = training;
    lines.push(
      ["trained", `on ${images} good images, ${losses.length} epochs in batches of ${batchSize}`],
      ["", `rate ${learningRate}, weight decay ${weightDecay}, seed ${seed}`],
      ["loss", `${losses[0]!.toFixed(0)} → ${losses.at(-1)!.toFixed(0)} (first → last epoch)`],
    );
    const chosen = heldOut?.losses.find(({ epoch }) => epoch === chosenEpoch);
    if (heldOut && chosen) {
      const count = `${heldOut.images} good images held out`;
      lines.push([
        "",
        `${chosen.loss.toFixed(0)} on ${count}, the least, after epoch ${chosen.epoch}: the model's`,
      ]);
    }
  }
  return lines;
}
