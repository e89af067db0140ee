import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Calibration } from "#uflow/a-contrario/calibration.js";
import { backboneOf } from "#uflow/backbone/index.js";
import { readModel } from "#uflow/bundle/read.js";
import { rewriteModel, writeModel } from "#uflow/bundle/write.js";
import { UflowError } from "#uflow/error.js";
import { decodeImage } from "#uflow/image/decode.js";
import { Preprocessor } from "#uflow/image/preprocess.js";
import {
  type Comparison,
  type Findings,
  type Inspection,
  Inspector,
  type InspectorOptions,
} from "#uflow/inspect/index.js";
import type { BatchRequest } from "#uflow/inspect/lane-worker.js";
import { MapMemory } from "#uflow/inspect/map-memory.js";
import * as kernels from "#uflow/kernels/index.js";
import { Session } from "#uflow/onnx/session.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let inspector: Inspector;
let good: string;
let holed: string;

beforeAll(async () => {
  tiny = await tinyModel();
  good = join(tiny.data, "test", "good", "0.png");
  holed = join(tiny.data, "test", "hole", "1.png");
  inspector = await Inspector.open(tiny.model);
});

afterAll(async () => {
  await inspector.close();
  await tiny[Symbol.asyncDispose]();
});

/** A verdict without what differs from run to run, and from file to file. */
const verdict = ({ timings: _, model: __, ...rest }: Inspection) => rest;

async function inspectOnce(image: string, options: InspectorOptions): Promise<Inspection> {
  await using opened = await Inspector.open(tiny.model, options);
  return await opened.inspect(image);
}

