import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { Random } from "#uflow/random.js";
import { readCheckpoint, type TrainingIdentity, writeCheckpoint } from "#uflow/train/checkpoint.js";
import type { LearningState } from "#uflow/train/learning.js";

const parameters = 50;
const random = new Random(2);
const vector = () => Float32Array.from({ length: parameters }, () => random.normal());

const state: LearningState = {
  flow: { values: vector(), firstMoment: vector(), secondMoment: vector(), steps: 21 },
  losses: [Math.PI, -1e5 / 3, -4.25],
  heldOutLosses: [{ epoch: 3, loss: 1 / 3 }],
  best: { epoch: 3, values: vector() },
  recoveries: [{ epoch: 1, reason: "spike", learningRate: 0.001 }],
  learningRate: 0.001,
};
const identity: TrainingIdentity = {
  backbone: "a".repeat(64),
  options: { learningRate: 0.002, epochs: 9, heldOut: 0.2 },
  images: ["a.png", "b.png"].map((name) => ({ name, sha256: name.repeat(3) })),
};

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-checkpoint-"));
  path = join(folder, "part.uflow.training");
});
beforeEach(() => writeCheckpoint(path, identity, state));
afterAll(() => rm(folder, { recursive: true }));

const read = (wanted: Partial<TrainingIdentity> = {}, count = parameters) =>
  readCheckpoint(path, { ...identity, ...wanted }, count);

async function refusal(wanted: Partial<TrainingIdentity> = {}, count = parameters): Promise<string> {
  const error = await read(wanted, count).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UflowError);
  expect(error.code).toBe("ERR_UFLOW_BAD_CHECKPOINT");
  expect(error.message).toContain(`Cannot resume from "${path}": `);
  expect(error.message).toContain('Train without "resume" to begin anew');
  return error.message;
}

describe("a checkpoint", () => {
  it("gives back every bit", async () => {
    expect(await read()).toEqual(state);
    const early: LearningState = {
      ...state,
      best: null,
      heldOutLosses: [],
      recoveries: [],
      learningRate: 0.002,
    };
    await writeCheckpoint(path, identity, early);
    expect(await read()).toEqual(early);
  });

  it("may be missing", async () => {
    expect(await readCheckpoint(join(folder, "none"), identity, parameters)).toBeUndefined();
  });

  it("goes on with another learning rate, and remembers that", async () => {
    const resumed = await read({ options: { ...identity.options, learningRate: 5e-4 } });
    const last = { epoch: 3, reason: "resumed", learningRate: 5e-4 };
    expect(resumed).toEqual({ ...state, learningRate: 5e-4, recoveries: [...state.recoveries, last] });
  });

  it("is refused when options, images or the backbone are others, all of which are named", async () => {
    const message = await refusal({
      backbone: "b".repeat(64),
      options: { learningRate: 0.002, epochs: 10, seed: 1 },
      images: [
        { name: "b.png", sha256: "changed" },
        { name: "c.png", sha256: "new" },
      ],
    });
    expect(message).toContain("another backbone");
    expect(message).toContain(
      "epochs was 9, now 10; heldOut was 0.2, now not given; seed was not given, now 1",
    );
    expect(message).toContain('other images (added: "c.png", removed: "a.png", changed: "b.png")');
    expect(await refusal({ images: identity.images.slice(1) })).toContain('removed: "a.png"');
    expect(await refusal({}, parameters + 1)).toContain("do not fit together");
  });

  it("is refused when a single byte is another, wherever that is", async () => {
    const bytes = await readFile(path);
    for (let i = 0; i < 40; i++) {
      const damaged = Buffer.from(bytes);
      const at = random.below(bytes.length);
      damaged[at]! ^= 1 << random.below(8);
      await writeFile(path, damaged);
      await refusal();
    }
  });

  it("is refused when it is cut off, empty, or no file of ours", async () => {
    const bytes = await readFile(path);
    for (const content of [
      bytes.subarray(0, 100),
      bytes.subarray(0, -1),
      Buffer.alloc(0),
      Buffer.from("{}"),
    ]) {
      await writeFile(path, content);
      await refusal();
    }
    await rm(path);
    await mkdir(path);
    expect(await refusal()).toContain("it is a folder");
    await rm(path, { recursive: true });
  });
});
