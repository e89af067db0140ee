import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "#uflow/bundle/manifest.js";
import { recalibrate } from "#uflow/calibrate/index.js";
import { evaluate } from "#uflow/evaluate/index.js";
import { decodeImage } from "#uflow/image/decode.js";
import { type Inspection, Inspector } from "#uflow/inspect/index.js";
import { train } from "#uflow/train/index.js";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";

/** The same product twice: pictures of 64 × 64, and these inside of larger ones, where the region is. */
let bare: TinyProduct;
let framed: TinyProduct;
const region = { x: 10, y: 6, width: 64, height: 64 };
const border = { left: 10, top: 6, right: 22, bottom: 9 };

const options = { inputSize: 64, epochs: 2, flowSteps: 1, batchSize: 4, heldOut: 0.5, seed: 3 } as const;
const modelOf = ({ scratch }: TinyProduct) => join(scratch, "disc.uflow");

beforeAll(async () => {
  [bare, framed] = [await tinyProduct(), await tinyProduct()];
  for (const name of await readdir(framed.data, { recursive: true })) {
    if (name.endsWith(".png")) await frame(join(framed.data, name), name.includes("mask") ? "#fff" : "#a03");
  }
  await train({ ...options, data: bare.data, output: modelOf(bare) });
  await train({ ...options, data: framed.data, output: modelOf(framed), region });
});

afterAll(async () => {
  await bare[Symbol.asyncDispose]();
  await framed[Symbol.asyncDispose]();
});

async function frame(path: string, background: string): Promise<void> {
  const picture = sharp(await readFile(path)).toColourspace("srgb");
  await picture
    .extend({ ...border, background })
    .png()
    .toFile(path);
}

const hole = ({ data }: TinyProduct) => join(data, "test", "hole", "1.png");

/** The files that were learned from are others. */
const withoutFiles = ({ training, ...manifest }: Manifest) => ({
  ...manifest,
  training: { ...training, learnedFrom: undefined },
});

/** What must be the same whatever surrounds the region. */
const maps = ({ anomalyMap, logNfaMap, mask, logNfa, meanEnergies }: Inspection) =>
  ({ anomalyMap, logNfaMap, mask, logNfa, meanEnergies }) as const;

