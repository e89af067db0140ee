import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "#uflow/bundle/write.js";
import { measureSpeed } from "#uflow/speed/index.js";
import { measureReference } from "#uflow/speed/reference.js";
import { uflow } from "../fixtures/command.js";
import { randomModel } from "../fixtures/random-model.js";

let folder: string;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-speed-"));
  model = join(folder, "random.uflow");
  await writeModel(model, randomModel());
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const short = { seconds: 0.2, lanes: 1, threads: 1, device: "cpu" } as const;

describe("the speed of a model", () => {
  it("is plain data: a stream beside its bare network, with advice", async () => {
    const doing: string[] = [];
    const speed = await measureSpeed({ ...short, model, frames: 50, onProgress: (text) => doing.push(text) });
    expect(JSON.parse(JSON.stringify(speed))).toEqual(speed);
    expect(speed.measured).toMatchObject({ lanes: 1, threads: 1, batchSize: 1 });
    expect(speed.measured.stream).toBeGreaterThan(0);
    expect(speed.measured.bare).toBeGreaterThan(0);
    const { good, anomalous, undecided } = speed.verdicts;
    expect(good + anomalous).toBe(speed.memory.frames);
    expect(undecided).toBe(0);
    expect(speed.memory.frames).toBeGreaterThanOrEqual(50);
    expect(speed.scaling[0]).toMatchObject({ lanes: 1, threads: 1 });
    expect(speed.advice.length).toBeGreaterThan(0);
    expect(doing.length).toBeGreaterThan(3);
  });

  it("is measured in batches and without maps, too", async () => {
    const { measured, maps } = await measureSpeed({ ...short, model, batchSize: 4, maps: "none" });
    expect(measured.batchSize).toBe(4);
    expect(maps).toBe("none");
  });

  it("can be stopped", async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await expect(measureSpeed({ ...short, model, signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: "ERR_UFLOW_ABORTED",
    });
  });

  it("is refused with all that is wrong, and without images", async () => {
    await expect(measureSpeed({ model, seconds: 0, lanes: -1 })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/seconds.*lanes|lanes.*seconds/),
    });
    await expect(measureSpeed({ ...short, model, images: join(folder, "none") })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
    });
  });

  it("is printed, for people and for machines", async () => {
    const flags = ["--seconds", "0.2", "--lanes", "1", "--threads", "1", "--device", "cpu"];
    const people = await uflow(["bench", model, ...flags]);
    expect(people.status).toBe(0);
    expect(people.stdout).toMatch(/^stream .*images\/s.*of the bare network/m);
    expect(people.stdout).toMatch(/^• /m);
    const machines = await uflow(["bench", model, ...flags, "--json"]);
    expect(JSON.parse(machines.stdout).measured.lanes).toBe(1);
    expect((await uflow(["bench", model, "--seconds", "soon"])).status).toBe(2);
  });
});

describe("a reference in Python", () => {
  const images = [{ data: new Uint8Array(12).fill(7), width: 2, height: 2, channels: 3 as const }];
  const python = spawnSync(process.env.UFLOW_PYTHON ?? "python3", ["-c", "import numpy"]).status === 0;
  const adapter = async (text: string) => {
    const path = join(folder, "adapter.py");
    await writeFile(path, text);
    return path;
  };

  it.runIf(python)("is given the images, and measures itself", async () => {
    const checks =
      "import time\ndef inspect(image):\n    assert image.shape == (2, 2, 3) and (image == 7).all()\n    print('noise')\n    time.sleep(0.01)\n";
    const result = await measureReference({ adapter: await adapter(checks), images, seconds: 0.05 });
    expect(result.milliseconds).toBeGreaterThanOrEqual(10);
    expect(result.python).toMatch(/Python 3.*numpy/);
  });

  it.runIf(python)("that fails is an error that says what it must be", async () => {
    const given = { adapter: await adapter("x = 1\n"), images, seconds: 0.05 };
    await expect(measureReference(given)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/inspect\(image\)/),
    });
  });
});
