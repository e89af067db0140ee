import type { Command } from "commander";
import type { OperatingPointOptions } from "../a-contrario/operating-point.js";
import { numeric } from "./terminal.js";

/** What the options of the operating point become when they are parsed. */
export interface OperatingPointFlags extends Omit<OperatingPointOptions, "falseRejects"> {
  falseRejects?: number;
  confidence?: number;
}

/** The options that say how regions are tested and when one is detected: the same for every command that inspects. */
export function withOperatingPoint(command: Command): Command {
  return command
    .option("--epsilon <number>", "false alarms to expect per image (default: 1)", numeric)
    .option(
      "--false-rejects <parts>",
      "instead: at most one good part in so many is rejected; for a calibrated model",
      numeric,
    )
    .option("--confidence <share>", "with --false-rejects: how sure, below 1 (default: 0.95)", numeric)
    .option("--preset <name>", "reference: test as the Python reference does")
    .option("--nfa <test>", "what is tested: tree (regions) or block (windows) (default: tree)")
    .option(
      "--background <kind>",
      "what chance is: ideal, or calibrated on good images (default: calibrated where the model is)",
    )
    .option("--tail <kind>", "how a region's chance is computed: exact or chernoff (default: exact)")
    .option("--tests <rule>", "how tests are counted: by-size, per-scale or all (default: by-size)");
}

/** The library's options of a command's flags; the others are passed through. */
export function operatingPointOf<Flags extends OperatingPointFlags>({
  falseRejects,
  confidence,
  ...others
}: Flags) {
  if (falseRejects === undefined && confidence === undefined) return others;
  return {
    ...others,
    falseRejects: { oneIn: falseRejects, ...(confidence !== undefined && { confidence }) },
  };
}
