import { stat } from "node:fs/promises";
import { Command } from "commander";
import { backboneNames } from "../backbone/names.js";
import type { ImportReferenceOptions } from "../convert/import.js";
import { shellWord } from "../shell-word.js";
import { isEmbedded } from "../weights/store/known.js";
import { BuildingBar, given, interruption, numeric, printJson, say } from "./terminal.js";

interface Flags extends Pick<ImportReferenceOptions, "backbone" | "inputSize"> {
  out: string;
  json?: boolean;
}

const names = backboneNames.filter((name) => !isEmbedded(name)).join(", ");

export function importCommand(): Command {
  return new Command("import")
    .description("make a .uflow file of a checkpoint that was trained with the Python reference")
    .argument("<checkpoint>", "the .ckpt or .pth file; nothing in it is executed")
    .option("--backbone <name>", `needed: the image network that it was trained on: ${names}`)
    .option("--out <file>", "needed: the .uflow file to write")
    .option(
      "--input-size <pixels>",
      "fail if it was trained for another size (default: what it says)",
      numeric,
    )
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", "\nExample:\n  uflow import bottle.ckpt --backbone resnet18 --out bottle.uflow")
    .action(run);
}

async function run(checkpoint: string, { out, json, ...flags }: Flags): Promise<void> {
  const { importReference } = await import("../convert/import.js");
  using building = new BuildingBar();
  const options = given({
    ...flags,
    checkpoint,
    output: out,
    signal: interruption(),
    onNetwork: building.update,
  });
  const { backbone, inputSize, flowSteps, imported } = await importReference(options);
  if (json) printJson({ model: out, backbone, inputSize, flowSteps, imported });
  const { size } = await stat(out);
  say(
    `Imported a flow of ${flowSteps} steps per scale on ${backbone.name}, ${inputSize} × ${inputSize} pixels`,
  );
  say(`Wrote ${out} (${(size / 1e6).toFixed(1)} MB)`);
  say(`Next: uflow inspect ${shellWord(out)} IMAGES --out results`);
}
