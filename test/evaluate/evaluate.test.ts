import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EvaluateProgress, type Evaluation, evaluate } from "#uflow/evaluate/index.js";
import { auspro, saturatedOverlap } from "#uflow/evaluate/metrics/index.js";
import { Inspector } from "#uflow/inspect/index.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { writePng } from "./tiny-product.js";

let product: TinyModel;
let model: string;

beforeAll(async () => {
  product = await tinyModel();
  model = product.model;
});

afterAll(() => product[Symbol.asyncDispose]());

/** A copy of the product, to be damaged. */
async function copyOfProduct(name: string): Promise<string> {
  const copy = join(product.scratch, name);
  await cp(product.data, copy, { recursive: true });
  return copy;
}

describe("the whole evaluation", () => {
  let evaluation: Evaluation;
  let output: string;
  const progress: EvaluateProgress[] = [];

  beforeAll(async () => {
    output = join(product.scratch, "results", "disc");
    evaluation = await evaluate({
      model,
      data: product.data,
      output,
      onProgress: (step) => progress.push(step),
    });
  });

  it("counts images and gives every metric in its range", () => {
    expect(evaluation.images).toEqual({ good: 3, defective: 5 });
    const { imageAuroc, pixelAuroc, aupro, miou, falseAlarms } = evaluation;
    const metrics = [imageAuroc, pixelAuroc, aupro, miou.automatic, miou.oracle];
    for (const metric of metrics) expect(metric).toBeGreaterThanOrEqual(0);
    for (const metric of metrics) expect(metric).toBeLessThanOrEqual(1);
    expect(miou.oracle).toBeGreaterThanOrEqual(miou.automatic!);
    expect(Number.isInteger(miou.oracleLogEpsilon)).toBe(true);
    expect(falseAlarms.goodImagesWithDetection).toBeLessThanOrEqual(3);
    expect(evaluation.mapSize).toBe(64);
    expect(evaluation.operatingPoint).toMatchObject({
      epsilon: 1,
      logEpsilon: 0,
      tail: "exact",
      tests: "by-size",
      background: "ideal",
    });
  });

  it("finds a hole in a disc", () => {
    expect(evaluation.imageAuroc).toBeGreaterThan(0.8);
    expect(evaluation.pixelAuroc).toBeGreaterThan(0.8);
  });

  it("says per kind what was detected", () => {
    expect(evaluation.defects.map(({ kind, images }) => [kind, images])).toEqual([
      ["hole", 3],
      ["stripe", 2],
    ]);
    for (const { images, detected, detectionRate } of evaluation.defects)
      expect(detectionRate).toBe(detected / images);
  });

  it("says how well each kind is told from good images, and which regions are found", () => {
    const [hole, stripe] = evaluation.defects;
    expect(hole!.pixelAuroc).toBe(evaluation.pixelAuroc);
    expect(hole!.miou).toBeGreaterThanOrEqual(0);
    expect(stripe).toMatchObject({ pixelAuroc: null, aupro: null, miou: null });
    expect(stripe!.imageAuroc).toBeGreaterThanOrEqual(0);
    expect(evaluation.regionDetection.regions).toBe(3);
    expect(evaluation.fairThreshold!.score).toBeGreaterThan(0);
    expect(evaluation.precision).toMatchObject({ exact: true, bounds: { pixelAuroc: 0 } });
    expect(evaluation.falseAlarms.atEpsilon).toHaveLength(4);
    expect(evaluation).not.toHaveProperty("curves");
  });

  it("says that images without a mask count less", () => {
    expect(evaluation.notes).toEqual([
      '2 images of "stripe" without a mask: counted for image AUROC and detection rate only',
    ]);
    expect(evaluation).toMatchObject({ complete: true, errors: [] });
  });

  it("measures the time of every phase", () => {
    const { total, ...phases } = evaluation.timings;
    for (const time of Object.values(phases)) expect(time).toBeGreaterThan(0);
    expect(total).toBeGreaterThan(phases.network);
  });

  it("tells how far it is", () => {
    expect(progress.map(({ phase, done, total }) => `${phase} ${done}/${total}`)).toEqual([
      ...Array.from({ length: 8 }, (_, i) => `images ${i + 1}/8`),
      "metrics 8/8",
    ]);
  });

  it("writes a report", async () => {
    expect((await readdir(output)).sort()).toEqual([
      "contact-sheet.png",
      "evaluation.json",
      "images.csv",
      "regions.csv",
      "report.html",
    ]);
    expect(JSON.parse(await readFile(join(output, "evaluation.json"), "utf8"))).toEqual(evaluation);
    const lines = (await readFile(join(output, "images.csv"), "utf8")).trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + 8);
    expect(new Set(lines.map((line) => line.split(",").length))).toEqual(new Set([12]));
    const regions = (await readFile(join(output, "regions.csv"), "utf8")).trimEnd().split("\r\n");
    expect(regions).toHaveLength(1 + 3);
  });
});

