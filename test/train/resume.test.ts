import { existsSync, watch } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readFlowParameters } from "#uflow/bundle/read.js";
import { Inspector } from "#uflow/inspect/index.js";
import { temporaryName } from "#uflow/output/temporary-name.js";
import { Random } from "#uflow/random.js";
import { type TrainOptions, type TrainProgress, train } from "#uflow/train/index.js";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";
import { uflow } from "../fixtures/command.js";

const options = {
  inputSize: 64,
  flowSteps: 1,
  epochs: 6,
  batchSize: 3,
  seed: 3,
  threads: 1,
  heldOut: 0.25,
  validateEvery: 1,
  checkpointEvery: 1,
} as const;

let product: TinyProduct;
/** The model of a training that was never interrupted. */
let wanted: Buffer;
let folder: string;
let output: string;

beforeAll(async () => {
  product = await tinyProduct();
  const path = join(product.scratch, "whole.uflow");
  await train({ ...options, data: product.data, output: path });
  wanted = await readFile(path);
});

beforeEach(async () => {
  folder = await mkdtemp(join(product.scratch, "resume-"));
  output = join(folder, "part.uflow");
});

afterAll(() => product[Symbol.asyncDispose]());

const quick = (changes: Partial<TrainOptions> = {}) =>
  train({ ...options, data: product.data, output, ...changes });

/** Leaves the checkpoint of a training that was cancelled in its second epoch, as it was left the first time. */
async function cancelled(): Promise<void> {
  const kept = join(product.scratch, "cancelled.training");
  if (existsSync(kept)) return copyFile(kept, `${output}.training`);
  await interrupted(2);
  await copyFile(`${output}.training`, kept);
}

/** Cancels a training in its last step of an epoch. */
async function interrupted(epoch: number, changes: Partial<TrainOptions> = {}): Promise<Error> {
  const controller = new AbortController();
  const onProgress = (step: TrainProgress) => {
    if (step.phase === "training" && step.epoch === epoch && step.epochDone) controller.abort();
  };
  return quick({ ...changes, signal: controller.signal, onProgress }).catch((error) => error);
}

const flags = () => [
  ...["train", "--data", product.data, "--out", output, "--resume", "--threads", "1", "--seed", "3"],
  ...["--input-size", "64", "--flow-steps", "1", "--epochs", "6", "--batch-size", "3", "--held-out", "0.25"],
  ...["--validate-every", "1", "--checkpoint-every", "1"],
];

const linux = process.platform === "linux";

it.runIf(linux)(
  "removes what a killed process left unfinished beside the model, and no file of another",
  async () => {
    const dead = temporaryName().replace(`-${process.pid}-`, "-4194999-");
    const alive = temporaryName();
    for (const name of [dead, alive, "notes.tmp"]) await writeFile(join(folder, name), "");
    await quick({ epochs: 1 });
    expect((await readdir(folder)).sort()).toEqual([alive, "notes.tmp", "part.uflow"].sort());
  },
);

describe("a training whose process is killed again and again", () => {
  it("makes the same model, byte for byte", { timeout: 300_000 }, async () => {
    const random = new Random(Date.now());
    const resumedAfter: number[] = [];
    for (let kills = 0; !existsSync(output); kills++) {
      // Some reach into the writing of the next checkpoint; the fourth process is left alone.
      const delay = kills === 3 ? 300_000 : random.between(0, 40);
      const { stderr } = await uflow(flags(), undefined, (child) => {
        const watcher = watch(folder, async (_, name) => {
          if (name !== "part.uflow.training") return;
          watcher.close();
          await wait(delay, undefined, { ref: false });
          child.kill("SIGKILL");
        });
        child.on("close", () => watcher.close());
      });
      const resumed = /Resumed after epoch (\d+) /.exec(stderr);
      if (resumed) resumedAfter.push(Number(resumed[1]));
      else expect(stderr).toContain("There is no checkpoint");
    }
    expect(resumedAfter.length).toBeGreaterThan(0);
    expect(resumedAfter).toEqual([...resumedAfter].sort((a, b) => a - b));
    expect((await readFile(output)).equals(wanted)).toBe(true);
    // Elsewhere nothing says that the process of a file has ended.
    const left = (await readdir(folder)).filter((name) => linux || !name.endsWith(".tmp"));
    expect(left).toEqual(["part.uflow"]);
  });
});

/** The pictures here have maps of so few pixels that nothing can be fitted to them. */
const tooSmall = expect.stringMatching(/^The model is not calibrated by the 2 held-out images: /);

