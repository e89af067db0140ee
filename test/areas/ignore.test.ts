import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IgnoreOptions, Polygon } from "#uflow/areas/ignore.js";
import { readModel } from "#uflow/bundle/read.js";
import { recalibrate } from "#uflow/calibrate/index.js";
import { evaluate } from "#uflow/evaluate/index.js";
import { type Inspection, Inspector, type InspectorOptions } from "#uflow/inspect/index.js";
import { train } from "#uflow/train/index.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let holed: string;
const at = (name: string) => join(tiny.scratch, name);

/** Around the hole of test/hole/1.png. */
const around: Polygon = [
  [24, 24],
  [44, 24],
  [44, 40],
  [24, 40],
];

const corner: Polygon = [
  [0, 0],
  [9, 0],
  [0, 9],
];

beforeAll(async () => {
  tiny = await tinyModel();
  holed = join(tiny.data, "test", "hole", "1.png");
  const white = { width: 20, height: 16, channels: 3, background: "#fff" } as const;
  await sharp({ create: { width: 64, height: 64, channels: 3, background: "#000" } })
    .composite([{ input: { create: white }, left: 24, top: 24 }])
    .png()
    .toFile(at("ignore.png"));
});

afterAll(() => tiny[Symbol.asyncDispose]());

/** Some pixels of the image are always detected. */
const eager = { epsilon: 1e250 } as const;

const inspected = new Map<string, Promise<Inspection>>();

/** Inspects once with each setting. */
function inspect(options: InspectorOptions, model = tiny.model): Promise<Inspection> {
  const setting = JSON.stringify([model, options]);
  const known = inspected.get(setting) ?? inspectWith(options, model);
  inspected.set(setting, known);
  return known;
}

async function inspectWith(options: InspectorOptions, model: string): Promise<Inspection> {
  await using inspector = await Inspector.open(model, { ...eager, device: "cpu", threads: 1, ...options });
  return await inspector.inspect(holed);
}

const inside = (pixel: number) => {
  const [x, y] = [pixel % 64, Math.floor(pixel / 64)];
  return x >= 24 && x < 44 && y >= 24 && y < 40;
};

describe.each([{}, { nfa: "block" }] as const)("an ignored area, %j", (test) => {
  it("is calm, whatever is in it", async () => {
    const [all, without] = [await inspect(test), await inspect({ ...test, ignore: { polygons: [around] } })];
    const within = <T extends Float32Array | Uint8Array>({ data }: { data: T }) =>
      new Set(data.filter((_, i) => inside(i)));
    expect(within(all.mask).has(1)).toBe(true);
    expect(within(without.mask)).toEqual(new Set([0]));
    expect(within(without.anomalyMap)).toEqual(new Set([0]));
    expect([...within(without.logNfaMap)]).toEqual([
      without.logNfaMap.data.reduce((most, value) => Math.max(most, value), 250),
    ]);
    const detected = without.mask.data.reduce((sum, value) => sum + value, 0);
    expect(without.regions.reduce((sum, { area }) => sum + area, 0)).toBe(detected);
    expect(without.anomalyScore).toBe(Math.max(...without.anomalyMap.data));
    expect(without.logNfa).toBe(Math.min(...without.logNfaMap.data));
  });
});

it("makes no image more anomalous", async () => {
  const [all, without] = [await inspect({}), await inspect({ ignore: { polygons: [around] } })];
  expect(without.logNfa).toBeGreaterThanOrEqual(all.logNfa);
  expect(without.anomalyScore).toBeLessThanOrEqual(all.anomalyScore);
});

it("is the same by a mask as by the polygon around it", async () => {
  const verdict = ({ timings: _, ...rest }: Inspection) => rest;
  const byMask = await inspect({ ignore: { mask: at("ignore.png") } });
  expect(verdict(byMask)).toEqual(verdict(await inspect({ ignore: { polygons: [around] } })));
});

