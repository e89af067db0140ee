import { join } from "node:path";
import { Command } from "commander";
import type { Certificate, VerifyOptions, VerifyProgress } from "../verify/index.js";
import { type OperatingPointFlags, operatingPointOf, withOperatingPoint } from "./operating-point.js";
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

interface Flags extends OperatingPointFlags, Pick<VerifyOptions, "images" | "against" | "count" | "seed"> {
  out?: string;
  json?: boolean;
}

export function verifyCommand(): Command {
  const command = new Command("verify")
    .description("certify that a model answers the same in every way in which this machine can run it")
    .argument("<model>", "the .uflow file")
    .option("--images <dir>", "images of the product (default: generated ones)")
    .option("--against <dir>", "also compare with what an earlier verify --out wrote, on another machine too")
    .option("--out <dir>", "folder for certificate.json, certificate.html and the maps for --against")
    .option("--count <number>", "images, evenly spread over the folder (default: 16)", numeric)
    .option("--seed <number>", "of the generated images (default: 0)", numeric);
  return withOperatingPoint(command)
    .option("--json", "print the certificate as JSON on stdout")
    .addHelpText("after", helpText)
    .action(run);
}

const helpText = `
Exit status: 0 PASS, 1 FAIL or some image could not be read, 2 wrong usage, 130 interrupted.

Example:
  uflow verify bottle.uflow --images bottle/test --out certificate
  uflow verify bottle.uflow --images bottle/test --against certificate --out new-machine`;

async function run(model: string, { out, json, ...flags }: Flags): Promise<void> {
  const start = performance.now();
  const bar = new Progress("inspections");
  using building = new BuildingBar();
  const onProgress = ({ way, done, total }: VerifyProgress) => bar.update(done, total, way);
  try {
    const onNetwork = building.update;
    const signal = interruption();
    const options = { ...operatingPointOf(flags), model, output: out, signal, onNetwork, onProgress };
    const { verify } = await import("../verify/index.js");
    const certificate = await verify(given(options) as VerifyOptions);
    bar.stop();
    if (json) printJson(certificate);
    else process.stdout.write(`${summary(certificate)}\n`);
    tellMore(certificate, out, (performance.now() - start) / 1000);
    if (certificate.verdict === "FAIL" || !certificate.complete) process.exitCode = exitStatus.failed;
  } finally {
    bar.stop();
  }
}

function summary({ verdict, model, ways, against, reference }: Certificate): string {
  const rows = [
    ["way", "outcome", "Δz, relative", "Δ map", "Δ log NFA", "relative", "mask IoU", "other verdicts", "ms"],
    [`reference: ${reference.name}`, "", "", "", "", "", "", "", reference.milliseconds.toFixed(1)],
    ...ways.map((way) => [way.name, way.outcome, ...figureCells(way), way.milliseconds?.toFixed(1) ?? ""]),
  ];
  if (against)
    rows.push([`earlier reference, ${against.machine.host}`, against.outcome, ...figureCells(against), ""]);
  return `${verdict}  ${model.file}, SHA-256 ${model.sha256.slice(0, 16)}…\n${table(rows)}`;
}

function figureCells({ figures }: Pick<Certificate["ways"][number], "figures">): string[] {
  if (!figures) return ["", "", "", "", "", ""];
  const { anomalyMap, logNfa, relativeLogNfa, maskIou, verdicts, latents } = figures;
  const differences = [anomalyMap, logNfa, relativeLogNfa].map((value) => value.toExponential(1));
  return [
    latents?.relative.toExponential(1) ?? "",
    ...differences,
    maskIou.toFixed(4),
    String(verdicts.length),
  ];
}

function tellMore(
  { ways, against, errors, images }: Certificate,
  out: string | undefined,
  seconds: number,
): void {
  const reasons = [...ways, ...(against ? [{ name: "the earlier reference", ...against }] : [])];
  for (const { name, outcome, reason } of reasons) {
    if (reason !== null) say(`${name} ${outcome === "failed" ? "failed" : "is not available"}: ${reason}`);
  }
  for (const { message } of errors) say(message);
  say(`Verified with ${images.length} ${images.length === 1 ? "image" : "images"} in ${duration(seconds)}`);
  if (out === undefined) say("Next: add --out DIR for a certificate to file");
  else say(`Next: file ${join(out, "certificate.html")}; keep ${out} to compare another machine with`);
}
