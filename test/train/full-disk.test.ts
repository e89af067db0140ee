import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { onTinyDisk } from "../fixtures/tiny-disk.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-disk-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Features of 64 KiB per image. */
const prepare = `
  import { readdirSync, statfsSync, writeFileSync, rmSync } from "node:fs";
  import { FeatureCache } from "#uflow/train/feature-cache.js";
  const folder = process.argv[1];
  const scales = [{ channels: 4, height: 64, width: 64 }];
  const features = [new Float32Array(4 * 64 * 64).fill(1.5)];
  const refusal = ({ code, message }) => ({ code, message });
  const free = () => { const { bavail, bsize } = statfsSync(folder); return bavail * bsize; };
`;

it("a disk with too little room for the features is refused before any work", (context) => {
  if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
  const { stdout, stderr } = onTinyDisk(
    folder,
    `${prepare}
    const refused = await FeatureCache.create(scales, 17, { folder }).catch(refusal);
    console.log(JSON.stringify({ refused, files: readdirSync(folder), free: free() }));`,
  );
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    refused: {
      code: "ERR_UFLOW_OUTPUT",
      message: expect.stringMatching(/need 1.1 MiB more in .*, where 1.0 MiB are free.*cacheFolder.*float16/),
    },
    files: [],
    free: 2 ** 20,
  });
});

it("a disk that others fill meanwhile is named with what was still needed, and nothing is left on it", (context) => {
  if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
  const { stdout, stderr } = onTinyDisk(
    folder,
    `${prepare}
    const cache = await FeatureCache.create(scales, 10, { folder });
    await cache.store(0, features);
    writeFileSync(folder + "/others", Buffer.alloc(800 * 1024));
    let stored = 1;
    let refused;
    for (; !refused; stored++) refused = await cache.store(stored, features).then(() => undefined, refusal);
    const [read] = await cache.batch([0]);
    await cache.close();
    rmSync(folder + "/others");
    console.log(JSON.stringify({ refused, stored, same: read.data.every((value) => value === 1.5), files: readdirSync(folder), free: free() }));`,
  );
  expect(stderr).toBe("");
  const { stored, ...outcome } = JSON.parse(stdout);
  expect(stored).toBeGreaterThan(1);
  expect(stored).toBeLessThan(5);
  expect(outcome).toEqual({
    refused: {
      code: "ERR_UFLOW_OUTPUT",
      message: expect.stringMatching(/need 0.[45] MiB more in .*, where 0.0 MiB are free/),
    },
    same: true,
    files: [],
    free: 2 ** 20,
  });
});
