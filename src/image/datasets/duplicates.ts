import { stat } from "node:fs/promises";
import { concurrently } from "../../concurrently.js";
import { fileSum } from "../../input/file-sum.js";
import type { SeenFile } from "./look.js";

/**
 * Images that are learned from and tested too: files with the same bytes in both lists. Only files of the same length
 * are read, and these only where they were not before. Files that cannot be read are passed over.
 */
export async function findLeakage(
  train: readonly SeenFile[],
  test: readonly SeenFile[],
): Promise<{ train: string; test: string }[]> {
  const [trainSizes, testSizes] = [await sizesOf(train), await sizesOf(test)];
  const inBoth = (sizes: Map<SeenFile, number>, others: Map<SeenFile, number>) => {
    const known = new Set(others.values());
    return [...sizes].filter(([, size]) => known.has(size)).map(([file]) => file);
  };
  const learned = new Map<string, string>();
  for (const [path, sum] of await sumsOf(inBoth(trainSizes, testSizes))) {
    if (!learned.has(sum)) learned.set(sum, path);
  }
  const tested = await sumsOf(inBoth(testSizes, trainSizes));
  return tested.flatMap(([path, sum]) => {
    const same = learned.get(sum);
    return same === undefined ? [] : [{ train: same, test: path }];
  });
}

/** Images of one list that are the same file as an earlier one of it. */
export async function findCopies(files: readonly SeenFile[]): Promise<{ path: string; of: string }[]> {
  const sizes = await sizesOf(files);
  const once = new Set<number>();
  const several = new Set<number>();
  for (const size of sizes.values()) (once.has(size) ? several : once).add(size);
  const alike = [...sizes].filter(([, size]) => several.has(size)).map(([file]) => file);
  const known = new Map<string, string>();
  return (await sumsOf(alike)).flatMap(([path, sum]) => {
    const of = known.get(sum);
    if (of === undefined) known.set(sum, path);
    return of === undefined ? [] : [{ path, of }];
  });
}

/** Of those that hold anything: all empty files are the same. */
async function sizesOf(files: readonly SeenFile[]): Promise<Map<SeenFile, number>> {
  const sizes = await concurrently(files, 16, async ({ path, content }) => {
    if (content) return content.bytes;
    const entry = await stat(path).catch(() => undefined);
    return entry?.isFile() ? entry.size : undefined;
  });
  return new Map(files.flatMap((file, i) => (sizes[i] ? [[file, sizes[i]] as const] : [])));
}

async function sumsOf(files: readonly SeenFile[]): Promise<[path: string, sum: string][]> {
  const sums = await concurrently(
    files,
    8,
    async ({ path, content }) => content?.sum ?? (await fileSum(path).catch(() => undefined)),
  );
  return files.flatMap(({ path }, i): [string, string][] => (sums[i] === undefined ? [] : [[path, sums[i]]]));
}
