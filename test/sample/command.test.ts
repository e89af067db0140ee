import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sampleCommand } from "#uflow/cli/sample.js";

let folder: string;
let printed: { stdout: string; stderr: string };
const signals = ["SIGINT", "SIGTERM"] as const;
const listeners = signals.map((signal) => process.listeners(signal));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-sample-"));
  printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      printed[stream] += text;
      return true;
    });
  }
});

afterEach(async () => {
  vi.restoreAllMocks();
  // A command listens until its process ends; this one goes on.
  for (const [i, signal] of signals.entries()) {
    const added = process.listeners(signal).filter((listener) => !listeners[i]!.includes(listener));
    for (const listener of added) process.off(signal, listener);
  }
  await rm(folder, { recursive: true, force: true });
});

const few = ["--side", "64", "--train", "2", "--good", "1", "--per-defect", "1"];
const run = (...args: string[]) => sampleCommand().exitOverride().parseAsync(args, { from: "user" });

it("writes every product into a folder of its own and says what to type next", async () => {
  await run(folder, ...few);
  expect((await readdir(folder)).sort()).toEqual(["blister", "fabric", "plate"]);
  expect(printed.stdout).toBe("");
  expect(printed.stderr).toContain(`uflow train --data ${join(folder, "fabric")} --out fabric.uflow`);
  expect(printed.stderr).toContain("uflow evaluate fabric.uflow --data");
});

it("prints one JSON document on stdout, and writes only what was asked for", async () => {
  await run(folder, "--product", "plate", "--product", "plate", "--json", ...few);
  expect(await readdir(folder)).toEqual(["plate"]);
  const { products } = JSON.parse(printed.stdout);
  expect(products).toMatchObject([
    { product: "plate", folder: join(folder, "plate"), images: { train: 2, good: 1 } },
  ]);
});

it("refuses a product that does not exist, and a folder that is filled already", async () => {
  await expect(run(folder, "--product", "plate", "shoe")).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
  });
  expect(await readdir(folder)).toEqual([]);
  await run(folder, "--product", "fabric", ...few);
  const again = run(folder, "--product", "fabric", ...few);
  await expect(again).rejects.toMatchObject({ code: "ERR_UFLOW_OUTPUT" });
});
