import sharp from "sharp";
import { expect, it } from "vitest";
import type { Inspection } from "#uflow/inspect/index.js";
import { draw, resegment } from "#uflow/serve/draw.js";

/** Of an image of 40 × 30 pixels, of which the maps cover 16 × 8 at 20, 10: a spot in the upper left map pixel. */
function inspection(): Inspection {
  const size = { width: 8, height: 4 };
  const spot = (value: number, elsewhere: number) =>
    Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? value : elsewhere));
  return {
    image: { width: 40, height: 30 },
    area: { x: 20, y: 10, width: 16, height: 8 },
    anomalyMap: { ...size, data: spot(1, 0) },
    logNfaMap: { ...size, data: spot(-5, 5) },
    mask: { ...size, data: Uint8Array.from(spot(1, 0)) },
  } as unknown as Inspection;
}

it("segments again in pixels of the image, where the maps cover a part of it", () => {
  const { regions } = resegment({ ...inspection(), logEpsilon: 0 });
  expect(regions.map(({ box }) => box)).toEqual([{ x: 20, y: 10, width: 2, height: 2 }]);
});

it.each(["mask.png", "heat.png"] as const)(
  "draws %s over the image, where the maps cover a part of it",
  async (picture) => {
    const png = await draw({ picture, inspection: inspection() });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([40, 30]);
    // The strongest value of the last channel: the mask itself, the heat's opacity.
    let best = 0;
    for (let i = 0; i < 40 * 30; i++) {
      const at = (pixel: number) => data[(pixel + 1) * info.channels - 1]!;
      if (at(i) > at(best)) best = i;
    }
    expect([best % 40, Math.floor(best / 40)]).toEqual([20, 10]);
  },
);
