import { join } from "node:path";
import { Command } from "commander";
import type { Line, LineOptions } from "../sample/index.js";
import { type ProductName, productNames } from "../sample/products/names.js";
import { shellWord } from "../shell-word.js";
import { given, interruption, numeric, Progress, printJson, say } from "./terminal.js";

interface Flags extends Omit<LineOptions, "signal" | "onProgress"> {
  product?: ProductName[];
  json?: boolean;
}

export function sampleCommand(): Command {
  return new Command("sample")
    .description(
      "write pictures of a generated production line, with defects and their exact masks, to try things on",
    )
    .argument("<dir>", "folder to write into; every product gets a folder of its own inside")
    .option("--product <name...>", `what to make: ${productNames.join(", ")} (default: all)`)
    .option("--side <pixels>", "side of the square pictures (default: 256)", numeric)
    .option("--train <count>", "good parts to learn from (default: 40)", numeric)
    .option("--good <count>", "good parts to test with (default: 8)", numeric)
    .option("--per-defect <count>", "defective parts of each kind (default: 3)", numeric)
    .option("--seed <number>", "another seed makes other parts (default: 0)", numeric)
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", "\nExample:\n  uflow sample line --product fabric --train 60")
    .action(run);
}

async function run(folder: string, { product: wanted, json, ...flags }: Flags): Promise<void> {
  const signal = interruption();
  const options = given({ ...flags, signal });
  const products = new Set(wanted ?? productNames);
  const unknown = [...products].find((product) => !productNames.includes(product));
  const { checkLineOptions } = await import("../sample/options.js");
  checkLineOptions(unknown ?? productNames[0], options);
  const lines: Line[] = [];
  for (const product of products) lines.push(await writeProduct(folder, product, options));
  if (json) printJson({ folder, products: lines });
  for (const line of lines) say(summary(line));
  for (const line of next(lines[0]!)) say(line);
}

async function writeProduct(folder: string, product: ProductName, options: LineOptions): Promise<Line> {
  const { writeLine } = await import("../sample/index.js");
  const bar = new Progress(product.padEnd(8));
  try {
    return await writeLine(join(folder, product), product, {
      ...options,
      onProgress: (done, total) => bar.update(done, total),
    });
  } finally {
    bar.stop();
  }
}

function summary({ folder, images: { train, good, defective }, defects }: Line): string {
  const kinds = defects.length === 0 ? "" : ` (${defects.join(", ")})`;
  return `${folder}: ${train} to learn from, ${good} good and ${defective} defective to test${kinds}`;
}

function next({ product, folder }: Line): string[] {
  return [
    "Next:",
    `  uflow train --data ${shellWord(folder)} --out ${product}.uflow`,
    `  uflow evaluate ${product}.uflow --data ${shellWord(folder)} --out results`,
  ];
}