describe("a model with a region", () => {
  it("learns and is calibrated as if nothing else had been in the pictures", async () => {
    await using plain = await Inspector.open(modelOf(bare));
    await using inspector = await Inspector.open(modelOf(framed));
    const { region: kept, ...manifest } = inspector.manifest;
    expect(kept).toEqual(region);
    expect(withoutFiles(manifest)).toEqual(withoutFiles(plain.manifest));
    expect(manifest.calibration).toBeDefined();
  });

  it("sees nothing else, and tells positions in pixels of the whole image", async () => {
    await using plain = await Inspector.open(modelOf(bare), { epsilon: 1e200 });
    await using inspector = await Inspector.open(modelOf(framed), { epsilon: 1e200 });
    const wanted = await plain.inspect(hole(bare));
    const found = await inspector.inspect(hole(framed));
    expect(maps(found)).toEqual(maps(wanted));
    expect(found.area).toEqual(region);
    expect(found.image).toEqual({ width: 96, height: 79 });
    expect(wanted.area).toEqual({ x: 0, y: 0, width: 64, height: 64 });
    expect(wanted.regions.length).toBeGreaterThan(0);
    const moved = ({ x, y }: { x: number; y: number }) => ({ x: x + region.x, y: y + region.y });
    expect(found.regions).toEqual(
      wanted.regions.map(({ box, centroid, peak, contour, holes, ...numbers }) => ({
        ...numbers,
        box: { ...box, ...moved(box) },
        centroid: moved(centroid),
        peak: { ...peak, ...moved(peak) },
        contour: contour.map(([x, y]) => [x + region.x, y + region.y]),
        holes: holes.map((polygon) => polygon.map(([x, y]) => [x + region.x, y + region.y])),
      })),
    );
  });

  it("is evaluated with masks that are cut the same way", async () => {
    const [of, within] = [
      await evaluate({ model: modelOf(bare), data: bare.data }),
      await evaluate({ model: modelOf(framed), data: framed.data }),
    ];
    const numbers = ({ pixelAuroc, aupro, miou, regionDetection }: typeof of) =>
      ({ pixelAuroc, aupro, miou, regionDetection }) as const;
    expect(numbers(within)).toEqual(numbers(of));
  });

  it("is evaluated with another or with none where that is wanted, and the result says so", async () => {
    const of = await evaluate({ model: modelOf(bare), data: bare.data });
    const within = await evaluate({ model: modelOf(bare), data: framed.data, region });
    const without = await evaluate({ model: modelOf(framed), data: bare.data, region: null });
    const numbers = ({ timings: _, model: __, data: ___, region: ____, ...rest }: typeof of) => rest;
    expect(numbers(within)).toEqual(numbers(of));
    expect(numbers(without)).toEqual(numbers(of));
    expect([of.region, within.region, without.region]).toEqual([undefined, region, null]);
  });

  it("is calibrated again by the same part", async () => {
    const calibrated = async (product: TinyProduct) =>
      await recalibrate({
        model: modelOf(product),
        good: join(product.data, "test", "good"),
        output: join(product.scratch, "again.uflow"),
      });
    expect((await calibrated(framed)).calibration).toEqual((await calibrated(bare)).calibration);
  });

  it("is taken on, or given up, where it is calibrated so, and the promise holds there", async () => {
    const good = ({ data }: TinyProduct) => join(data, "test", "good");
    const again = (from: TinyProduct, on: TinyProduct, other: typeof region | null) =>
      recalibrate({
        model: modelOf(from),
        good: good(on),
        output: join(on.scratch, "other.uflow"),
        region: other,
      });
    const [taken, given] = [await again(bare, framed, region), await again(framed, bare, null)];
    const { region: kept, ...manifest } = taken;
    expect(kept).toEqual(region);
    expect(withoutFiles(manifest)).toEqual(withoutFiles(given));
    const falseRejects = { oneIn: 2, confidence: 0.8 };
    await using inspector = await Inspector.open(join(framed.scratch, "other.uflow"), { falseRejects });
    expect((await inspector.inspect(hole(framed))).area).toEqual(region);
  });

  it("may be opened with another, or with none, but then makes no promise on false rejects", async () => {
    const whole = await sharp(await readFile(hole(framed)))
      .extract({ left: 10, top: 6, width: 64, height: 64 })
      .png()
      .toBuffer();
    await using plain = await Inspector.open(modelOf(framed), { region: null });
    const { area, ...all } = await plain.inspect(whole);
    expect(area).toEqual({ x: 0, y: 0, width: 64, height: 64 });
    await using other = await Inspector.open(modelOf(framed), { region: { ...region, x: 0 } });
    const moved = await sharp(await readFile(hole(framed)))
      .extract({ left: 10, top: 0, width: 86, height: 79 })
      .png()
      .toBuffer();
    expect(maps(await other.inspect(moved))).toEqual(maps(all as Inspection));
    await expect(
      Inspector.open(modelOf(framed), { region: null, falseRejects: { oneIn: 2, confidence: 0.6 } }),
    ).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_OPTION", message: expect.stringMatching(/region/) });
  });

  it("refuses images that do not contain it, and goes on", async () => {
    await using inspector = await Inspector.open(modelOf(framed));
    await expect(inspector.inspect(hole(bare))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(/64 × 64 pixels and does not contain the region of 64 × 64 at 10, 6/),
    });
    expect((await inspector.inspect(await decodeImage(hole(framed)))).area).toEqual(region);
  });

  it("is not learned where an image does not contain it, and the image is named", async () => {
    const training = train({ ...options, data: bare.data, output: join(bare.scratch, "no.uflow"), region });
    await expect(training).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_DATASET",
      message: expect.stringMatching(/0\.png": it has 64 × 64 pixels and does not contain the region/),
    });
  });
});

it.each([
  { x: -1, y: 0, width: 1, height: 1 },
  { x: 0, y: 0, width: 0, height: 1 },
  { x: 0.5, y: 0, width: 1, height: 1 },
  { x: Number.NaN, y: 0, width: 1, height: 1 },
  { x: 0, y: 0, width: Number.POSITIVE_INFINITY, height: 1 },
  { x: 0, y: 0, width: 1 },
  "0,0,1,1",
])("refuses %j as a region", async (hostile) => {
  const refused = { code: "ERR_UFLOW_BAD_OPTION", message: expect.stringContaining("region") };
  const given = hostile as typeof region;
  await expect(Inspector.open(modelOf(framed), { region: given })).rejects.toMatchObject(refused);
  const training = train({ data: bare.data, output: join(bare.scratch, "no.uflow"), region: given });
  await expect(training).rejects.toMatchObject(refused);
  const model = modelOf(framed);
  await expect(evaluate({ model, data: framed.data, region: given })).rejects.toMatchObject(refused);
  const output = join(bare.scratch, "no.uflow");
  await expect(recalibrate({ model, good: bare.data, output, region: given })).rejects.toMatchObject(refused);
});
