import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Dataset } from "#uflow/image/datasets/index.js";
import { checkStudyOptions, type StudyOptions } from "#uflow/study/options.js";
import { readRun } from "#uflow/study/run.js";
import { keyOf, settingsOf } from "#uflow/study/settings.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-study-"));
  await writeFile(join(folder, "0.png"), "zero");
  await writeFile(join(folder, "mask.png"), "mask");
});
afterAll(() => rm(folder, { recursive: true }));

const settings = (options: Partial<StudyOptions> = {}) =>
  settingsOf(checkStudyOptions({ data: "x", output: "y", ...options }));

const dataset = (): Dataset => ({
  layout: "mvtec",
  train: [join(folder, "0.png")],
  test: [{ path: join(folder, "1.png"), defect: "hole", mask: [join(folder, "mask.png")] }],
});

it("does not depend on where things are, nor on defaults that are spelled out", async () => {
  const elsewhere = { data: "a", output: "b", seeds: [3], training: { weightDecay: 1e-5, epochs: 60 } };
  expect(await settings(elsewhere)).toEqual(await settings());
  expect(await settings({ evaluation: { mapSize: 128 } })).not.toEqual(await settings());
});

it("knows masks of what is ignored by their content, in trainings and evaluations", async () => {
  const paint = (name: string, background: string) =>
    sharp({ create: { width: 4, height: 4, channels: 3, background } }).toFile(join(folder, name));
  for (const name of ["white.png", "copy.png"]) await paint(name, "#fff");
  await paint("black.png", "#000");
  for (const part of ["training", "evaluation"]) {
    const of = (name: string) => settings({ [part]: { ignore: { mask: join(folder, name) } } });
    expect(await of("copy.png")).toEqual(await of("white.png"));
    expect(await of("black.png")).not.toEqual(await of("white.png"));
    await expect(of("none.png")).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_IMAGE" });
  }
});

it("knows a run by settings, seed and images", async () => {
  const plain = await settings();
  const key = async (data = dataset(), of = plain) => (await keyOf(of, folder, data))(0);
  const same = await key();
  expect(await key(dataset(), await settings())).toBe(same);
  expect((await keyOf(plain, folder, dataset()))(1)).not.toBe(same);
  expect(await key(dataset(), await settings({ training: { epochs: 61 } }))).not.toBe(same);
  const [image] = dataset().test;
  expect(await key({ ...dataset(), test: [{ ...image!, defect: "dent" }] })).not.toBe(same);
  await writeFile(join(folder, "mask.png"), "longer mask");
  expect(await key()).not.toBe(same);
});

it("believes a record only when it is whole, of this key, and its model is there", async () => {
  const metrics = {
    ...{ imageAuroc: 1, pixelAuroc: null, aupro: 0, auspro005: null, miouAutomatic: 0, miouOracle: 0 },
    ...{ falseAlarms: 0, trainingSeconds: 1, millisecondsPerImage: 2 },
  };
  const run = { seed: 0, key: "k", metrics, complete: true };
  const record = (text: string) => writeFile(join(folder, "run.json"), text);
  await record(JSON.stringify(run));
  expect(await readRun(folder, "k")).toBeUndefined();
  await writeFile(join(folder, "model.uflow"), "");
  expect(await readRun(folder, "k")).toEqual(run);
  expect(await readRun(folder, "other")).toBeUndefined();
  for (const text of [
    "{",
    "[]",
    "null",
    JSON.stringify({ ...run, metrics: { ...metrics, aupro: "high" } }),
  ]) {
    await record(text);
    expect(await readRun(folder, "k")).toBeUndefined();
  }
});
