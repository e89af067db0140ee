import { describe, expect, it } from "vitest";
import { Tiles } from "#uflow/areas/tiling.js";
import type { Energy } from "#uflow/kernels/index.js";

const network = { inputSize: 64, strides: [4, 8, 16], mapSize: 64 };

/** A picture in which every value tells its plane, row and column. */
function numbered({ width, height }: { width: number; height: number }): Float32Array {
  return Float32Array.from(
    { length: 3 * width * height },
    (_, i) =>
      Math.floor(i / (width * height)) * 1e6 + Math.floor((i % (width * height)) / width) * 1e3 + (i % width),
  );
}

/** What a tile's maps would be if every cell told its place in the whole: its upper left pixel. */
function mapsOf(input: Float32Array): Energy[] {
  return network.strides.map((stride) => {
    const side = 64 / stride;
    const data = Float32Array.from(
      { length: side ** 2 },
      (_, i) => input[Math.floor(i / side) * stride * 64 + (i % side) * stride]!,
    );
    return { data, channels: 5, width: side, height: side };
  });
}

describe.each([
  [
    { width: 300, height: 200 },
    { size: 100, overlap: 25 },
  ],
  [
    { width: 257, height: 101 },
    { size: 64, overlap: 0 },
  ],
  [
    { width: 1000, height: 90 },
    { size: 100, overlap: 50 },
  ],
  [
    { width: 101, height: 100 },
    { size: 100, overlap: 10 },
  ],
])("the tiles of %j, %j", (area, tiling) => {
  const tiles = new Tiles(area, tiling, network);
  const picture = numbered(tiles.whole);
  const inputs = Array.from({ length: tiles.count }, (_, tile) => tiles.cut(picture, tile));

  it("are squares on whole cells that overlap, the last one at the edge", () => {
    const columns = new Set<number>();
    for (const input of inputs) {
      const [left, top] = [input[0]! % 1e3, Math.floor(input[0]! / 1e3)];
      columns.add(left);
      expect([left % 16, top % 16]).toEqual([0, 0]);
      const wanted = numbered({ width: 64, height: 64 }).map((value) => value + top * 1e3 + left);
      expect(input).toEqual(wanted);
    }
    const lefts = [...columns].sort((a, b) => a - b);
    expect(lefts[0]).toBe(0);
    expect(lefts.at(-1)).toBe(tiles.whole.width - 64);
    const least = 16 * Math.round((tiling.overlap * 64) / tiling.size / 16);
    lefts.slice(1).forEach((left, i) => {
      expect(lefts[i]! + 64 - left).toBeGreaterThanOrEqual(least);
    });
  });

  it("are of the size that was asked for, to half a coarse cell over the whole side", () => {
    const along = (pixels: number, whole: number) => Math.abs(whole - (pixels * 64) / tiling.size);
    if (area.width > tiling.size) expect(along(area.width, tiles.whole.width)).toBeLessThanOrEqual(8);
    if (area.height > tiling.size) expect(along(area.height, tiles.whole.height)).toBeLessThanOrEqual(8);
  });

  it("give maps that join to those of the whole, every cell in its place", () => {
    const joined = tiles.join(inputs.map(mapsOf));
    joined.forEach(({ data, channels, width, height }, scale) => {
      const stride = network.strides[scale]!;
      expect({ channels, width, height }).toEqual({
        channels: 5,
        width: tiles.whole.width / stride,
        height: tiles.whole.height / stride,
      });
      const places = Float32Array.from(
        { length: width * height },
        (_, i) => Math.floor(i / width) * stride * 1e3 + (i % width) * stride,
      );
      expect(data).toEqual(places);
    });
  });

  it("give each cell of the tile whose centre is nearest", () => {
    // The first value of a tile's input tells where the tile is.
    const marked = inputs.map((input) =>
      mapsOf(input).map((map) => ({ ...map, data: map.data.map(() => input[0]!) })),
    );
    const lefts = [...new Set(inputs.map((input) => input[0]! % 1e3))];
    const { data, width } = tiles.join(marked)[0]!;
    data.forEach((start, cell) => {
      const centre = (cell % width) * 4 + 2;
      const distance = (left: number) => Math.abs(left + 32 - centre);
      expect(distance(start % 1e3)).toBeLessThanOrEqual(Math.min(...lefts.map(distance)) + 2);
    });
  });
});

it("an area that no tile is smaller than is one tile, resized as it is without tiles", () => {
  const tiles = new Tiles({ width: 100, height: 80 }, { size: 100, overlap: 25 }, network);
  expect([tiles.count, tiles.whole, tiles.map]).toEqual([
    1,
    { width: 64, height: 64 },
    { width: 64, height: 64 },
  ]);
  const picture = numbered(tiles.whole);
  expect(tiles.cut(picture, 0)).toBe(picture);
});

it.each([
  [
    { width: 1_000_000, height: 1_000_000 },
    { size: 1000, overlap: 0 },
  ],
  [
    { width: 8000, height: 8000 },
    { size: 16, overlap: 8 },
  ],
  [
    { width: 9000, height: 16 },
    { size: 16, overlap: 8 },
  ],
])("refuses to make the tiles of %j, %j: too many", (area, tiling) => {
  expect(() => new Tiles(area, tiling, network)).toThrow(
    expect.objectContaining({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(/make \d+ tiles/),
    }),
  );
});

it("refuses maps that are too large", () => {
  const large = { ...network, mapSize: 4096 };
  expect(() => new Tiles({ width: 800, height: 800 }, { size: 100, overlap: 25 }, large)).toThrow(/maps of/);
});
