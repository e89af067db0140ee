import { Command } from "commander";
import type { Manifest } from "../bundle/manifest.js";
import type { Device, TriedDevice } from "../inspect/index.js";
import { calibrationLines } from "./calibration.js";
import { BuildingBar, printJson, table } from "./terminal.js";

export function infoCommand(): Command {
  return new Command("info")
    .description("say what a .uflow file holds")
    .argument("<model>", "the .uflow file")
    .option("--device <name>", "also open it: say which devices were tried and which was taken")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", "\nExample:\n  uflow info bottle.uflow")
    .action(run);
}

interface Flags {
  device?: Device;
  json?: boolean;
}

async function run(path: string, { device, json }: Flags): Promise<void> {
  const { readModel } = await import("../bundle/read.js");
  const { manifest } = await readModel(path);
  const tried = device === undefined ? undefined : await tryDevices(path, device);
  if (json) return printJson({ ...manifest, ...(tried && { triedDevices: tried }) });
  const { backbone, inputSize, mapSize, scales, strides, latents, flowSteps, entries } = manifest;
  const megabytes = Object.values(entries).reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  const lines = [
    ["model", `${path}, ${megabytes.toFixed(1)} MB, written by uflow ${manifest.engine}, checksums right`],
    ["backbone", `${backbone.name}, SHA-256 ${backbone.sha256.slice(0, 16)}…`],
    ...weightsLine(backbone),
    ["input", `${inputSize} × ${inputSize} pixels; maps ${mapSize} × ${mapSize}`],
    ...areaLines(manifest),
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
    ...(tried ?? []).map(({ device, taken, reason }, i) => [
      i === 0 ? "devices" : "",
      `${device}: ${taken ? "taken" : `not available, ${reason}`}`,
    ]),
  ];
  process.stdout.write(`${table(lines as string[][])}\n`);
}

/** What of images is looked at, where that is not all of them as one picture. */
function areaLines({ region, tiling, ignore }: Manifest): string[][] {
  const lines: string[][] = [];
  if (region) lines.push(["region", `${region.width} × ${region.height} pixels at ${region.x}, ${region.y}`]);
  if (tiling)
    lines.push(["tiles", `of ${tiling.size} × ${tiling.size} pixels that overlap by ${tiling.overlap}`]);
  if (ignore) {
    const mask = ignore.mask ? " and a mask" : "";
    lines.push([
      "ignored",
      `${ignore.polygons.length} polygon${ignore.polygons.length === 1 ? "" : "s"}${mask}`,
    ]);
  }
  return lines;
}

async function tryDevices(path: string, device: Device): Promise<readonly TriedDevice[]> {
  const { Inspector } = await import("../inspect/index.js");
  using building = new BuildingBar();
  await using inspector = await Inspector.open(path, { device, onNetwork: building.update });
  return inspector.triedDevices;
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
    const { images, batchSize, learningRate, weightDecay, featureNoise = 0, seed } = training;
    const { losses, heldOut, chosenEpoch } = training;
    lines.push(
      ["trained", `on ${images} good images, ${losses.length} epochs in batches of ${batchSize}`],
      ["", `rate ${learningRate}, weight decay ${weightDecay}, noise ${featureNoise}, seed ${seed}`],
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
