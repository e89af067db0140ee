import { Command } from "commander";
import type { ExportOptions } from "../convert/export.js";
import { BuildingBar, given, printJson, say } from "./terminal.js";

interface Flags extends Pick<ExportOptions, "format" | "withoutBackbone"> {
  out: string;
  json?: boolean;
}

export function exportCommand(): Command {
  return new Command("export")
    .description("write a model for PyTorch, as the Python reference has it, or its networks as ONNX")
    .argument("<model>", "the .uflow file")
    .option("--format <name>", "torch: a checkpoint; onnx: the networks (default: torch)")
    .option("--out <path>", "needed: the checkpoint to write; for onnx, the folder")
    .option(
      "--without-backbone",
      "only the flow: for a backbone that the reference lacks, or without its weights",
    )
    .option("--json", "print one JSON document on stdout")
    .addHelpText(
      "after",
      "\nA checkpoint has the backbone's original weights, from the weights store (uflow backbone pull).\n\nExample:\n  uflow export bottle.uflow --format torch --out bottle.ckpt",
    )
    .action(run);
}

async function run(model: string, { out, json, ...flags }: Flags): Promise<void> {
  const { exportModel } = await import("../convert/export.js");
  using building = new BuildingBar();
  const files = await exportModel(given({ ...flags, model, output: out, onNetwork: building.update }));
  if (json) printJson({ model, files });
  for (const file of files) say(`Wrote ${file}`);
}
