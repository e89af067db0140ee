import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fingerprint } from "#uflow/image/fingerprint.js";

let dir: string;
const image = (path: string, mask?: string) => ({
  path: join(dir, path),
  defect: "cut",
  ...(mask && { mask: join(dir, mask) }),
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "uflow-fingerprint-"));
  await mkdir(join(dir, "test"));
  for (const name of ["b.png", "a.png", "B.png"]) await writeFile(join(dir, "test", name), name);
  await writeFile(join(dir, "mask.png"), "mask");
});

afterAll(() => rm(dir, { recursive: true, force: true }));

it("is the sum of what sha256sum prints, whatever the order of the images", async () => {
  const paths = ["mask.png", "test/B.png", "test/a.png", "test/b.png"];
  const list = execFileSync("sha256sum", paths, { cwd: dir });
  const sum = createHash("sha256").update(list).digest("hex");
  const [a, b, large] = [image("test/a.png", "mask.png"), image("test/b.png"), image("test/B.png")];
  expect(await fingerprint(dir, [b, a, large])).toBe(sum);
  expect(await fingerprint(dir, [large, a, b])).toBe(sum);
});

it("tells other bytes, other names and files that cannot be read apart", async () => {
  const sums = [
    await fingerprint(dir, [image("test/a.png")]),
    await fingerprint(dir, [image("test/b.png")]),
    await fingerprint(dir, [image("test/c.png")]),
    await fingerprint(dir, [image("test/a.png", "mask.png")]),
  ];
  expect(new Set(sums).size).toBe(4);
});
