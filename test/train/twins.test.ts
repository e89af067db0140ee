import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Random } from "#uflow/random.js";
import { findTwins } from "#uflow/train/twins.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-twins-"));
});
afterAll(() => rm(folder, { recursive: true }));

const side = 48;
const { signal } = new AbortController();

/** Smooth and unlike any other; with noise of so many grey levels, as of a camera. */
async function picture(seed: number, noise = 0, level = 128) {
  const random = new Random(seed);
  const coarse = Uint8Array.from({ length: 36 }, () => random.between(level - 80, level + 80));
  const raw = { width: 6, height: 6, channels: 1 } as const;
  const smooth = await sharp(coarse, { raw }).resize(side, side).extractChannel(0).raw().toBuffer();
  const grain = new Random(noise);
  const data = smooth.map((value) => Math.max(0, Math.min(255, value + noise * grain.normal())));
  return sharp(data, { raw: { width: side, height: side, channels: 1 } });
}

async function written(name: string, image: sharp.Sharp): Promise<string> {
  const path = join(folder, name);
  await image.toFile(path);
  return path;
}

const different = (count: number) =>
  Promise.all(Array.from({ length: count }, async (_, i) => written(`${i}.png`, await picture(i))));

it("are one picture in another format, at another size, or taken twice", async () => {
  const paths = [
    ...(await different(6)),
    await written("as.jpg", (await picture(1)).jpeg({ quality: 85 })),
    await written("small.png", (await picture(1)).resize(40, 40)),
    await written("again.png", await picture(4, 2)),
    await written("colour.png", (await picture(5)).toColourspace("srgb").ensureAlpha()),
  ];
  expect(await findTwins(paths, signal)).toEqual([
    [1, 6, 7],
    [4, 8],
    [5, 9],
  ]);
});

it("are no kinds of a product: many that are alike", async () => {
  const kinds = [0, 1].flatMap((kind) =>
    Array.from({ length: 9 }, async (_, i) =>
      written(`kind-${kind}-${i}.png`, await picture(kind, 2 + i / 10)),
    ),
  );
  expect(await findTwins(await Promise.all(kinds), signal)).toEqual([]);
});

it("are not among images that differ, nor of such as cannot be read", async () => {
  await writeFile(join(folder, "broken.png"), "no image");
  const drawing =
    '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"><rect width="9" height="9"/></svg>';
  for (const name of ["drawing.png", "again.png"]) await writeFile(join(folder, name), drawing);
  const broken = ["broken.png", "absent.png", "drawing.png", "again.png"].map((name) => join(folder, name));
  expect(await findTwins([...(await different(12)), ...broken], signal)).toEqual([]);
  expect(await findTwins([], signal)).toEqual([]);
  expect(await findTwins(broken, signal)).toEqual([]);
});

it("are not searched for once that is stopped", async () => {
  await expect(findTwins(await different(3), AbortSignal.abort())).rejects.toMatchObject({
    code: "ERR_UFLOW_ABORTED",
  });
});
