import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recalibrate } from "#uflow/calibrate/index.js";
import { type Inspection, Inspector, type InspectorOptions } from "#uflow/inspect/index.js";
import type { RawImage } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";
import { train } from "#uflow/train/index.js";
import { saveSurfaces, surface, type TiledModel, tiledModel } from "./tiled-product.js";

let tiled: TiledModel;
let inspector: Inspector;

beforeAll(async () => {
  tiled = await tiledModel();
  inspector = await Inspector.open(tiled.model, { device: "cpu" });
});

afterAll(async () => {
  await inspector.close();
  await tiled[Symbol.asyncDispose]();
});

async function inspect(image: RawImage, options: InspectorOptions): Promise<Inspection> {
  await using opened = await Inspector.open(tiled.model, { device: "cpu", ...options });
  return await opened.inspect(image);
}

it("a model keeps how it cuts images, and what it has learned from and was calibrated by", () => {
  const { tiling, mapSize, training, calibration } = inspector.manifest;
  expect(tiling).toEqual({ size: 64, overlap: 16 });
  expect(mapSize).toBe(64);
  expect(training).toMatchObject({ images: 4, heldOut: { images: 2 } });
  expect(calibration!.images).toBe(2);
});

describe("an inspection in tiles", () => {
  it("has one map of all of them, of another shape where the image has", async () => {
    const image = surface(new Random(1), { width: 200, height: 90 });
    const { anomalyMap, logNfaMap, mask, area, meanEnergies } = await inspector.inspect(image);
    // 208 × 96 input pixels: 200 × 90 to the next multiples of the coarsest stride.
    for (const map of [anomalyMap, logNfaMap, mask]) {
      expect([map.width, map.height, map.data.length]).toEqual([208, 96, 208 * 96]);
    }
    expect(area).toEqual({ x: 0, y: 0, width: 200, height: 90 });
    expect(meanEnergies).toHaveLength(3);
    const halves = await inspect(image, { mapSize: 32 });
    expect([halves.logNfaMap.width, halves.logNfaMap.height]).toEqual([104, 48]);
  });

  it("of one tile is that of the image without tiles", async () => {
    const image = surface(new Random(2), { width: 64, height: 64, defect: { x: 30, y: 20 } });
    const alone = await inspector.inspect(image);
    const framed = surface(new Random(3));
    for (let y = 0; y < 64; y++)
      framed.data.set(image.data.subarray(64 * y, 64 * (y + 1)), 128 * (y + 40) + 50);
    const within = await inspect(framed, { region: { x: 50, y: 40, width: 64, height: 64 } });
    expect(within.logNfaMap).toEqual(alone.logNfaMap);
  });

  it("is the same in batches", async () => {
    const image = surface(new Random(4), { defect: { x: 70, y: 30 } });
    const [one, many] = [await inspect(image, {}), await inspect(image, { batchSize: 4 })];
    many.anomalyMap.data.forEach((value, i) => {
      expect(Math.abs(value - one.anomalyMap.data[i]!)).toBeLessThan(1e-4);
    });
  });

  it.each([
    ["a corner of four tiles", 52, 52],
    ["a seam", 84, 20],
    ["no seam", 36, 36],
  ])("finds a defect on %s once, where it is without tiles", async (_, x, y) => {
    const image = surface(new Random(5), { defect: { x, y } });
    const { logNfa, regions } = await inspector.inspect(image);
    expect(logNfa).toBeLessThan(-100);
    expect(regions.filter((region) => region.logNfa < logNfa / 2)).toHaveLength(1);
    const region = { x: Math.max(0, x - 28), y: Math.max(0, y - 28), width: 64, height: 64 };
    const alone = await inspect(image, { region });
    const [{ centroid: on }] = regions as [Inspection["regions"][0]];
    const distances = alone.regions
      .filter((found) => found.logNfa < alone.logNfa / 2)
      .map(({ centroid }) => Math.hypot(on.x - centroid.x, on.y - centroid.y));
    // A cell of the coarsest scale, in which the defect lies at another place.
    expect(Math.min(...distances)).toBeLessThan(16);
    expect(Math.hypot(on.x - (x + 3.5), on.y - (y + 3.5))).toBeLessThan(16);
  });

  it("shows no seam where tiles see the same", async () => {
    const flat = { data: new Uint8Array(128 * 128).fill(128), width: 128, height: 128, channels: 1 } as const;
    const { data } = (await inspector.inspect(flat)).anomalyMap;
    const jump = (x: number) => {
      let sum = 0;
      for (let y = 0; y < 128; y++) sum += Math.abs(data[128 * y + x]! - data[128 * y + x - 1]!);
      return sum / 128;
    };
    const inner = Array.from({ length: 60 }, (_, i) => jump(34 + i)).filter(
      (_, i) => i + 34 !== 56 && i + 34 !== 88,
    );
    const largest = Math.max(...inner);
    for (const seam of [56, 88]) expect(jump(seam)).toBeLessThanOrEqual(largest);
  });

  it("ignores areas across tiles", async () => {
    const image = surface(new Random(5), { defect: { x: 52, y: 52 } });
    const ignore = {
      polygons: [
        [
          [40, 40],
          [72, 40],
          [72, 72],
          [40, 72],
        ] as [number, number][],
      ],
    };
    const [all, without] = [await inspector.inspect(image), await inspect(image, { ignore })];
    expect(without.logNfa).toBeGreaterThan(0.5 * all.logNfa);
    for (const { centroid } of without.regions) {
      expect(centroid.x > 40 && centroid.x < 72 && centroid.y > 40 && centroid.y < 72).toBe(false);
    }
  });
});

it("a calibration judges joined maps", async () => {
  const output = join(tiled.scratch, "again.uflow");
  const good = join(tiled.scratch, "further");
  await saveSurfaces(good, new Random(7));
  const { calibration } = await recalibrate({ model: tiled.model, good, output, device: "cpu" });
  const scores = [];
  for (let i = 0; i < 6; i++) scores.push((await inspector.inspect(join(good, `${i}.png`))).anomalyScore);
  expect(calibration.anomalyScore).toEqual(scores.toSorted((a, b) => a - b));
});

it("refuses images of too many tiles, and goes on", async () => {
  const image = { data: new Uint8Array(2600 * 2600), width: 2600, height: 2600, channels: 1 } as const;
  await expect(inspector.inspect(image)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringMatching(/make 2916 tiles of 64/),
  });
  await expect(inspector.inspect(surface(new Random(1)))).resolves.toBeDefined();
});

it.each([
  { tileSize: 8 },
  { tileSize: 64.5 },
  { tileSize: Number.NaN },
  { tileSize: 64, tileOverlap: 33 },
  { tileSize: 64, tileOverlap: -1 },
  { tileOverlap: 16 },
])("refuses %j", async (hostile) => {
  const options = { data: tiled.data, output: join(tiled.scratch, "no.uflow") };
  await expect(train({ ...options, ...hostile })).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/tile(Size|Overlap): /),
  });
});
