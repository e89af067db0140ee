import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readMask } from "#uflow/image/mask.js";
import { readRegionMasks } from "#uflow/image/region-masks.js";
import { scratchTree } from "./datasets/tree.js";

const tree = scratchTree();

/** A picture of 40 × 20 with rectangles of a grey. */
async function paint(name: string, grey: number, ...parts: [x: number, y: number, w: number, h: number][]) {
  const data = new Uint8Array(800);
  for (const [x, y, w, h] of parts)
    for (let i = 0; i < w * h; i++) data[(y + Math.floor(i / w)) * 40 + x + (i % w)] = grey;
  const raw = { width: 40, height: 20, channels: 1 as const };
  await writeFile(tree.at(name), await sharp(data, { raw }).png().toBuffer());
  return tree.at(name);
}

const saturations = [
  { grey: 250, threshold: 60, relative: false },
  { grey: 251, threshold: 0.5, relative: true },
];
const area = (mask: { data: Uint8Array }) => mask.data.reduce((sum, inside) => sum + inside, 0);

describe("masks of one region each", () => {
  it("are read at their size, with the saturation of their grey", async () => {
    const regions = [
      await paint("0.png", 250, [0, 0, 10, 10], [30, 10, 4, 4]),
      await paint("1.png", 251, [8, 0, 4, 10]),
      await paint("2.png", 250, [0, 15, 5, 5]),
    ];
    const {
      truth,
      regions: found,
      lost,
    } = await readRegionMasks({ regions, saturations }, { width: 40, height: 20 });
    expect(lost).toBe(0);
    expect(found.map(({ mask }) => area(mask))).toEqual([116, 40, 25]);
    // In pixels, a part of the region, and no more than the region has.
    expect(found.map(({ saturation }) => saturation)).toEqual([60, 20, 25]);
    expect(area(truth)).toBe(116 + 40 - 20 + 25);
    expect(truth).toEqual(await readMask({ regions, saturations }, { width: 40, height: 20 }));
  });

  it("have saturations of the size of the maps, and of the part that is looked at", async () => {
    const regions = [await paint("0.png", 250, [0, 0, 20, 20]), await paint("1.png", 251, [20, 0, 20, 10])];
    const half = { width: 20, height: 10 };
    const small = await readRegionMasks({ regions, saturations }, half);
    expect(small.regions.map(({ mask }) => area(mask))).toEqual([100, 50]);
    expect(small.regions.map(({ saturation }) => saturation)).toEqual([15, 25]);
    const part = { area: { x: 10, y: 0, width: 20, height: 20 }, image: { width: 40, height: 20 } };
    const seen = await readRegionMasks({ regions, saturations }, { width: 40, height: 40 }, part);
    expect(seen.regions.map(({ mask }) => area(mask))).toEqual([800, 400]);
    expect(seen.regions.map(({ saturation }) => saturation)).toEqual([240, 200]);
  });

  it("are left out where nothing of them is left, and counted", async () => {
    const regions = [await paint("0.png", 250, [0, 0, 20, 20]), await paint("1.png", 250, [39, 19, 1, 1])];
    const small = await readRegionMasks({ regions, saturations }, { width: 10, height: 5 });
    expect([small.regions.length, small.lost]).toEqual([1, 1]);
  });

  it("are refused without a grey, with several, or with one that nothing is said of", async () => {
    const refusal = async (...regions: string[]) =>
      await readRegionMasks({ regions, saturations }, { width: 4, height: 4 }).catch(
        (error) => error.message,
      );
    const two = await paint("two.png", 250, [0, 0, 2, 2]);
    const { data, info } = await sharp(two).greyscale().raw().toBuffer({ resolveWithObject: true });
    data[799] = 251;
    await sharp(data, { raw: { width: info.width, height: info.height, channels: 1 } }).toFile(
      tree.at("three.png"),
    );
    expect(await refusal(await paint("none.png", 250))).toMatch(/none\.png.*one grey, and it has none/);
    expect(await refusal(tree.at("three.png"))).toMatch(/it has 2/);
    expect(await refusal(await paint("other.png", 9, [0, 0, 1, 1]))).toMatch(/its grey, 9, saturates/);
    await tree.grey(250, "small.png");
    expect(await refusal(two, tree.at("small.png"))).toMatch(/it is 4 × 4/);
  });
});
