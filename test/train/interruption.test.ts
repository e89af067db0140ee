import { watch } from "node:fs";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readModel } from "#uflow/bundle/read.js";
import { Random } from "#uflow/random.js";
import { uflow } from "../fixtures/command.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let old: Buffer;
/** A folder with a model of before, to be replaced. */
let folder: string;
let output: string;
let folders = 0;

beforeAll(async () => {
  tiny = await tinyModel();
  old = await readFile(tiny.model);
});

beforeEach(async () => {
  folder = join(tiny.scratch, `killed-${folders++}`);
  output = join(folder, "part.uflow");
  await mkdir(folder);
  await copyFile(tiny.model, output);
});

afterAll(() => tiny[Symbol.asyncDispose]());

const training = (epochs: number) => [
  ...["train", "--data", tiny.data, "--out", output, "--input-size", "64"],
  ...["--flow-steps", "1", "--epochs", `${epochs}`, "--seed", "7"],
];

/** The model of before, whole, or a new one, whole. */
async function expectWhole(): Promise<void> {
  const { manifest } = await readModel(output);
  const replaced = !(await readFile(output)).equals(old);
  expect(manifest.training.seed).toBe(replaced ? 7 : 0);
}

describe("a killed training", () => {
  it("leaves a whole model, whenever it is killed", async () => {
    const random = new Random(Date.now());
    for (let round = 0; round < 3; round++) {
      const delay = random.between(200, 1800);
      const { signal } = await uflow(training(3), undefined, async (child) => {
        await wait(delay);
        child.kill("SIGKILL");
      });
      expect(["SIGKILL", null], `after ${delay} ms`).toContain(signal);
      await expectWhole();
    }
  });

  it("leaves a whole model when it is being written", async () => {
    const { signal } = await uflow([...training(1), "--checkpoint-every", "0"], undefined, (child) => {
      // The first is the trial before the work.
      let temporary = 0;
      const watcher = watch(folder, (event, name) => {
        if (event === "rename" && name?.endsWith(".tmp") && ++temporary === 3) child.kill("SIGKILL");
      });
      child.on("close", () => watcher.close());
    });
    expect(["SIGKILL", null]).toContain(signal);
    await expectWhole();
  });
});

describe("Ctrl-C", () => {
  it("ends a training with status 130 and leaves the model of before", async () => {
    let sent = false;
    const { status, stderr, stdout } = await uflow([...training(100_000), "--json"], (text, child) => {
      if (sent || !text.includes("listening\n")) return;
      sent = true;
      child.kill("SIGINT");
    });
    expect(status).toBe(130);
    expect(stderr).toContain("stopping");
    expect(stderr).toContain("no model was written (ERR_UFLOW_ABORTED)");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "ERR_UFLOW_ABORTED" } });
    expect((await readFile(output)).equals(old)).toBe(true);
    expect(await readdir(folder)).toEqual(["part.uflow"]);
  });

  it("ends it in the middle of the training, and says how to go on", async () => {
    const endless = [...training(100_000), "--checkpoint-every", "1"];
    const { status, stderr } = await uflow(endless, undefined, (child) => {
      let sent = false;
      const watcher = watch(folder, (_, name) => {
        if (sent || name !== "part.uflow.training") return;
        // A second signal would end it at once.
        sent = true;
        child.kill("SIGTERM");
      });
      child.on("close", () => watcher.close());
    });
    expect(status).toBe(130);
    expect(stderr).toMatch(
      /cancelled; .* train again with resume \(--resume\) to go on from there \(ERR_UFLOW_ABORTED\)/,
    );
    expect(await readdir(folder)).toEqual(["part.uflow", "part.uflow.training"]);
    expect((await readFile(output)).equals(old)).toBe(true);
  });

  it("twice ends it at once, by the signal", async () => {
    let sent = 0;
    const { signal, stderr } = await uflow(training(100_000), (text, child) => {
      if (sent === 0 && text.includes("features 8/8")) {
        sent = 1;
        setTimeout(() => child.kill("SIGINT"), 200);
      } else if (sent === 1 && text.includes("once more")) {
        sent = 2;
        child.kill("SIGINT");
      }
    });
    // It may have been quick enough to stop properly.
    if (signal === null) expect(stderr).toContain("ERR_UFLOW_ABORTED");
    else expect(signal).toBe("SIGINT");
    expect((await readFile(output)).equals(old)).toBe(true);
  });

  it.each([
    ["evaluate", () => ["evaluate", tiny.model, "--data", tiny.data]],
    ["inspect", () => ["inspect", tiny.model, join(tiny.data, "test")]],
    ["sample", () => ["sample", join(folder, "line"), "--train", "500"]],
    ["demo", () => ["demo", "--out", join(folder, "demo")]],
  ])("ends %s with status 130", async (_, args) => {
    let sent = false;
    const { status, stderr } = await uflow(args(), (text, child) => {
      if (sent || !text.includes("listening\n")) return;
      sent = true;
      child.kill("SIGINT");
    });
    expect(stderr).toContain("stopping");
    expect(status).toBe(130);
  });
});