describe("an inspection", () => {
  it("has maps of the model's size, numbers in their ranges, and times", async () => {
    const { anomalyMap, logNfaMap, mask, timings, ...numbers } = await inspector.inspect(holed);
    expect(inspector.manifest.mapSize).toBe(64);
    for (const map of [anomalyMap, logNfaMap, mask]) {
      expect([map.width, map.height, map.data.length]).toEqual([64, 64, 64 * 64]);
    }
    expect(anomalyMap.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(numbers.anomalyScore).toBe(Math.max(...anomalyMap.data));
    expect(numbers.logNfa).toBe(Math.min(...logNfaMap.data));
    expect(numbers.anomalous).toBe(numbers.regions.length > 0);
    expect(numbers.image).toEqual({ width: 64, height: 64 });
    expect(Object.keys(timings)).toEqual(["wait", "decode", "preprocess", "network", "segment", "total"]);
    for (const time of Object.values(timings)) expect(time).toBeGreaterThanOrEqual(0);
  });

  it("is the same of a path, of bytes and of pixels, and leaves what it was given alone", async () => {
    const bytes = await readFile(holed);
    const pixels = await decodeImage(holed);
    const [ofPath, ofBytes, ofPixels] = [
      await inspector.inspect(holed),
      await inspector.inspect(bytes),
      await inspector.inspect(pixels),
    ];
    expect(verdict(ofBytes)).toEqual(verdict(ofPath));
    expect(verdict(ofPixels)).toEqual(verdict(ofPath));
    expect(bytes).toEqual(await readFile(holed));
    expect(pixels).toEqual(await decodeImage(holed));
  });

  it("takes grey, RGB and RGBA pixels of the same picture for the same", async () => {
    const grey = await decodeImage(await sharp(holed).toColourspace("b-w").png().toBuffer());
    expect(grey.channels).toBe(1);
    const spread = (channels: 3 | 4) => ({
      ...grey,
      channels,
      data: Uint8Array.from({ length: 64 * 64 * channels }, (_, i) =>
        i % channels === 3 ? 17 : grey.data[Math.floor(i / channels)]!,
      ),
    });
    const wanted = verdict(await inspector.inspect(grey));
    expect(verdict(await inspector.inspect(spread(3)))).toEqual(wanted);
    expect(verdict(await inspector.inspect(spread(4)))).toEqual(wanted);
  });

  it("gives regions in pixels of the original, whatever its sides", async () => {
    const wide = await sharp(holed).resize(192, 128, { fit: "fill" }).png().toBuffer();
    const { logNfa } = await inspector.inspect(wide);
    await using eager = await Inspector.open(tiny.model, { epsilon: 10 ** (logNfa + 1) });
    const { regions, logNfaMap, anomalyMap, image } = await eager.inspect(wide);
    expect(image).toEqual({ width: 192, height: 128 });
    const onMap = kernels.regions(logNfaMap, { logEpsilon: logNfa + 1, score: anomalyMap });
    expect(regions.length).toBeGreaterThan(0);
    expect(regions.map(({ box }) => box)).toEqual(
      onMap.map(({ box }) => ({
        x: 3 * box.x,
        y: 2 * box.y,
        width: 3 * box.width,
        height: 2 * box.height,
      })),
    );
    expect(regions.map(({ area }) => area)).toEqual(onMap.map(({ area }) => 6 * area));
    const scaled = (polygon: kernels.Region["contour"]) => polygon.map(([x, y]) => [3 * x, 2 * y]);
    expect(regions.map(({ contour }) => contour)).toEqual(onMap.map(({ contour }) => scaled(contour)));
    expect(regions.map(({ holes }) => holes)).toEqual(onMap.map(({ holes }) => holes.map(scaled)));
    for (const { box, centroid, peak } of regions) {
      for (const { x, y } of [centroid, peak]) {
        expect(x).toBeGreaterThanOrEqual(box.x);
        expect(x).toBeLessThanOrEqual(box.x + box.width);
        expect(y).toBeGreaterThanOrEqual(box.y);
        expect(y).toBeLessThanOrEqual(box.y + box.height);
      }
    }
  });
});

describe("the operating point", () => {
  it("detects more the more false alarms are allowed, and nothing else changes", async () => {
    const first = await inspector.inspect(holed);
    const levels = first.logNfaMap.data.toSorted();
    const quantile = (share: number) => levels[Math.floor(share * (levels.length - 1))]!;
    let before = first.mask.data.map(() => 0);
    for (const share of [0, 0.1, 0.9]) {
      const epsilon = 10 ** (quantile(share) + 1e-3);
      const { mask, regions, anomalous, ...rest } = await inspectOnce(holed, { epsilon });
      const detected = mask.data.reduce((sum, value) => sum + value, 0);
      expect(mask.data.every((value, i) => value >= before[i]!)).toBe(true);
      expect(detected).toBeGreaterThan(0);
      expect(regions.reduce((sum, { area }) => sum + area, 0)).toBe(detected);
      expect(anomalous).toBe(true);
      expect({ logNfa: rest.logNfa, map: rest.logNfaMap }).toEqual({
        logNfa: first.logNfa,
        map: first.logNfaMap,
      });
      before = mask.data;
    }
    const none = await inspectOnce(holed, { epsilon: 10 ** (quantile(0) - 1e-3) });
    expect(none).toMatchObject({ anomalous: false, regions: [] });
    expect(none.mask.data.includes(1)).toBe(false);
  });

  it.each([
    { tail: "exact", tests: "per-scale" },
    { tail: "exact", tests: "all" },
    { tail: "chernoff", tests: "per-scale" },
    { tail: "chernoff", tests: "all" },
  ] as const)("reaches the kernel: %j", async (point) => {
    const to = { width: 48, height: 48, ...point };
    const { logNfaMap, anomalyMap } = await inspectOnce(holed, { ...point, mapSize: 48, device: "cpu" });
    const energies = await energiesOf(holed);
    expect(logNfaMap).toEqual(kernels.nfaTreeMap(energies, to));
    expect(anomalyMap).toEqual(kernels.anomalyMap(energies, to));
  });

  it("tests the joint energy by size, also where nothing was fitted", async () => {
    const { logNfaMap, logNfa } = await inspectOnce(holed, { mapSize: 48, device: "cpu" });
    const options = { width: 48, height: 48, tail: "exact", tests: "by-size", joint: {} } as const;
    const expected = new kernels.Segmenter().segment(await energiesOf(holed), options);
    expect({ logNfaMap, logNfa }).toEqual({ logNfaMap: expected.logNfaMap, logNfa: expected.logNfa });
  });

  it("gives another map for another rule", async () => {
    const exact = await inspectOnce(holed, {});
    const chernoff = await inspectOnce(holed, { tail: "chernoff" });
    const all = await inspectOnce(holed, { tests: "all" });
    expect(chernoff.logNfaMap).not.toEqual(exact.logNfaMap);
    expect(all.logNfaMap).not.toEqual(exact.logNfaMap);
    expect(all.anomalyMap).toEqual(exact.anomalyMap);
  });
});

describe("a calibrated model", () => {
  const scales = [
    { scale: 0.5, dof: 9, area: 2 },
    { scale: 0.75, dof: 20, area: 2 },
    { scale: 2, dof: 30.5, area: 2 },
  ];
  const joint = { scale: 1.25, dof: 1.5, area: 3 };
  const statistics = Array.from({ length: 100 }, (_, i) => i - 50);
  const calibration: Calibration = {
    version: 1,
    images: 100,
    scales,
    joint,
    test: { tests: "by-size", tail: "exact", mapSize: 64 },
    logNfa: statistics,
    anomalyScore: statistics,
  };
  let path: string;

  beforeAll(async () => {
    path = join(tiny.scratch, "calibrated.uflow");
    await rewriteModel(tiny.model, path, (manifest) => ({ ...manifest, calibration }));
  });

  it("tests energies against its own background, and leaves the anomaly map as it is", async () => {
    await using opened = await Inspector.open(path, { device: "cpu" });
    expect(opened.operatingPoint).toMatchObject({ background: "calibrated", logEpsilon: 0 });
    const { logNfaMap, anomalyMap } = await opened.inspect(holed);
    const energies = await energiesOf(holed);
    const to = { width: 64, height: 64, tests: "by-size" } as const;
    const fitted = energies.map((energy, s) => ({ ...energy, ...scales[s]! }));
    expect(logNfaMap).toEqual(kernels.nfaTreeMap([{ ...kernels.jointEnergy(fitted), ...joint }], to));
    expect(logNfaMap).not.toEqual(kernels.nfaTreeMap(energies, to));
    expect(anomalyMap).toEqual(kernels.anomalyMap(energies, to));
  });

  it.each([
    ["the minimum", {}],
    ["the soft minimum", { soft: true }],
  ])("is tested by %s of the scales where its file says so", async (_, how) => {
    const file = join(tiny.scratch, `joint-${Object.keys(how).join()}.uflow`);
    await rewriteModel(tiny.model, file, (manifest) => ({
      ...manifest,
      calibration: { ...calibration, version: 3, joint: { ...joint, ...how } },
    }));
    await using opened = await Inspector.open(file, { device: "cpu" });
    const { logNfaMap } = await opened.inspect(holed);
    const fitted = (await energiesOf(holed)).map((energy, s) => ({ ...energy, ...scales[s]! }));
    const to = { width: 64, height: 64, tests: "by-size" } as const;
    expect(logNfaMap).toEqual(kernels.nfaTreeMap([{ ...kernels.jointEnergy(fitted, how), ...joint }], to));
  });

  it("is as if it were not where the ideal background is asked for", async () => {
    await using opened = await Inspector.open(path, { background: "ideal" });
    expect(verdict(await opened.inspect(holed))).toEqual(verdict(await inspector.inspect(holed)));
  });

  it("rejects by the threshold that its good images vouch for", async () => {
    await using opened = await Inspector.open(path, { falseRejects: { oneIn: 20 } });
    expect(opened.operatingPoint).toMatchObject({ logEpsilon: -49, falseRejects: { rejected: 1 } });
    const { logNfa, logNfaMap, anomalous, mask } = await opened.inspect(holed);
    expect(anomalous).toBe(logNfa < -49);
    expect(mask.data).toEqual(Uint8Array.from(logNfaMap.data, (value) => (value < -49 ? 1 : 0)));
  });

  it("promises no more than it can", async () => {
    await expect(Inspector.open(path, { falseRejects: { oneIn: 1000 } })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/needs 2995 good images/),
    });
    const refused = { code: "ERR_UFLOW_BAD_OPTION", message: expect.stringMatching(/has none/) };
    await expect(Inspector.open(tiny.model, { background: "calibrated" })).rejects.toMatchObject(refused);
  });

  it("and one that is not can be open together, each at its own point", async () => {
    const opened = await Inspector.openAll([path, tiny.model]);
    const backgrounds = opened.map(({ operatingPoint }) => operatingPoint.background);
    expect(backgrounds).toEqual(["calibrated", "ideal"]);
    const [calibrated, plain] = await Promise.all(opened.map((each) => each.inspect(holed)));
    expect(verdict(plain!)).toEqual(verdict(await inspector.inspect(holed)));
    expect(calibrated!.logNfaMap).not.toEqual(plain!.logNfaMap);
    await Promise.all(opened.map((each) => each.close()));
  });
});

