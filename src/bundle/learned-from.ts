import { fileSum } from "../input/file-sum.js";
import type { Manifest } from "./manifest.js";

/** Bytes of a file's SHA-256 that tell it from all others: two of a million images share them with a chance of 0.002. */
const markBytes = 6;

/**
 * What a manifest says of the images that a model learned from.
 * @param sums SHA-256 of their files, hexadecimal; undefined of one that could not be read then, which leaves no mark
 */
export function marksOf(sums: readonly (string | undefined)[]): string {
  const marks = sums.flatMap((sum) => sum?.slice(0, 2 * markBytes) ?? []).sort();
  return Buffer.from(marks.join(""), "hex").toString("base64");
}

/**
 * Those of some images that a model learned from, by the bytes of their files. None where that is not known: of a model that was
 * imported, or trained before it was recorded. Reads all files once; those that cannot be read are none.
 * @param stop throws where the work is to end; asked before each file
 * @throws what `stop` throws
 */
export async function learnedAmong(
  paths: readonly string[],
  { training }: Pick<Manifest, "training">,
  stop: () => void = () => {},
): Promise<string[]> {
  if (training?.learnedFrom === undefined) return [];
  const bytes = Buffer.from(training.learnedFrom, "base64");
  const marks = new Set<string>();
  for (let at = 0; at < bytes.length; at += markBytes) {
    marks.add(bytes.toString("hex", at, at + markBytes));
  }
  const learned: string[] = [];
  for (const path of paths) {
    stop();
    const sum = await fileSum(path).catch(() => "");
    if (marks.has(sum.slice(0, 2 * markBytes))) learned.push(path);
  }
  return learned;
}