describe("a training that was cancelled", () => {
  it("keeps what it had learned, says so, and goes on from there to the same model", async () => {
    // No checkpoint is due until the end: what is kept is kept because of the cancelling.
    const error = await interrupted(1, { checkpointEvery: 6 });
    expect(error).toMatchObject({
      code: "ERR_UFLOW_ABORTED",
      message: expect.stringMatching(/up to epoch [1-6] is in ".*part\.uflow\.training": .*resume/),
    });
    expect(await readdir(folder)).toEqual(["part.uflow.training"]);
    const notices: string[] = [];
    const [kept] = /\d+(?= is in)/.exec(error.message)!;
    const epochs: number[] = [];
    const manifest = await quick({
      resume: true,
      onProgress: ({ notice, phase, epoch }) => {
        if (notice) notices.push(notice);
        else if (phase === "training") epochs.push(epoch);
      },
    });
    expect(notices).toEqual([expect.stringMatching(/^Resumed after epoch [1-6] from /), tooSmall]);
    expect(epochs[0] ?? 7).toBe(Number(kept) + 1);
    expect(manifest.training.losses).toHaveLength(6);
    expect((await readFile(output)).equals(wanted)).toBe(true);
    expect(await readdir(folder)).toEqual(["part.uflow"]);
  });

  it("is not resumed with other options or images, which are named, and stays as it is", async () => {
    await cancelled();
    const checkpoint = await readFile(`${output}.training`);
    const copy = join(folder, "copy");
    await cp(join(product.data, "train", "good"), copy, { recursive: true });
    await copyFile(join(product.data, "test", "good", "0.png"), join(copy, "1.png"));
    const reordered = join(folder, "reordered.csv");
    const rows = [1, 0, 2, 3, 4, 5, 6, 7].map(
      (i) => `${join(product.data, "train", "good", `${i}.png`)},train,good,`,
    );
    await writeFile(reordered, `image,split,label,mask\n${rows.join("\n")}\n`);
    const cases: [Partial<TrainOptions>, RegExp][] = [
      [{ epochs: 7, flowSteps: 2 }, /flowSteps was 1, now 2.*; epochs was 6, now 7|epochs.*flowSteps/],
      [{ data: copy }, /other images \(changed: "1\.png"\)/],
      [{ data: reordered }, /other images \(the same in another order\)/],
    ];
    for (const [changes, message] of cases) {
      await expect(quick({ resume: true, ...changes })).rejects.toMatchObject({
        code: "ERR_UFLOW_BAD_CHECKPOINT",
        message: expect.stringMatching(message),
      });
      expect((await readFile(`${output}.training`)).equals(checkpoint)).toBe(true);
    }
  });

  it("of whitened features goes on with the same ones", async () => {
    const whitened = { normalization: "whitened" } as const;
    await quick({ ...whitened, output: `${output}.whole` });
    expect(await interrupted(2, whitened)).toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    await quick({ ...whitened, resume: true });
    expect((await readFile(output)).equals(await readFile(`${output}.whole`))).toBe(true);
    const { manifest, parameters } = await readFlowParameters(output);
    expect(parameters!.whitenings!.map(({ offset }) => offset.length)).toEqual(
      manifest.scales.map(({ channels }) => channels),
    );
    await using inspector = await Inspector.open(output, { device: "cpu", threads: 1 });
    const { meanEnergies } = await inspector.inspect(join(product.data, "train", "good", "0.png"));
    // It begins at 1 where a flow of standardised features is to arrive.
    for (const energy of meanEnergies) expect(energy).toBeLessThan(1.5);
  });

  it("is resumed after its images were moved", async () => {
    await cancelled();
    const moved = join(folder, "moved");
    await cp(join(product.data, "train", "good"), moved, { recursive: true });
    await quick({ resume: true, data: moved });
    expect((await readFile(output)).equals(wanted)).toBe(true);
  });

  it("begins anew without resume", async () => {
    await cancelled();
    const notices: unknown[] = [];
    await quick({ onProgress: ({ notice }) => notice && notices.push(notice) });
    expect(notices).toEqual([tooSmall]);
    expect((await readFile(output)).equals(wanted)).toBe(true);
  });
});

describe("a checkpoint that cannot be written", () => {
  it("is told and does not end the training", async () => {
    await mkdir(`${output}.training`);
    const notices: string[] = [];
    await quick({ onProgress: ({ notice }) => void (notice && notices.push(notice)) });
    expect(notices).toHaveLength(7);
    expect(notices[6]).toEqual(tooSmall);
    expect(notices[0]).toMatch(
      /checkpoint was not written, the training goes on\. Cannot write ".*it is a folder/,
    );
    expect((await readFile(output)).equals(wanted)).toBe(true);
  });
});

it("a model that cannot be written leaves the checkpoint of the whole training", async () => {
  const onProgress = ({ epoch, epochDone }: TrainProgress) => {
    // The folder of that name takes the place of the model; notices repeat the epoch.
    if (epoch === 6 && epochDone) void mkdir(output, { recursive: true });
  };
  await expect(quick({ onProgress })).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
    message: expect.stringMatching(
      /it is a folder.*is in ".*part\.uflow\.training": train again with resume/,
    ),
  });
  expect(await readdir(dirname(output))).toEqual([basename(output), `${basename(output)}.training`]);
  await rm(output, { recursive: true });
  const steps: TrainProgress[] = [];
  await quick({ resume: true, onProgress: (step) => steps.push(step) });
  expect(steps.filter(({ phase, notice }) => phase === "training" && !notice)).toEqual([]);
  expect((await readFile(output)).equals(wanted)).toBe(true);
});