/** The first two phases, step by step. */
async function energiesOf(image: string): Promise<kernels.Energy[]> {
  const { manifest, backbone, flow } = await readModel(tiny.model);
  const { inputSize, latents } = manifest;
  const data = new Preprocessor().picture(await decodeImage(image), {
    width: inputSize,
    height: inputSize,
    ...backboneOf("mobile").preprocessing,
  });
  const cpu = { device: "cpu", threads: 0 } as const;
  const [first, second] = [await Session.create(backbone, cpu), await Session.create(flow, cpu)];
  const features = await first.run({ image: { data, dims: [1, 3, inputSize, inputSize] } });
  const energies = await second.run(features);
  await Promise.all([first.close(), second.close()]);
  return latents.map((latent, scale) => ({ ...latent, data: energies[`energy_${scale}`]!.data }));
}

describe("the maps of a verdict", () => {
  /** A verdict without maps, and which of them it has. */
  function apart({ anomalyMap, logNfaMap, mask, timings: _, ...rest }: Findings) {
    return { rest, has: [anomalyMap, logNfaMap, mask].map((map) => map !== undefined) };
  }

  it.each([
    ["all", [true, true, true], [true, true, true]],
    ["anomalous", [false, false, false], [true, true, true]],
    ["none", [false, false, false], [false, false, false]],
  ] as const)("are those that are wanted: %s", async (maps, ofGood, ofAnomalous) => {
    // Of two images the one that is more significant is to be anomalous.
    const [one, other] = [await inspector.inspect(good), await inspector.inspect(holed)];
    expect(other.logNfa).toBeLessThan(one.logNfa);
    await using opened = await Inspector.open(tiny.model, {
      epsilon: 10 ** ((one.logNfa + other.logNfa) / 2),
    });
    for (const [image, has] of [
      [good, ofGood],
      [holed, ofAnomalous],
    ] as const) {
      const whole = await opened.inspect(image);
      expect(whole.anomalous).toBe(image === holed);
      expect(apart(await opened.inspect(image, { maps }))).toEqual({ ...apart(whole), has });
    }
  });

  it("stay what they are when later images want none, whatever their sizes", async () => {
    const tall = await sharp(holed).resize(64, 192, { fit: "fill" }).png().toBuffer();
    await using opened = await Inspector.open(tiny.model, { ignore: null });
    const wanted = [await opened.inspect(holed), await opened.inspect(good)].map(verdict);
    const results: Inspection[] = [];
    for (let i = 0; i < 6; i++) {
      await opened.inspect(i % 2 === 0 ? good : tall, { maps: "none" });
      results.push(await opened.inspect(i % 2 === 0 ? holed : good));
      await opened.inspect(tall, { maps: "anomalous" });
    }
    expect(results.map(verdict)).toEqual([0, 1, 0, 1, 0, 1].map((i) => wanted[i]));
  });

  it("are the same in memory of others that were released, whatever their sizes", async () => {
    const tall = await sharp(holed).resize(64, 192, { fit: "fill" }).png().toBuffer();
    await using opened = await Inspector.open(tiny.model, { lanes: 2 });
    const images = [good, holed, tall];
    const wanted = [];
    for (const image of images) wanted.push(verdict(await opened.inspect(image)));
    const frames = Array.from({ length: 60 }, (_, i) => images[i % 3]!);
    let i = 0;
    for await (const { frame, ...outcome } of opened.stream(frames)) {
      expect(verdict(outcome as Inspection)).toEqual(wanted[frame % 3]);
      // Some are kept, and some given back twice.
      if (i++ % 5 > 0) opened.release(outcome);
      if (i % 5 > 2) opened.release(outcome);
    }
    expect(i).toBe(60);
  });

  it("that were released go to a lane with the next image that wants some", async () => {
    await using opened = await Inspector.open(tiny.model);
    const first = await opened.inspect(good);
    const anomalyMap = first.anomalyMap.data.slice();
    const sent = vi.spyOn(Worker.prototype, "postMessage");
    const spares = () => sent.mock.calls.map(([request]) => (request as BatchRequest).spares);
    const views = [first.anomalyMap, first.logNfaMap, first.mask].map(({ data }) => data);
    opened.release(first);
    expect(views.map(({ length }) => length)).toEqual([0, 0, 0]);
    await opened.inspect(good, { maps: "none" });
    const next = await opened.inspect(good);
    await opened.inspect(good);
    expect(spares().map(({ length }) => length)).toEqual([0, 1, 0]);
    expect(next.anomalyMap.data).toEqual(anomalyMap);
    sent.mockRestore();
  });

  it("that were released are kept no longer than their inspector is open", async () => {
    const opened = await Inspector.open(tiny.model);
    const [early, late] = [await opened.inspect(good), await opened.inspect(good)];
    opened.release(early);
    const closed = vi.spyOn(MapMemory.prototype, "close");
    await opened.close();
    opened.release(late);
    expect(closed.mock.contexts.map((memory) => (memory as MapMemory).take(9))).toEqual([[]]);
    closed.mockRestore();
  });

  it("are released of outcomes only", async () => {
    for (const wrong of [undefined, null, 3, {}, { verdict: "perhaps" }]) {
      expect(() => inspector.release(wrong as never)).toThrow(
        expect.objectContaining({ code: "ERR_UFLOW_BAD_OPTION", message: expect.stringMatching(/outcome/) }),
      );
    }
  });

  it("are left out of a stream, and of a comparison with a candidate", async () => {
    const comparisons: Comparison[] = [];
    await using opened = await Inspector.open(tiny.model);
    await using shadow = await opened.shadow(tiny.model, { onComparison: (each) => comparisons.push(each) });
    for await (const outcome of opened.stream([good, holed], { maps: "none", ahead: 1 })) {
      expect(outcome.verdict).not.toBe("undecided");
      expect(outcome).not.toHaveProperty("anomalyMap");
    }
    await shadow.close();
    expect(shadow.stats.compared).toBeGreaterThan(0);
    for (const { live, candidate } of comparisons) {
      expect(apart(live).has).toEqual([false, false, false]);
      expect(apart(candidate).has).toEqual([false, false, false]);
      expect(candidate.logNfa).toBe(live.logNfa);
    }
  });

  it("of an unknown kind are refused", async () => {
    await expect(inspector.inspect(good, { maps: "some" as "all" })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/maps/),
    });
  });
});