it("gives the same numbers again, with curves if they are asked for", async () => {
  const first = await evaluate({ model, data: product.data });
  const { curves, ...second } = await evaluate({ model, data: product.data, curves: true });
  expect({ ...first, timings: null }).toEqual({ ...second, timings: null });
  const { goodLogNfa, ...lines } = curves!;
  for (const [name, line] of Object.entries(lines)) {
    if (name === "spro") expect(line).toBeNull();
    else expect(line).not.toBeNull();
  }
  expect(goodLogNfa).toHaveLength(3);
  expect(goodLogNfa).toEqual([...goodLogNfa].sort((a, b) => a - b));
});

it("knows no metric of pixels where nothing is marked, without masks and without defects", async () => {
  const data = await copyOfProduct("unmarked");
  await rm(join(data, "ground_truth"), { recursive: true });
  const output = join(product.scratch, "unmarked-results");
  const unknown = {
    ...{ pixelAuroc: null, pixelAveragePrecision: null, aupro: null, pixelF1Max: null },
    miou: { automatic: null, oracle: null, oracleLogEpsilon: null },
    regionDetection: { regions: 0, rate: null },
  };
  const unmarked = await evaluate({ model, data, output, curves: true });
  expect(unmarked).toMatchObject({ ...unknown, curves: { miou: null }, fairThreshold: { miou: null } });
  expect(unmarked.imageAuroc).toBeGreaterThan(0);
  expect(unmarked.notes).toContain("No defect is marked in any mask: metrics of pixels and mIoU are unknown");
  expect(await readFile(join(output, "report.html"), "utf8")).toContain("no marked defects");
  for (const kind of ["hole", "stripe"]) await rm(join(data, "test", kind), { recursive: true });
  const onlyGood = await evaluate({ model, data });
  expect(onlyGood).toMatchObject({ ...unknown, imageAuroc: null, fairThreshold: { miou: null } });
  expect(onlyGood.notes).toEqual(["There are no defective test images: only false alarms can be measured"]);
});

