import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "#uflow/random.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;

beforeAll(async () => {
  tiny = await tinyModel();
});

afterAll(() => tiny[Symbol.asyncDispose]());

const inspecting = (mapSize: number) => () =>
  `
  const inspector = await Inspector.open(${JSON.stringify(tiny.model)}, { mapSize: ${mapSize} });
  const forever = async () => {
    for (;;) await inspector.inspect(${JSON.stringify(join(tiny.data, "test", "hole", "1.png"))});
  };
  await Promise.all([forever(), forever(), forever()]);`;

const training = () => `
  const [data, output] = ${JSON.stringify([tiny.data, join(tiny.scratch, "never.uflow")])};
  await train({ data, output, inputSize: 128, epochs: 100_000 });`;

/** Runs `work` in a process of its own, which ends itself after so many milliseconds by doing `end`. */
function ended(work: string, end: string, delay: number) {
  const script = `import("#uflow/index.js").then(async ({ Inspector, train }) => {
    setTimeout(() => { ${end} }, ${delay});
    ${work}
  })`;
  const child = spawn(process.execPath, ["--eval", script], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise<{ status: number | null; signal: NodeJS.Signals | null; stderr: string }>(
    (resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status, signal) => resolve({ status, signal, stderr }));
    },
  );
}

describe.each([
  ["inspects, mostly in the networks", inspecting(64)],
  ["inspects, mostly in the kernels", inspecting(1024)],
  ["trains", training],
])("a process that %s", (_, work) => {
  it.each([
    ["process.exit(0)", 0, /^$/, 3],
    ["throw new Error('uncaught')", 1, /Error: uncaught/, 1],
  ])("ends by %s with the status it asked for", async (end, status, said, rounds) => {
    const random = new Random(Date.now());
    const once = async () => {
      const delay = Math.round(random.between(0, 1500));
      const { stderr, ...how } = await ended(work(), end, delay);
      expect(how, `after ${delay} ms: ${stderr}`).toEqual({ status, signal: null });
      expect(stderr).toMatch(said);
    };
    // At the same time, which takes less of it and disturbs each the more.
    await Promise.all(Array.from({ length: rounds }, once));
  });
});
