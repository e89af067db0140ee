import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadAddon } from "#uflow/kernels/addon.js";
import { imageOfFrame, type PixelFormat, type RawFrame } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

const { plain } = loadAddon();

/** Bytes of a row of four pixels. */
const rowsOfFour: Record<string, number> = {
  "8": 4,
  "10": 8,
  "12": 8,
  "16": 8,
  "10p": 5,
  "12p": 6,
  "12Packed": 6,
};
const patterns = ["Mono", "BayerRG", "BayerGR", "BayerGB", "BayerBG"];
const valueFormats = patterns.flatMap((pattern) =>
  Object.entries(rowsOfFour).map(([packing, row]) => [`${pattern}${packing}`, row] as const),
);
const colourFormats = [
  ["RGB8", 12],
  ["BGR8", 12],
  ["RGBa8", 16],
  ["BGRa8", 16],
] as const;

/** Random bytes; below 4, so that every word of two has at most 10 bits. */
function randomFrame(format: string, row: number): RawFrame & { data: Uint8Array; stride: number } {
  const random = new Random(11);
  const data = Uint8Array.from({ length: 5 * (row + 3) }, () => random.below(4));
  return { data, width: 4, height: 5, format: format as PixelFormat, stride: row + 3 };
}

describe("every format", () => {
  it.each([...valueFormats, ...colourFormats])(
    "%s equals its specification, with padded rows",
    (format, row) => {
      const frame = randomFrame(format, row);
      const image = imageOfFrame(frame);
      expect(image).toEqual(plain.imageOfFrame(frame));
      expect(image.channels).toBe(format.startsWith("Mono") ? 1 : 3);
      const dense = new Uint8Array(5 * row);
      for (let y = 0; y < 5; y++) {
        dense.set(frame.data.subarray(y * frame.stride, y * frame.stride + row), y * row);
      }
      expect(imageOfFrame({ ...frame, data: dense, stride: undefined })).toEqual(image);
      expect(imageOfFrame({ ...frame, data: frame.data.subarray(0, -3) })).toEqual(image);
    },
  );
});

it("reads words of 16 bits, bytes at odd places and shared memory alike", () => {
  const words = Uint16Array.of(0, 4095, 255, 16, 2048, 4080);
  const bytes = new Uint8Array(words.buffer);
  const shared = new Uint8Array(new SharedArrayBuffer(13), 1);
  shared.set(bytes);
  for (const data of [words, bytes, shared, new Uint16Array(new SharedArrayBuffer(12)).fill(0)]) {
    if (data instanceof Uint16Array) data.set(words);
    const { data: grey } = imageOfFrame({ data, width: 3, height: 2, format: "Mono12" });
    expect([...grey]).toEqual([0, 255, 15, 1, 128, 255]);
  }
});

it("gives the colours of a mosaic by the mean of the nearest, mirrored at the edges", () => {
  const data = Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90);
  const { data: rgb } = imageOfFrame({ data, width: 3, height: 3, format: "BayerRG8" });
  // R G R / G B G / R G R: the corner has its green from the right and from below, its blue from the middle.
  expect([...rgb.subarray(0, 6)]).toEqual([10, 30, 50, 20, 20, 50]);
  expect([...rgb.subarray(12, 15)]).toEqual([50, 50, 50]);
});

describe("Electron, which refuses buffers over memory of others", () => {
  const require = createRequire(import.meta.url);
  const { path } = require("node-gyp-build") as { path: (root: string) => string };
  const addon = readFileSync(path(fileURLToPath(new URL("../../", import.meta.url))));

  it("is not asked for any: the addon does not import the functions that make them", () => {
    // What it imports is in it by name.
    expect(addon.includes("napi_create_typedarray")).toBe(true);
    expect(addon.includes("napi_create_external")).toBe(false);
  });
});
