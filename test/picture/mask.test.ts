import sharp from "sharp";
import { expect, it } from "vitest";
import { renderMask } from "#uflow/picture/mask.js";

it("writes 0 and 255, one channel, at the size of the image", async () => {
  const mask = { data: Uint8Array.of(0, 1, 1, 0), width: 2, height: 2 };
  const png = await renderMask(mask, { width: 5, height: 4 });
  expect(await sharp(png).metadata()).toMatchObject({ format: "png", width: 5, height: 4, channels: 1 });
  const pixels = await sharp(png).toColourspace("b-w").raw().toBuffer();
  const upper = [0, 0, 255, 255, 255];
  const lower = [255, 255, 0, 0, 0];
  expect([...pixels]).toEqual([...upper, ...upper, ...lower, ...lower]);
});