describe("MVTec LOCO", () => {
  let data: string;
  /** Of each defective image: its number, and its regions at the size of the maps with the pixels that are enough. */
  const marked = { logical_anomalies: [0, 1], structural_anomalies: [2] };
  const regionsOf = (i: number) => [
    { mask: square(24 + 4 * i, 26, 12), grey: 255, saturation: 36 },
    { mask: square(26 + 4 * i, 40, 5), grey: 254, saturation: 10 },
  ];

  beforeAll(async () => {
    data = join(product.scratch, "loco");
    for (const part of ["train/good", "test/good"])
      await cp(join(product.data, part), join(data, part), { recursive: true });
    for (const [kind, numbers] of Object.entries(marked)) {
      await mkdir(join(data, "test", kind), { recursive: true });
      for (const i of numbers) {
        const image = join(product.data, "test", "hole", `${i}.png`);
        await cp(image, join(data, "test", kind, `${i}.png`));
        for (const [n, { mask, grey }] of regionsOf(i).entries())
          await writePng(
            join(data, "ground_truth", kind, `${i}`, `00${n}.png`),
            mask.map((inside) => inside * grey),
          );
      }
    }
    const entry = (pixel_value: number, saturation_threshold: number, relative_saturation: boolean) => ({
      ...{ defect_name: "part", pixel_value, saturation_threshold, relative_saturation },
    });
    const config = [entry(255, 0.25, true), entry(254, 10, false)];
    await writeFile(join(data, "defects_config.json"), JSON.stringify(config));
  });

  it("has the saturated overlap of its own regions, per kind and as a mean, in all that is written", async () => {
    const output = join(product.scratch, "loco-results");
    const evaluation = await evaluate({ model, data, output });
    await using inspector = await Inspector.open(model);
    const of = async (kind: string, numbers: readonly number[], saturated = true) =>
      await Promise.all(
        numbers.map(async (i) => {
          const { anomalyMap, mask } = await inspector.inspect(join(data, "test", kind, `${i}.png`));
          const size = { width: 64, height: 64 };
          const regions = regionsOf(i).map((region) => ({ ...region, mask: { data: region.mask, ...size } }));
          return { map: anomalyMap, mask, regions: saturated ? regions : [] };
        }),
      );
    const good = await of("good", [0, 1, 2], false);
    const kinds = {
      logical: await of("logical_anomalies", [0, 1]),
      structural: await of("structural_anomalies", [2]),
    };
    const area = (images: typeof good, limit: number) =>
      auspro(
        [...good, ...images].map(({ map }) => map),
        [...good, ...images].map(({ regions }) => regions),
        { limit },
      )!;
    const all = [...kinds.logical, ...kinds.structural];
    expect(evaluation.auspro).toBeCloseTo(area(all, 0.3), 12);
    expect(evaluation.auspro005).toBeCloseTo(area(all, 0.05), 12);
    expect(evaluation.auspro005).toBeGreaterThan(evaluation.aupro005!);
    const each = [area(kinds.logical, 0.05), area(kinds.structural, 0.05)];
    evaluation.defects.forEach(({ auspro005 }, i) => {
      expect(auspro005).toBeCloseTo(each[i]!, 12);
    });
    expect(evaluation.meanOfKinds.auspro005).toBeCloseTo((each[0]! + each[1]!) / 2, 12);
    const [first, second] = evaluation.defects.map(({ imageAuroc }) => imageAuroc!);
    expect(evaluation.meanOfKinds.imageAuroc).toBeCloseTo((first! + second!) / 2, 12);

    expect(JSON.parse(await readFile(join(output, "evaluation.json"), "utf8"))).toEqual(evaluation);
    const page = await readFile(join(output, "report.html"), "utf8");
    expect(page).toContain(`mean of the kinds: ${evaluation.meanOfKinds.auspro005!.toFixed(3)}`);
    const lines = (await readFile(join(output, "images.csv"), "utf8")).trimEnd().split("\r\n");
    const column = lines[0]!.split(",").indexOf("spro");
    const spros = lines.slice(1).map((line) => line.split(",")[column]);
    expect(spros.slice(0, 3)).toEqual(["", "", ""]);
    spros.slice(3).forEach((spro, i) => {
      expect(Number(spro)).toBeCloseTo(saturatedOverlap(all[i]!.mask, all[i]!.regions)!, 6);
    });
  });

  it("tells of regions of which the maps have nothing left", async () => {
    const lost = new Uint8Array(64 * 64);
    lost[0] = 255;
    const path = join(data, "ground_truth", "structural_anomalies", "2", "002.png");
    await writePng(path, lost);
    const { notes } = await evaluate({ model, data, mapSize: 32 });
    await rm(path);
    expect(notes).toEqual([expect.stringMatching(/^1 marked region without a pixel at this map size/)]);
  });

  it("is not computed where nothing says where regions saturate, nor where a grey is unknown", async () => {
    const config = join(data, "defects_config.json");
    const kept = await readFile(config);
    await writeFile(config, "[]");
    const { errors } = await evaluate({ model, data });
    expect(errors.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/its grey, 25., saturates/),
    );
    await rm(config);
    const { auspro005, aupro005, meanOfKinds, complete } = await evaluate({ model, data });
    await writeFile(config, kept);
    expect([auspro005, meanOfKinds.auspro005, complete]).toEqual([null, null, true]);
    expect(aupro005).toBeGreaterThan(0);
  });
});

/** 1 in a square of the pictures. */
function square(x: number, y: number, side: number): Uint8Array {
  const pixels = new Uint8Array(64 * 64);
  for (let i = 0; i < side * side; i++) pixels[(y + Math.floor(i / side)) * 64 + x + (i % side)] = 1;
  return pixels;
}

