import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { learnedAmong, marksOf } from "#uflow/bundle/learned-from.js";
import { fileSum } from "#uflow/input/file-sum.js";
import { tinyModel } from "./tiny-model.js";

let folder: string;
/** Four files, of which the first two were learned from. */
let paths: string[];
let learnedFrom: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-learned-"));
  paths = [0, 1, 2, 3].map((i) => join(folder, String(i)));
  for (const path of paths) await writeFile(path, path);
  learnedFrom = marksOf(await Promise.all(paths.slice(0, 2).map(fileSum)));
});
afterAll(() => rm(folder, { recursive: true }));

const knowing = (marks: string) => ({ training: { ...tinyModel.manifest.training, learnedFrom: marks } });

it("are known by their bytes, whatever could not be read then or cannot be now", async () => {
  const sums = [undefined, await fileSum(paths[0]!), undefined, await fileSum(paths[1]!)];
  expect(marksOf(sums)).toBe(learnedFrom);
  const asked = [folder, ...paths, join(folder, "none")];
  expect(await learnedAmong(asked, knowing(learnedFrom))).toEqual(paths.slice(0, 2));
});

it("are none where marks are cut off or missing", async () => {
  for (const marks of ["", learnedFrom.slice(0, 4), marksOf([]), marksOf([undefined])]) {
    expect(await learnedAmong([...paths, folder], knowing(marks))).toEqual([]);
  }
});

it("are looked for no longer than is wanted", async () => {
  let asked = 0;
  const stop = () => {
    if (++asked === 3) throw new Error("enough");
  };
  await expect(learnedAmong(paths, knowing(learnedFrom), stop)).rejects.toThrow("enough");
  expect(asked).toBe(3);
});