describe("a model that was trained with ignored areas", () => {
  const options = {
    ...{ inputSize: 64, epochs: 2, flowSteps: 1, batchSize: 4, heldOut: 0.5 },
    // So few pixels tell nothing of the correlations of a hundred channels.
    normalization: "standard",
  } as const;

  beforeAll(async () => {
    const ignore = {
      polygons: [
        [
          [0, 0],
          [9, 0],
          [0, 9],
        ] as Polygon,
      ],
      mask: at("ignore.png"),
    };
    await train({ ...options, data: tiny.data, output: at("all.uflow") });
    await train({ ...options, data: tiny.data, output: at("ignoring.uflow"), ignore });
  });

  it("keeps them, has learned the same, and is calibrated by the rest", async () => {
    const [all, ignoring] = [await readModel(at("all.uflow")), await readModel(at("ignoring.uflow"))];
    expect(ignoring.flow).toEqual(all.flow);
    const { ignore } = ignoring.manifest;
    expect(ignore).toEqual({
      polygons: [
        [
          [0, 0],
          [9, 0],
          [0, 9],
        ],
      ],
      mask: true,
    });
    const { scales, logNfa } = ignoring.manifest.calibration!;
    expect(logNfa).not.toEqual(all.manifest.calibration!.logNfa);
    // Zeros would have pulled the scale down.
    scales.forEach(({ scale, dof }, s) => {
      const { scale: of, dof: and } = all.manifest.calibration!.scales[s]!;
      expect(scale * dof).toBeGreaterThan(0.8 * of * and);
    });
  });

  it("applies them, unless it is told otherwise", async () => {
    const model = at("ignoring.uflow");
    const of = async (options: InspectorOptions) => (await inspect(options, model)).logNfaMap;
    const polygons = [
      [
        [0, 0],
        [9, 0],
        [0, 9],
      ] as Polygon,
    ];
    const own = await of({});
    expect(await of({ ignore: { polygons, mask: at("ignore.png") } })).toEqual(own);
    expect(await of({ ignore: null })).not.toEqual(own);
    expect(await of({ ignore: { polygons } })).not.toEqual(own);
  });

  it("is calibrated again by the rest, and promises nothing with others", async () => {
    const good = join(tiny.data, "test", "good");
    const output = at("again.uflow");
    const { calibration } = await recalibrate({ model: at("ignoring.uflow"), good, output });
    await using inspector = await Inspector.open(output, { device: "cpu" });
    const scores = [];
    for (const i of [0, 1, 2]) scores.push((await inspector.inspect(join(good, `${i}.png`))).anomalyScore);
    expect(calibration.anomalyScore).toEqual(scores.toSorted((a, b) => a - b));
    const falseRejects = { oneIn: 2, confidence: 0.8 };
    await expect(Inspector.open(output, { falseRejects, ignore: null })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/areas/),
    });
  });

  it("is evaluated without them where that is wanted, and another model with them", async () => {
    const of = async (model: string, ignore?: IgnoreOptions | null) => {
      const options = { model: at(model), data: tiny.data, epsilon: 1e250, background: "ideal" } as const;
      const { timings: _, model: __, ignore: ___, ...rest } = await evaluate({ ...options, ignore });
      return rest;
    };
    const all = await of("all.uflow");
    expect(await of("ignoring.uflow", null)).toEqual(all);
    const same = { polygons: [corner], mask: at("ignore.png") };
    const ignoring = await of("ignoring.uflow");
    expect(await of("all.uflow", same)).toEqual(ignoring);
    expect(ignoring).not.toEqual(all);
  });

  it("is calibrated with others where that is wanted, which the model then keeps", async () => {
    const good = join(tiny.data, "test", "good");
    const again = (model: string, ignore: IgnoreOptions | null) =>
      recalibrate({ model: at(model), good, output: at("other.uflow"), ignore });
    const same = { polygons: [corner], mask: at("ignore.png") };
    const { calibration, ignore } = await again("all.uflow", same);
    expect(ignore).toEqual({ polygons: [corner], mask: true });
    const { ignoreMask } = await readModel(at("other.uflow"));
    expect(ignoreMask).toEqual((await readModel(at("ignoring.uflow"))).ignoreMask);
    const unchanged = await recalibrate({ model: at("ignoring.uflow"), good, output: at("again.uflow") });
    expect(calibration).toEqual(unchanged.calibration);
    const polygons = await again("ignoring.uflow", { polygons: [corner] });
    expect(polygons.ignore).toEqual({ polygons: [corner], mask: false });
    const none = await again("ignoring.uflow", null);
    expect(none.ignore).toBeUndefined();
    expect(Object.keys(none.entries)).not.toContain("ignore.png");
    await expect(readModel(at("other.uflow"))).resolves.toMatchObject({ manifest: none });
    await expect(again("all.uflow", { mask: at("none.png") })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
    });
  });

  it("does not go together with Chernoff's formula, which finds calm improbable", async () => {
    const refused = { code: "ERR_UFLOW_BAD_OPTION", message: expect.stringMatching(/chernoff/) };
    await expect(Inspector.open(at("ignoring.uflow"), { tail: "chernoff" })).rejects.toMatchObject(refused);
    const again = { model: at("ignoring.uflow"), good: tiny.data, output: at("no.uflow") };
    await expect(recalibrate({ ...again, tail: "chernoff" })).rejects.toMatchObject(refused);
    const all = { ...again, model: at("all.uflow"), ignore: { polygons: [corner] } };
    await expect(recalibrate({ ...all, tail: "chernoff" })).rejects.toMatchObject(refused);
    await using without = await Inspector.open(at("ignoring.uflow"), { tail: "chernoff", ignore: null });
    expect(without.operatingPoint.tail).toBe("chernoff");
  });
});

it.each([
  {},
  {
    polygons: [
      [
        [0, 0],
        [1, 1],
      ],
    ],
  },
  {
    polygons: [
      [
        [0, 0],
        [1, 1],
        [Number.NaN, 1],
      ],
    ],
  },
  {
    polygons: [
      [
        [0, 0],
        [1, 1],
        [Number.POSITIVE_INFINITY, 1],
      ],
    ],
  },
  { polygons: [[[0, 0], [1, 1], [1]]] },
  { polygons: [Array.from({ length: 10_001 }, () => [1, 2])] },
  { polygons: "0,0 1,1 1,0" },
  { mask: "" },
])("refuses what cannot be ignored, number %#", async (hostile) => {
  const refused = { code: "ERR_UFLOW_BAD_OPTION", message: expect.stringContaining("ignore") };
  const ignore = hostile as InspectorOptions["ignore"];
  await expect(Inspector.open(tiny.model, { ignore })).rejects.toMatchObject(refused);
});

it("refuses a mask that is none, or of another size", async () => {
  await expect(Inspector.open(tiny.model, { ignore: { mask: at("none.png") } })).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringMatching(/none\.png/),
  });
  await using inspector = await Inspector.open(tiny.model, { ignore: { mask: at("ignore.png") } });
  const wide = await sharp(holed).resize(80, 64, { fit: "fill" }).png().toBuffer();
  await expect(inspector.inspect(wide)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringMatching(/80 × 64 pixels, and the mask .* 64 × 64/),
  });
});
