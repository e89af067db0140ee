import { stat } from "node:fs/promises";
import { concurrently } from "../../concurrently.js";
import { fileSum } from "../../input/file-sum.js";

/**
 * Images that are learned from and tested too: files with the same bytes in both lists. Only files of the same length
 * are read. Files that cannot be read are passed over.
 */
export async function findLeakage(
  train: readonly string[],
  test: readonly string[],
): Promise<{ train: string; test: string }[]> {
  const [trainSizes, testSizes] = [await sizesOf(train), await sizesOf(test)];
  const inBoth = (sizes: Map<string, number>, others: Map<string, number>) => {
    const known = new Set(others.values());
    return [...sizes].filter(([, size]) => known.has(size)).map(([path]) => path);
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

async function sizesOf(paths: readonly string[]): Promise<Map<string, number>> {
  const sizes = await concurrently(paths, 16, (path) => stat(path).catch(() => undefined));
  return new Map(paths.flatMap((path, i) => (sizes[i]?.isFile() ? [[path, sizes[i].size] as const] : [])));
}

async function sumsOf(paths: readonly string[]): Promise<[path: string, sum: string][]> {
  const sums = await concurrently(paths, 8, (path) => fileSum(path).catch(() => undefined));
  return paths.flatMap((path, i): [string, string][] => (sums[i] === undefined ? [] : [[path, sums[i]]]));
}
