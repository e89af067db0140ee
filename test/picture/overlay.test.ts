import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { drawOverlay, type OverlaySource, renderOverlay } from "#uflow/picture/overlay.js";

const side = 64;
const grey = 120;

/** A grey image of 256 × 128, anomalous in the middle of its left half. */
function source(changes: Partial<OverlaySource> = {}): OverlaySource {
  const anomalyMap = { data: new Float32Array(side * side).fill(0.4), width: side, height: side };
  for (let y = 24; y < 40; y++) anomalyMap.data.fill(1, y * side + 8, y * side + 24);
  const contour: [number, number][] = [
    [32, 48],
    [96, 48],
    [96, 80],
    [32, 80],
  ];
  const region = {
    logNfa: -12.3,
    area: 2048,
    box: { x: 32, y: 48, width: 64, height: 32 },
    centroid: { x: 63.5, y: 63.5 },
    peak: { x: 64, y: 64, score: 1 },
    contour,
    holes: [],
  };
  const frame = {
    data: new Uint8Array(256 * 128 * 3).fill(grey),
    width: 256,
    height: 128,
    channels: 3 as const,
  };
  return { frame, anomalyMap, regions: [region], anomalous: true, logNfa: -12.3, ...changes };
}

async function pixelsOf(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * info.channels).subarray(0, 3),
  ];
  return { ...info, at: at as (x: number, y: number) => [number, number, number] };
}

/** Cyan, on grey and on heat alike. */
const isContour = ([red, green, blue]: [number, number, number]) => green - red > 40 && blue - red > 40;

describe("renderOverlay", () => {
  it("draws contours on the boundary of the region and nowhere else", async () => {
    const { at, width } = await pixelsOf(await renderOverlay(source()));
    const marked: [number, number][] = [];
    for (let y = 0; y < 128; y++) {
      for (let x = 0; x < width; x++) if (isContour(at(x, y))) marked.push([x, y]);
    }
    expect(marked.length).toBeGreaterThan(150);
    const distance = ([x, y]: [number, number]) => {
      const outside = Math.hypot(Math.max(32 - x, 0, x - 95), Math.max(48 - y, 0, y - 79));
      return outside > 0 ? outside : Math.min(x - 32, 95 - x, y - 48, 79 - y);
    };
    expect(Math.max(...marked.map(distance))).toBeLessThan(4);
    for (const [x, y] of [
      [64, 48],
      [64, 79],
      [32, 64],
      [95, 64],
    ] as const) {
      expect(marked.some(([mx, my]) => Math.hypot(mx - x, my - y) < 2)).toBe(true);
    }
  });

  it("draws the boundaries of holes too", async () => {
    const { regions } = source();
    const hole: [number, number][] = [
      [56, 56],
      [56, 72],
      [72, 72],
      [72, 56],
    ];
    const { at } = await pixelsOf(
      await renderOverlay(source({ regions: [{ ...regions[0]!, holes: [hole] }] })),
    );
    expect(isContour(at(56, 64))).toBe(true);
    expect(isContour(at(64, 64))).toBe(false);
  });

  it("shows heat where the map is high and leaves the rest of the image as it is", async () => {
    const { at } = await pixelsOf(await renderOverlay(source()));
    const [red, , blue] = at(64, 64);
    expect(red - blue).toBeGreaterThan(30);
    for (const [x, y] of [
      [200, 64],
      [64, 10],
      [250, 120],
    ] as const) {
      expect(at(x, y)).toEqual([grey, grey, grey]);
    }
  });

  it("keeps the width of the original and puts the verdict below it", async () => {
    const bad = await pixelsOf(await renderOverlay(source()));
    const good = await pixelsOf(await renderOverlay(source({ anomalous: false, regions: [], logNfa: 1.2 })));
    expect(bad).toMatchObject({ width: 256, height: 128 + 24, channels: 3 });
    const [badRed, badGreen] = bad.at(1, 140);
    const [goodRed, goodGreen] = good.at(1, 140);
    expect(badRed).toBeGreaterThan(badGreen);
    expect(goodGreen).toBeGreaterThan(goodRed);
  });

  it("takes grey and RGBA images, one pixel, and originals beyond 4096 pixels", async () => {
    const one = { data: Uint8Array.of(7), width: 1, height: 1, channels: 1 as const };
    expect((await pixelsOf(await renderOverlay(source({ frame: one, regions: [] })))).width).toBe(1);
    const rgba = {
      data: new Uint8Array(40 * 30 * 4).fill(grey),
      width: 40,
      height: 30,
      channels: 4 as const,
    };
    expect((await pixelsOf(await renderOverlay(source({ frame: rgba, regions: [] })))).at(35, 2)).toEqual([
      grey,
      grey,
      grey,
    ]);
    const wide = { data: new Uint8Array(5000 * 50), width: 5000, height: 50, channels: 1 as const };
    const { width, height } = await pixelsOf(await renderOverlay(source({ frame: wide, regions: [] })));
    expect([width, height]).toEqual([4096, 41 + 72]);
  });

  it("gives the same bytes for the same inspection", async () => {
    expect((await renderOverlay(source())).equals(await renderOverlay(source()))).toBe(true);
  });

  it("gives the same bytes on a machine without fonts", async () => {
    const folder = await mkdtemp(join(tmpdir(), "uflow-fonts-"));
    const config = join(folder, "fonts.conf");
    const doctype = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">';
    await writeFile(config, `${doctype}<fontconfig></fontconfig>`);
    try {
      const [usual, without] = [{}, { FONTCONFIG_FILE: config }].map((fonts) =>
        execFileSync(process.execPath, ["--input-type=module", "-e", smallOverlay], {
          env: { ...process.env, ...fonts },
        }),
      );
      expect(usual!.length).toBeGreaterThan(1000);
      expect(without!.equals(usual!)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** For a process of its own: fontconfig reads its settings once. */
const smallOverlay = `
  import { renderOverlay } from "#uflow/picture/overlay.js";
  const frame = { data: new Uint8Array(256 * 16), width: 256, height: 16, channels: 1 };
  const anomalyMap = { data: new Float32Array(1), width: 1, height: 1 };
  process.stdout.write(await renderOverlay({ frame, anomalyMap, regions: [], anomalous: true, logNfa: -3 }));
`;

describe("drawOverlay", () => {
  const inspection = { ...source(), image: { width: 256, height: 128 } };
  const raw = { width: 256, height: 128, channels: 3 as const };

  it("draws what renderOverlay() draws, from the bytes of an image", async () => {
    const png = await sharp(source().frame.data, { raw }).png().toBuffer();
    expect(await drawOverlay(png, inspection)).toEqual(await renderOverlay(source()));
  });

  it("refuses another image than the one that was inspected", async () => {
    const other = { data: new Uint8Array(128 * 128), width: 128, height: 128, channels: 1 as const };
    const error = { code: "ERR_UFLOW_BAD_IMAGE", message: expect.stringContaining("128 × 128") };
    await expect(drawOverlay(other, inspection)).rejects.toMatchObject(error);
  });
});
