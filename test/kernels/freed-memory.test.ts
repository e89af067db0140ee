import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { keepFreedMemory, releaseFreedMemory } from "#uflow/kernels/freed-memory.js";

const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const program = fileURLToPath(new URL("../fixtures/thread-leaves-memory.mjs", import.meta.url));

it.runIf(header.glibcVersionRuntime)("gives the system what a thread has left behind", () => {
  const { left, released, kept } = JSON.parse(
    execFileSync(process.execPath, [program], { encoding: "utf8" }),
  ) as { left: number; released: number; kept: number };
  expect(kept).toBe(20);
  // 200 MB, of which 2 are kept.
  expect(left - released).toBeGreaterThan(150);
});

it("may be asked for at any time, as often as one likes", async () => {
  keepFreedMemory(true);
  await expect(releaseFreedMemory()).resolves.toBeUndefined();
  keepFreedMemory(false);
  await expect(Promise.all(Array.from({ length: 20 }, () => releaseFreedMemory()))).resolves.toHaveLength(20);
});
