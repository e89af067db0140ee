import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readMask } from "#uflow/image/mask.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-mask-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The left columns white, the others black. */
async function halfWhite(name: string, { width = 8, white = 4, value = 255, channels = 1 as 1 | 3 } = {}) {
  const data = Uint8Array.from({ length: width * width * channels }, (_, i) =>
    Math.floor(i / channels) % width < white ? value : 0,
  );
  const path = join(folder, name);
  await sharp(data, { raw: { width, height: width, channels } })
    .png()
    .toFile(path);
  return path;
}

it("reads white as defective, grey or RGB, at its own size", async () => {
  for (const channels of [1, 3] as const) {
    const mask = await readMask(await halfWhite(`${channels}.png`, { channels }), { width: 8, height: 8 });
    expect([...mask.data.subarray(0, 8)]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(mask.data.reduce((sum, value) => sum + value)).toBe(32);
  }
});

it("resizes by area: what is more than half white is defective", async () => {
  const path = await halfWhite("large.png", { width: 64, white: 32 });
  const mask = await readMask(path, { width: 8, height: 4 });
  expect(mask).toMatchObject({ width: 8, height: 4 });
  expect([...mask.data]).toEqual(Array.from({ length: 32 }, (_, i) => (i % 8 < 4 ? 1 : 0)));
});

it("refuses a mask of another shape than its image, where that is known", async () => {
  const path = await halfWhite("square.png");
  const to = { width: 4, height: 4 };
  const partOf = (width: number, height: number) => ({
    area: { x: 0, y: 0, width, height },
    image: { width, height },
  });
  for (const [width, height] of [
    [8, 8],
    [800, 801],
    [3, 3],
  ] as const)
    expect((await readMask(path, to, partOf(width, height))).data).toHaveLength(16);
  for (const [width, height] of [
    [8, 4],
    [800, 1000],
    [16, 8],
  ] as const)
    await expect(readMask(path, to, partOf(width, height))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringContaining(`square.png": it is 8 × 8, and its image ${width} × ${height}`),
    });
});

it("refuses a mask that is painted in transparency, which is not looked at", async () => {
  const save = async (name: string, tone: number) => {
    const data = Uint8Array.from({ length: 64 * 4 }, (_, i) => (i % 4 < 3 ? tone : i < 128 ? 255 : 0));
    const path = join(folder, name);
    await sharp(data, { raw: { width: 8, height: 8, channels: 4 } })
      .png()
      .toFile(path);
    return path;
  };
  const size = { width: 8, height: 8 };
  await expect(readMask(await save("painted.png", 255), size)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringMatching(/painted\.png.*has transparent pixels/),
  });
  expect((await readMask(await save("black-alpha.png", 0), size)).data).not.toContain(1);
});

it("refuses a mask written as 0 and 1, and what is no image", async () => {
  const dark = await halfWhite("dark.png", { value: 1 });
  const size = { width: 8, height: 8 };
  await expect(readMask(dark, size)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringMatching(/dark\.png.*brightest pixel is 1 of 255/),
  });
  for (const value of [1, 255]) {
    const deep = join(folder, `deep-${value}.png`);
    await sharp(
      Uint16Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? value : 0)),
      {
        raw: { width: 8, height: 8, channels: 1 },
      },
    )
      .toColourspace("grey16")
      .png()
      .toFile(deep);
    await expect(readMask(deep, size)).rejects.toMatchObject({
      message: expect.stringMatching(/brightest pixel is 1 of 255; .*in 16 bits as 65535/),
    });
    expect([...(await readMask({ labels: deep }, size)).data.subarray(0, 8)]).toEqual([
      1, 1, 1, 1, 0, 0, 0, 0,
    ]);
  }
  await expect(readMask(join(folder, "none.png"), size)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
  });
  const black = await readMask(await halfWhite("black.png", { white: 0 }), size);
  expect(black.data.every((value) => value === 0)).toBe(true);
});
