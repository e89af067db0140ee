import { createHash } from "node:crypto";
import { relative, sep } from "node:path";
import { fileSum } from "../input/file-sum.js";
import type { TestImage } from "./datasets/index.js";
import { maskPaths } from "./mask.js";

/**
 * What tells one set of test images from another: the SHA-256 of what `sha256sum` prints for images and their masks
 * ("sum, two spaces, path" with the path from the data set's folder, sorted by code units). A file that cannot be read has
 * "unreadable" in place of its sum. Reads every file named, once per image that names it.
 */
export async function fingerprint(dir: string, images: readonly TestImage[]): Promise<string> {
  const files = images.flatMap(({ path, mask }) =>
    mask === undefined ? [path] : [path, ...maskPaths(mask)],
  );
  const named = files.map((path) => ({ path, shown: relative(dir, path).split(sep).join("/") }));
  named.sort((a, b) => (a.shown < b.shown ? -1 : 1));
  const list = createHash("sha256");
  for (const { path, shown } of named) {
    list.update(`${await fileSum(path).catch(() => "unreadable")}  ${shown}\n`);
  }
  return list.digest("hex");
}
