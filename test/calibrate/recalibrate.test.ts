import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEntries } from "#uflow/bundle/read.js";
import { type RecalibrateOptions, recalibrate } from "#uflow/calibrate/index.js";
import { Inspector } from "#uflow/inspect/index.js";
import { uflow } from "../fixtures/command.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let good: string;
const at = (name: string) => join(tiny.scratch, name);

beforeAll(async () => {
  tiny = await tinyModel();
  good = join(tiny.data, "test", "good");
});
afterAll(() => tiny[Symbol.asyncDispose]());

const refusal = async (options: Partial<RecalibrateOptions>) =>
  await recalibrate({ model: tiny.model, good, output: at("never.uflow"), ...options }).then(
    () => undefined,
    (error) => error,
  );

/** A folder with the three good images and one more file. */
async function folderWith(name: string, make: (path: string) => Promise<void>): Promise<string> {
  await mkdir(at(name));
  for (const i of [0, 1, 2]) await copyFile(join(good, `${i}.png`), join(at(name), `${i}.png`));
  await make(join(at(name), "3.png"));
  return at(name);
}

describe("a model that is calibrated", () => {
  it("has what its good images say, and all else as it was", async () => {
    const progress: unknown[] = [];
    const output = at("calibrated.uflow");
    const { calibration } = await recalibrate({
      model: tiny.model,
      good,
      output,
      tests: "by-size",
      onProgress: (step) => progress.push(step),
    });
    expect(calibration).toMatchObject({ images: 3, test: { tests: "by-size", tail: "exact", mapSize: 64 } });
    expect(progress).toEqual([1, 2, 3].map((done) => ({ done, total: 3 })));
    const before = await readEntries(tiny.model);
    const after = await readEntries(output);
    // The manifest has their sums, so that they are the same where it is.
    expect(Object.keys(after.entries)).toEqual(Object.keys(before.entries));
    expect(after.manifest).toEqual({ ...before.manifest, calibration });
    await using inspector = await Inspector.open(output, { falseRejects: { oneIn: 2, confidence: 0.8 } });
    expect(inspector.operatingPoint).toMatchObject({
      tests: "by-size",
      logEpsilon: calibration.logNfa[0]!,
      falseRejects: { images: 3, rejected: 0 },
    });
    const verdict = await inspector.inspect(join(good, "0.png"));
    expect(calibration.anomalyScore).toContain(verdict.anomalyScore);
  });

  it("may be written over itself, and calibrated again", async () => {
    const path = at("itself.uflow");
    await copyFile(tiny.model, path);
    const once = await recalibrate({ model: path, good, output: path });
    const first = await readFile(path);
    expect(await recalibrate({ model: path, good, output: path })).toEqual(once);
    expect((await readFile(path)).equals(first)).toBe(true);
  });
});

describe("nothing is written", () => {
  it("for wrong options, all of which are named", async () => {
    const { code, message } = await refusal({ good: 3 as never, tests: "some" as never, threads: -1 });
    expect(code).toBe("ERR_UFLOW_BAD_OPTION");
    expect(message).toMatch(/recalibrate: good: .*; tests: .*; threads: /);
  });

  it("where there are no images, or one of them cannot be read", async () => {
    await mkdir(at("empty"));
    expect(await refusal({ good: at("empty") })).toMatchObject({ code: "ERR_UFLOW_BAD_IMAGE" });
    const broken = await folderWith("broken", (path) => writeFile(path, "no image"));
    expect(await refusal({ good: broken })).toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringContaining("3.png"),
    });
  });

  it("where there is one image, or one of them twice", async () => {
    expect(await refusal({ good: join(good, "0.png") })).toMatchObject({ code: "ERR_UFLOW_BAD_DATASET" });
    const copies = await folderWith("copies", (path) => copyFile(join(good, "1.png"), path));
    expect(await refusal({ good: copies })).toMatchObject({
      code: "ERR_UFLOW_BAD_DATASET",
      message: expect.stringMatching(/3\.png" and ".*1\.png" are the same picture/),
    });
  });

  it("where the model learned from one of them", async () => {
    const [known] = await readdir(join(tiny.data, "train", "good"));
    const mixed = await folderWith("mixed", (path) =>
      copyFile(join(tiny.data, "train", "good", known!), path),
    );
    expect(await refusal({ good: mixed })).toMatchObject({
      code: "ERR_UFLOW_BAD_DATASET",
      message: expect.stringMatching(/^The model learned from 1 of the 4 images, as from ".*3\.png"/),
    });
  });

  it("when it is cancelled, before or between two images", async () => {
    expect(await refusal({ signal: AbortSignal.abort() })).toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    const controller = new AbortController();
    const { code } = await refusal({ signal: controller.signal, onProgress: () => controller.abort() });
    expect(code).toBe("ERR_UFLOW_ABORTED");
  });

  it("when the caller's callback throws", async () => {
    const onProgress = () => {
      throw new Error("enough");
    };
    expect(await refusal({ onProgress })).toMatchObject({ message: "enough" });
  });

  afterAll(async () => {
    await expect(readFile(at("never.uflow"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("on the command line", () => {
  it("a model is calibrated, described and inspected with", async () => {
    const out = at("cli.uflow");
    const calibrated = await uflow(["calibrate", tiny.model, "--good", good, "--out", out]);
    expect(calibrated).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^calibrated +on 3 good images/),
      // Three images can promise nothing: what is to be typed next must not be refused.
      stderr: expect.stringMatching(/Next: uflow inspect \S+cli\.uflow IMAGES$/m),
    });
    const asked = await uflow(["inspect", out, join(good, "0.png"), "--false-rejects", "100"]);
    expect(asked.stderr).toMatch(/can promise nothing: give more good images/);
    const { stdout } = await uflow(["info", out]);
    expect(stdout).toMatch(/8 × 8: energy\/[\d.]+ is χ² with [\d.]+ degrees of freedom \(ideal: 30\)/);
    expect(stdout).toMatch(/tested +joint energy of all scales: energy\/[\d.]+ is χ² .*; [\d.]+ pixels tell/);
    expect(stdout).toMatch(/means of \d × \d pixels of it: energy\/[\d.]+ is χ²/);
    expect(stdout).toMatch(/can promise +nothing \(95 % confidence/);
    const image = join(tiny.data, "test", "hole", "0.png");
    const flags = ["--false-rejects", "2", "--confidence", "0.8", "--json"];
    const inspected = await uflow(["inspect", out, image, ...flags]);
    const { operatingPoint, results } = JSON.parse(inspected.stdout);
    expect(operatingPoint).toMatchObject({ background: "calibrated", falseRejects: { oneIn: 2, images: 3 } });
    expect(results[0].anomalous).toBe(results[0].logNfa < operatingPoint.logEpsilon);
    const evaluated = await uflow(["evaluate", out, "--data", tiny.data, ...flags]);
    expect(JSON.parse(evaluated.stdout).operatingPoint).toEqual(operatingPoint);
  });

  it("what contradicts itself is wrong usage, in the words of the command line", async () => {
    const { status, stderr } = await uflow(["inspect", tiny.model, good, "--false-rejects", "many"]);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--false-rejects: expected number, but received "many"/),
    });
    const lonely = await uflow(["inspect", tiny.model, good, "--confidence", "0.9"]);
    expect(lonely.stderr).toMatch(/--false-rejects: is needed, but was not given/);
    const preset = await uflow(["verify", tiny.model, "--preset", "reference", "--tests", "by-size"]);
    expect(preset).toMatchObject({ status: 2, stderr: expect.stringMatching(/--tests: preset "reference"/) });
  });
});