describe("many inspections", () => {
  it("use the memory of pictures again, of images of any size, and none sees another's", async () => {
    const part = await decodeImage(good);
    const whole = await decodeImage(holed);
    const half = { ...whole, height: whole.height / 2, data: whole.data.slice(0, whole.data.length / 2) };
    const wanted = [];
    for (const image of [part, whole, half]) {
      await using fresh = await Inspector.open(tiny.model);
      wanted.push(verdict(await fresh.inspect(image)));
    }
    const images = Array.from({ length: 12 }, (_, i) => i % 3);
    const together = await Promise.all(images.map((i) => inspector.inspect([part, whole, half][i]!)));
    expect(together.map(verdict)).toEqual(images.map((i) => wanted[i]));
  });

  it("are answered in order, each with its own result", async () => {
    const images = [good, holed, join(tiny.data, "test", "stripe", "0.png"), holed, good];
    const alone = [];
    for (const image of images) alone.push(verdict(await inspector.inspect(image)));
    const order: number[] = [];
    const together = await Promise.all(
      images.map(async (image, i) => {
        const inspection = await inspector.inspect(image);
        order.push(i);
        return verdict(inspection);
      }),
    );
    expect(together).toEqual(alone);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it("leave the event loop free", async () => {
    await using large = await Inspector.open(tiny.model, { mapSize: 1024 });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await Promise.all(Array.from({ length: 10 }, () => large.inspect(holed)));
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(10);
  });

  it("go on after one that cannot be read", async () => {
    const wanted = verdict(await inspector.inspect(holed));
    const [broken, next] = await Promise.allSettled([
      inspector.inspect((await readFile(holed)).subarray(0, 200)),
      inspector.inspect(holed),
    ]);
    expect(broken).toMatchObject({ status: "rejected", reason: { code: "ERR_UFLOW_BAD_IMAGE" } });
    expect(next.status === "fulfilled" && verdict(next.value)).toEqual(wanted);
  });
});

/** What is no image, and what the error must say. */
const noImages: [name: string, image: unknown, message: RegExp][] = [
  ["nothing", undefined, /undefined/],
  ["null", null, /expected a path/],
  ["a number", 5, /number/],
  ["a path to nowhere", "/nowhere/at/all.png", /nowhere.*no such file/],
  ["no bytes", new Uint8Array(0), /empty/],
  ["a description that cannot be sent to a thread", { data: () => 0 }, /cannot be sent/],
  ["no sides", { data: new Uint8Array(3) }, /width and height/],
  ["too few bytes", { data: new Uint8Array(3), width: 2, height: 2, channels: 3 }, /is 12 bytes.* has 3/],
  [
    "too many pixels",
    { data: new Uint8Array(3), width: 1e5, height: 1e5, channels: 3 },
    /more than the limit/,
  ],
];

it.each(noImages)("refuses %s", async (_, image, message) => {
  const refused = inspector.inspect(image as string);
  await expect(refused).rejects.toBeInstanceOf(UflowError);
  await expect(refused).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringMatching(message),
  });
});

