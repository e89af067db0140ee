import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { stretchOver } from "#uflow/picture/frame.js";
import { renderMask } from "#uflow/picture/mask.js";

const image = { width: 20, height: 10 };
const area = { x: 5, y: 2, width: 10, height: 4 };

describe("a layer of a part of the image", () => {
  it.each([3, 4] as const)("is drawn there and nowhere else, %i channels", async (channels) => {
    const layer = { data: new Uint8Array(2 * 2 * channels).fill(255), width: 2, height: 2, channels };
    const picture = await stretchOver(layer, { area, image }, { width: 40, height: 20 });
    expect([picture.width, picture.height, picture.channels]).toEqual([40, 20, channels]);
    expect(picture.data).toHaveLength(40 * 20 * channels);
    const inside = (x: number, y: number) => x >= 10 && x < 30 && y >= 4 && y < 12;
    for (let i = 0; i < 40 * 20; i++) {
      const wanted = inside(i % 40, Math.floor(i / 40)) ? 255 : 0;
      expect([...picture.data.subarray(i * channels, (i + 1) * channels)]).toEqual(
        Array(channels).fill(wanted),
      );
    }
  });

  it("covers all of the picture where nothing else is said", async () => {
    const layer = { data: new Uint8Array(12).fill(9), width: 2, height: 2, channels: 3 as const };
    const { data } = await stretchOver(layer, { area: undefined, image }, image);
    expect(new Set(data)).toEqual(new Set([9]));
  });
});

it("a mask of a part of the image is black beyond it", async () => {
  const png = await renderMask({ data: Uint8Array.of(1, 0), width: 2, height: 1 }, image, area);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([20, 10]);
  const white = [...data.keys()].filter((i) => data[i * info.channels] === 255);
  expect(white).toEqual([2, 3, 4, 5].flatMap((y) => [5, 6, 7, 8, 9].map((x) => y * 20 + x)));
});
