import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type RawImage, Resampler, resample } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";
import { loadGolden } from "../fixtures/golden.js";

const golden = loadGolden("kernels/images");
const { mean, std } = golden.meta as { mean: number[]; std: number[] };

async function rawImage(file: string): Promise<RawImage> {
  const bytes = readFileSync(new URL(`../fixtures/kernels/${file}`, import.meta.url));
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return {
    data: new Uint8Array(data),
    width: info.width,
    height: info.height,
    channels: info.channels as 1 | 3,
  };
}

describe.each(golden.meta.images as { name: string; file: string }[])("the image $name", ({ name, file }) => {
  const keys = (ending: string) => golden.names.filter((key) => key.startsWith(name) && key.endsWith(ending));

  it("has the 8-bit values of Pillow's resize, bit for bit", async () => {
    const image = await rawImage(file);
    for (const key of keys("u8_hwc")) {
      const { data, shape } = golden.tensor(key);
      const [height, width] = shape as [number, number];
      const planar = resample(image, { width, height });
      const interleaved = Uint8Array.from(data, (_, i) =>
        Math.round(planar[(i % 3) * width * height + Math.floor(i / 3)]! * 255),
      );
      expect(interleaved, key).toEqual(data);
    }
  });

  it("has the reference's normalised values", async () => {
    const image = await rawImage(file);
    for (const key of keys("tensor")) {
      const { data, shape } = golden.tensor(key);
      const [, height, width] = shape as [number, number, number];
      expect(resample(image, { width, height, mean, std }), key).toEqual(data);
    }
  });
});

it("repeats grey and ignores alpha", () => {
  const grey = resample(
    { data: Uint8Array.of(10, 200), width: 2, height: 1, channels: 1 },
    { width: 2, height: 1 },
  );
  expect(grey.slice(0, 2)).toEqual(grey.slice(2, 4));
  expect(grey.slice(0, 2)).toEqual(grey.slice(4, 6));
  const rgb = Uint8Array.of(1, 2, 3, 40, 50, 60);
  const rgba = Uint8Array.of(1, 2, 3, 0, 40, 50, 60, 255);
  const to = { width: 5, height: 3 };
  expect(resample({ data: rgba, width: 2, height: 1, channels: 4 }, to)).toEqual(
    resample({ data: rgb, width: 2, height: 1, channels: 3 }, to),
  );
});

it("keeps a constant image constant at any size", () => {
  for (const [width, height] of [
    [1, 1],
    [1, 97],
    [333, 2],
    [64, 64],
  ] as const) {
    const image = { data: new Uint8Array(width * height).fill(77), width, height, channels: 1 } as const;
    expect(new Set(resample(image, { width: 31, height: 17 }))).toEqual(new Set([Math.fround(77 / 255)]));
  }
});

it("keeps its memory from one size to the next, and writes where it is told to", () => {
  const resampler = new Resampler();
  const random = new Random(3);
  for (let round = 0; round < 60; round++) {
    const [width, height, w, h] = Array.from({ length: 4 }, () => 1 + Math.floor(random.between(0, 150)));
    const channels = ([1, 3, 4] as const)[round % 3]!;
    const data = Uint8Array.from({ length: width! * height! * channels }, () => random.between(0, 256));
    const image: RawImage = { data, width: width!, height: height!, channels };
    const to = { width: w!, height: h!, mean, std };
    const into = new Float32Array(3 * w! * h!).fill(Number.NaN);
    const wanted = resample(image, to);
    expect(resampler.resample(image, to)).toEqual(wanted);
    expect(resampler.resample(image, { ...to, into })).toBe(into);
    expect(into).toEqual(wanted);
  }
});
