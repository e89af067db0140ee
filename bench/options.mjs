// What the options of the benchmarks have in common.
import { InvalidArgumentError } from "commander";

/** The value of an option: a whole number of 1 or more. */
export function whole(text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number of 1 or more.");
}
