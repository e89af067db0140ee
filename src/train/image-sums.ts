import { basename } from "node:path";
import { fileSum } from "../input/file-sum.js";
import { throwIfStopped } from "./stop.js";

/** An image by its content: data that were copied or moved are still the same. */
export interface ImageSum {
  /** Name of the file, without its folder. */
  name: string;
  /** SHA-256 of the file; undefined where it cannot be read, which decoding will tell. */
  sha256?: string | undefined;
}

/** Reads all files once, as fast as the disk gives them. @throws UflowError ERR_UFLOW_ABORTED */
export async function imageSums(paths: readonly string[], signal: AbortSignal): Promise<ImageSum[]> {
  const sums: ImageSum[] = [];
  for (const path of paths) {
    throwIfStopped(signal);
    sums.push({ name: basename(path), sha256: await fileSum(path).catch(() => undefined) });
  }
  return sums;
}

/** How other images differ from those of before, in words; undefined where they do not. */
export function differenceOf(before: readonly ImageSum[], now: readonly ImageSum[]): string | undefined {
  const earlier = new Map(before.map(({ name, sha256 }) => [name, sha256]));
  const current = new Map(now.map(({ name, sha256 }) => [name, sha256]));
  const differences = [
    list(
      "added",
      [...current.keys()].filter((name) => !earlier.has(name)),
    ),
    list(
      "removed",
      [...earlier.keys()].filter((name) => !current.has(name)),
    ),
    list(
      "changed",
      [...current.keys()].filter((name) => earlier.has(name) && earlier.get(name) !== current.get(name)),
    ),
  ].filter((text) => text !== undefined);
  return differences.length > 0 ? differences.join(", ") : undefined;
}

function list(what: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `${what}: ${names
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(" ")}${more}`;
}
