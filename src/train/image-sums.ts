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

/** Images of which each is another file, and those that are left out since they are the same again. */
export interface DistinctImages {
  images: string[];
  sums: ImageSum[];
  copies: { path: string; of: string }[];
}

/**
 * Each image once: a copy has nothing to teach, and held out it would be one that was learned from. Images that cannot be
 * read stay, to be named when they are decoded.
 */
export function withoutCopies(paths: readonly string[], sums: readonly ImageSum[]): DistinctImages {
  const known = new Map<string, string>();
  const distinct: DistinctImages = { images: [], sums: [], copies: [] };
  paths.forEach((path, i) => {
    const { sha256 } = sums[i]!;
    const earlier = sha256 === undefined ? undefined : known.get(sha256);
    if (earlier !== undefined) {
      distinct.copies.push({ path, of: earlier });
      return;
    }
    if (sha256 !== undefined) known.set(sha256, path);
    distinct.images.push(path);
    distinct.sums.push(sums[i]!);
  });
  return distinct;
}

/** For whoever trains. */
export function noticeOfCopies(copies: DistinctImages["copies"]): string {
  const { path, of } = copies[0]!;
  const count =
    copies.length === 1
      ? "1 good image is a copy of another"
      : `${copies.length} good images are copies of others`;
  return `${count}, and each picture counts once: "${path}" is the same file as "${of}"`;
}

/** How other images differ from those of before, in words; undefined where they do not, and come in the same order. */
export function differenceOf(before: readonly ImageSum[], now: readonly ImageSum[]): string | undefined {
  const [earlier, current] = [sumsByName(before), sumsByName(now)];
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
  if (differences.length > 0) return differences.join(", ");
  const sameOrder = before.every(({ name }, i) => name === now[i]!.name);
  return sameOrder ? undefined : "the same in another order";
}

/** Images of several folders may have one name: its sums are then all of theirs, in their order. */
function sumsByName(images: readonly ImageSum[]): Map<string, string> {
  const sums = new Map<string, string>();
  for (const { name, sha256 = "" } of images) sums.set(name, `${sums.get(name) ?? ""} ${sha256}`);
  return sums;
}

function list(what: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `${what}: ${names
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(" ")}${more}`;
}
