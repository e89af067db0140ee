import { fileSum } from "../input/file-sum.js";
import type { Manifest } from "./manifest.js";

/** Bytes of a file's SHA-256 that tell it from all others: two of a million images share them with a chance of 0.002. */
const markBytes = 6;

/** What a manifest says of the images that a model learned from. @param sums SHA-256 of their files, hexadecimal */
export function marksOf(sums: readonly string[]): string {
  const marks = sums.map((sum) => sum.slice(0, 2 * markBytes)).sort();
  return Buffer.from(marks.join(""), "hex").toString("base64");
}

/**
 * Those of some images that a model learned from, by the bytes of their files. None where that is not known: of a model that was
 * imported, or trained before it was recorded. Reads all files once; those that cannot be read are none.
 */
export async function learnedAmong(
  paths: readonly string[],
  { training }: Pick<Manifest, "training">,
): Promise<string[]> {
  if (training?.learnedFrom === undefined) return [];
  const bytes = Buffer.from(training.learnedFrom, "base64");
  const marks = new Set<string>();
  for (let at = 0; at < bytes.length; at += markBytes) {
    marks.add(bytes.toString("hex", at, at + markBytes));
  }
  const learned: string[] = [];
  for (const path of paths) {
    const sum = await fileSum(path).catch(() => "");
    if (marks.has(sum.slice(0, 2 * markBytes))) learned.push(path);
  }
  return learned;
}