it("refuses images larger than it was told", async () => {
  await expect(inspectOnce(holed, { maxPixels: 64 * 64 - 1 })).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_IMAGE",
    message: expect.stringContaining("64 × 64"),
  });
});

describe("closing", () => {
  it("answers what was asked before, and refuses what comes after", async () => {
    const closing = await Inspector.open(tiny.model);
    let answered = 0;
    const asked = Array.from({ length: 4 }, () =>
      closing.inspect(holed).then(() => {
        answered += 1;
      }),
    );
    const closed = closing.close();
    await expect(closing.inspect(holed)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
    await closed;
    expect(answered).toBe(4);
    await Promise.all(asked);
    await expect(closing.inspect(holed)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
    await closing.close();
    expect(closing.stats).toMatchObject({ queued: 0, underWay: 0, lanes: 0 });
  });
});

describe("opening", () => {
  it("refuses wrong options, all at once", async () => {
    const wrong = { epsilon: 0, tail: "upper", mapSize: 31, threads: 0.5, maxPixels: -1, lane: 2 };
    const opening = Inspector.open(tiny.model, wrong as unknown as InspectorOptions);
    await expect(opening).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_OPTION" });
    const { message } = (await opening.catch((error) => error)) as UflowError;
    for (const name of Object.keys(wrong)) expect(message).toContain(name);
  });

  it("refuses a path that is none", async () => {
    await expect(Inspector.open(undefined as never)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/path: expected string, but received nothing/),
    });
  });

  it("refuses a model that is not there", async () => {
    await expect(Inspector.open(join(tiny.scratch, "none.uflow"))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_MODEL",
      message: expect.stringContaining("none.uflow"),
    });
  });

  it.each([
    [
      "damaged",
      (flow: Uint8Array) => flow.map((byte, i) => (i % 97 === 0 ? byte ^ 0x55 : byte)),
      /ONNX Runtime/,
    ],
    ["no network at all", () => new Uint8Array(0), /ONNX Runtime/],
    ["of another kind", (_: Uint8Array, backbone: Uint8Array) => backbone, /flow\.onnx.*energy_0.*feature_0/],
  ])("refuses a model whose flow is %s, though its checksum is right", async (name, damage, message) => {
    const model = await readModel(tiny.model);
    const path = join(tiny.scratch, `${name}.uflow`);
    await writeModel(path, { ...model, flow: damage(model.flow, model.backbone) });
    await expect(Inspector.open(path)).rejects.toMatchObject({
      code: "ERR_UFLOW_NETWORK",
      message: expect.stringMatching(message),
    });
  });

  it("says what to do where the wanted device is not available", async (context) => {
    const opened = await Inspector.open(tiny.model, { device: "cuda" }).catch((error: UflowError) => error);
    if (opened instanceof Inspector) {
      await opened.close();
      context.skip("CUDA is available here");
      return;
    }
    expect(opened).toMatchObject({
      code: "ERR_UFLOW_DEVICE",
      message: expect.stringMatching(/"cuda" is not available.*Use device "auto" or "cpu"/s),
    });
  });

  it("tests windows instead of regions when it is told to", async () => {
    const tree = await inspectOnce(holed, {});
    const block = await inspectOnce(holed, { nfa: "block" });
    expect(block.anomalyMap).toEqual(tree.anomalyMap);
    expect(block.logNfaMap).not.toEqual(tree.logNfaMap);
    expect(block.logNfa).toBe(Math.min(...block.logNfaMap.data));
    await expect(inspectOnce(holed, { nfa: "blocks" as never })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringContaining("nfa"),
    });
  });

  it("takes float16 when it is told to, and refuses other types", async () => {
    const exact = await inspector.inspect(holed);
    const half = await inspectOnce(holed, { precision: "float16" });
    expect(half.anomalyMap).not.toEqual(exact.anomalyMap);
    expect(half.anomalyScore).toBeCloseTo(exact.anomalyScore, 2);
    await expect(inspectOnce(holed, { precision: "int8" as never })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringContaining("precision"),
    });
  });

  it("takes the CPU when it is told to", async () => {
    await using opened = await Inspector.open(tiny.model, { device: "cpu", threads: 1 });
    expect(opened.device).toBe("cpu");
    expect(opened.triedDevices).toEqual([{ device: "cpu", taken: true }]);
    expect((await opened.inspect(good)).image).toEqual({ width: 64, height: 64 });
  });
});