it("uses the operating point and the map size that it is given", async () => {
  const options = {
    model,
    data: product.data,
    mapSize: 32,
    tail: "chernoff",
    tests: "all",
    epsilon: 1e9,
  } as const;
  const { mapSize, operatingPoint } = await evaluate(options);
  expect(mapSize).toBe(32);
  expect(operatingPoint).toMatchObject({ tail: "chernoff", tests: "all", epsilon: 1e9, logEpsilon: 9 });
});

it("goes on without what cannot be read, and says so", async () => {
  const data = await copyOfProduct("damaged");
  const broken = join(data, "test", "hole", "1.png");
  const brokenMask = join(data, "ground_truth", "hole", "2_mask.png");
  await writeFile(broken, (await readFile(broken)).subarray(0, 300));
  await writeFile(brokenMask, "no mask");
  const output = join(product.scratch, "damaged-results");
  const evaluation = await evaluate({ model, data, output });
  expect(evaluation.complete).toBe(false);
  expect(evaluation.images).toEqual({ good: 3, defective: 3 });
  expect(evaluation.errors.map(({ image, code }) => [image, code])).toEqual([
    [broken, "ERR_UFLOW_BAD_IMAGE"],
    [join(data, "test", "hole", "2.png"), "ERR_UFLOW_BAD_IMAGE"],
  ]);
  expect(evaluation.notes[0]).toContain("2 images could not be read");
  expect((await readFile(join(output, "images.csv"), "utf8")).trimEnd().split("\r\n")).toHaveLength(1 + 8);
});

it("leaves metrics open that the images do not define", async () => {
  const data = await copyOfProduct("only-good");
  for (const kind of ["hole", "stripe"]) await rm(join(data, "test", kind), { recursive: true });
  const evaluation = await evaluate({ model, data });
  expect(evaluation).toMatchObject({ imageAuroc: null, pixelAuroc: null, aupro: null, defects: [] });
  expect(evaluation.falseAlarms.perGoodImage).toBeGreaterThanOrEqual(0);
  expect(evaluation.notes).toEqual(["There are no defective test images: only false alarms can be measured"]);
});

it("says which test images the model learned from, whatever they are called", async () => {
  const data = await copyOfProduct("known");
  const learned = join(data, "train", "good");
  for (const name of ["2", "5"]) {
    await cp(join(learned, `${name}.png`), join(data, "test", "good", `again-${name}.png`));
  }
  const { notes } = await evaluate({ model, data });
  const first = join(data, "test", "good", "again-2.png");
  expect(notes).toContainEqual(expect.stringContaining(`learned from 2 images of these, as from "${first}"`));
});

it("refuses a folder without test images, saying what was expected", async () => {
  const data = await copyOfProduct("untested");
  await rm(join(data, "test"), { recursive: true });
  await expect(evaluate({ model, data })).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_DATASET",
    message: expect.stringContaining(join(data, "test", "good")),
  });
});

it("refuses test images of which none can be read", async () => {
  const data = join(product.scratch, "unreadable");
  await mkdir(join(data, "test", "good"), { recursive: true });
  await writeFile(join(data, "test", "good", "0.png"), "no image");
  await expect(evaluate({ model, data })).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_DATASET" });
});

it("refuses wrong options all at once, and a report where none can be written", async () => {
  const wrong = { model, data: product.data, epsilon: -1, mapSize: 31, colour: "red" };
  await expect(evaluate(wrong)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/epsilon.*mapSize.*colour|colour.*epsilon.*mapSize/),
  });
  const output = join(model, "below-a-file");
  await expect(evaluate({ model, data: product.data, output })).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
  });
});

it.each(["images", "metrics"] as const)("stops in the middle of the %s and writes nothing", async (phase) => {
  const controller = new AbortController();
  const output = join(product.scratch, `cancelled-${phase}`);
  const onProgress = (progress: EvaluateProgress) => {
    if (progress.phase === phase) controller.abort();
  };
  await expect(
    evaluate({ model, data: product.data, output, signal: controller.signal, onProgress }),
  ).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
  await expect(readdir(output)).rejects.toMatchObject({ code: "ENOENT" });
});

it("passes on what onProgress throws", async () => {
  const onProgress = () => {
    throw new RangeError("stop here");
  };
  await expect(evaluate({ model, data: product.data, onProgress })).rejects.toThrow("stop here");
});
