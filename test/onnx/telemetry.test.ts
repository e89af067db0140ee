import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeModel } from "#uflow/bundle/write.js";
import { inputSize, randomModel } from "../fixtures/random-model.js";

let folder: string;
/** Home, caches and temporary files of the process. */
let home: string;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-telemetry-"));
  home = join(folder, "home");
  model = join(folder, "random.uflow");
  await mkdir(home);
  await writeModel(model, randomModel());
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** In a lane, and in the main thread itself. */
const work = {
  lane: `
    const { Inspector } = await import("#uflow/inspect/index.js");
    const inspector = await Inspector.open(model, { device: "cpu" });
    const data = new Uint8Array(${inputSize ** 2});
    await inspector.inspect({ data, width: ${inputSize}, height: ${inputSize}, channels: 1 });
    await inspector.close();`,
  "main thread": `
    const { Session } = await import("#uflow/onnx/session.js");
    const { readModel } = await import("#uflow/bundle/read.js");
    const { backbone } = await readModel(model);
    await (await Session.create(backbone, { device: "cpu", threads: 1 })).close();`,
};

// What ONNX Runtime would send it keeps in a file first.
it.each(Object.entries(work))("a network in the %s keeps nothing to send", async (_, script) => {
  const { ORT_DISABLE_TELEMETRY: __, XDG_CACHE_HOME: ___, ...environment } = process.env;
  const given = `const model = ${JSON.stringify(model)}; (async () => {${script}})()`;
  const child = spawn(process.execPath, ["--eval", given], {
    env: { ...environment, HOME: home, TMPDIR: home },
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect((await once(child, "close"))[0]).toBe(0);
  expect(await readdir(home)).toEqual([]);
});
