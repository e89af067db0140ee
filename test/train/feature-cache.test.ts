import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "#uflow/random.js";
import { FeatureCache, type FeatureCacheOptions } from "#uflow/train/feature-cache.js";

const scales = [
  { channels: 3, height: 8, width: 6 },
  { channels: 5, height: 4, width: 3 },
];
const images = 7;
const random = new Random(3);
/** [image][scale] */
const features = Array.from({ length: images }, () =>
  scales.map(({ channels, height, width }) =>
    Float32Array.from({ length: channels * height * width }, () => 10 * random.normal()),
  ),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-cache-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function filled(options: FeatureCacheOptions): Promise<FeatureCache> {
  const cache = await FeatureCache.create(scales, images, options);
  for (const [image, feature] of features.entries()) await cache.store(image, feature);
  return cache;
}

const places = [
  ["memory", () => ({})],
  ["a file", () => ({ folder })],
] as const;

describe.each(places)("features in %s", (_, place) => {
  it("come back as the same bits, in the order that is asked for", async () => {
    const cache = await filled(place());
    const batches = [[4, 0, 6], [1, 1], [5], [2, 3, 0, 6]];
    for (const [i, batch] of batches.entries()) {
      const tensors = await cache.batch(batch, batches[i + 1]);
      scales.forEach(({ channels, height, width }, scale) => {
        expect(tensors[scale]!.dims).toEqual([batch.length, channels, height, width]);
        expect([...tensors[scale]!.data]).toEqual(batch.flatMap((image) => [...features[image]![scale]!]));
      });
    }
    await cache.close();
  });

  it("may be asked for in another order than was announced", async () => {
    const cache = await filled(place());
    const first = await cache.batch([0], [1]);
    expect(first[0]!.data).toEqual(features[0]![0]);
    const [other] = await cache.batch([2, 3], [4]);
    expect([...other!.data]).toEqual([2, 3].flatMap((image) => [...features[image]![0]!]));
    await cache.close();
  });

  it("stay valid while the next are read", async () => {
    const cache = await filled(place());
    const [now] = await cache.batch([0], [1]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(now!.data).toEqual(features[0]![0]);
    await cache.close();
  });

  it("are rounded to 11 bits as float16", async () => {
    const cache = await filled({ ...place(), precision: "float16" });
    const [finest] = await cache.batch([3, 5]);
    const exact = [...features[3]![0]!, ...features[5]![0]!];
    finest!.data.forEach((value, i) => {
      expect(Math.abs(value / exact[i]! - 1)).toBeLessThanOrEqual(2 ** -11);
    });
    expect([...finest!.data]).not.toEqual(exact);
    await cache.close();
  });

  it("are refused as float16 when they are too large for it", async () => {
    const cache = await FeatureCache.create(scales, images, { ...place(), precision: "float16" });
    const huge = features[0]!.map((feature) => feature.with(2, -65520));
    await expect(cache.store(0, huge)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/cachePrecision.*-65520.*65504.*"float32"/),
    });
    await cache.close();
  });
});

it("memory and file give the same halves", async () => {
  const caches = await Promise.all(places.map(([, place]) => filled({ ...place(), precision: "float16" })));
  const [one, other] = await Promise.all(caches.map((cache) => cache.batch([6, 2])));
  expect(one).toEqual(other);
  for (const cache of caches) await cache.close();
});

describe("the file", () => {
  const old = ".uflow-0123456789ab.tmp";

  it("has no name, so that it is gone with the process", async () => {
    const cache = await filled({ folder });
    expect(await readdir(folder)).toEqual([]);
    await cache.close();
    await expect(cache.batch([0])).rejects.toMatchObject({ code: "ERR_UFLOW_OUTPUT" });
  });

  it("of a process that was killed is removed after a day, where it could not be at once", async () => {
    await writeFile(join(folder, old), "features");
    await (await FeatureCache.create(scales, images, { folder })).close();
    expect(await readdir(folder)).toEqual([old]);
    const before = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(join(folder, old), before, before);
    await (await FeatureCache.create(scales, images, { folder })).close();
    expect(await readdir(folder)).toEqual([]);
  });

  it("is taken in the temporary folder when memory is short", async () => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = join(folder, "none");
    try {
      const create = (memory: number) => FeatureCache.create(scales, images, {}, memory);
      await (await create(10_000)).close();
      await expect(create(5000)).rejects.toMatchObject({
        code: "ERR_UFLOW_MEMORY",
        message: expect.stringContaining("0.0 MiB of memory can be had, and 0.0 MiB are free in"),
      });
      process.env.TMPDIR = folder;
      const cache = await create(5000);
      await cache.store(6, features[6]!);
      expect((await cache.batch([6]))[1]!.data).toEqual(features[6]![1]);
      await cache.close();
    } finally {
      process.env.TMPDIR = TMPDIR;
    }
  });

  it("is refused where it cannot be, before any work", async () => {
    await writeFile(join(folder, "file"), "");
    for (const name of ["missing", "file", "missing/below"]) {
      await expect(FeatureCache.create(scales, images, { folder: join(folder, name) })).rejects.toMatchObject(
        {
          code: "ERR_UFLOW_OUTPUT",
          message: expect.stringMatching(`${name}": there is no such folder.*cacheFolder`),
        },
      );
    }
    await expect(FeatureCache.create(scales, 2 ** 42, { folder })).rejects.toMatchObject({
      code: "ERR_UFLOW_OUTPUT",
      message: expect.stringMatching(/need 3342336.0 GiB more in .*, where [\d.]+ GiB are free/),
    });
  });
});
