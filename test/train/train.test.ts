import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { learnedAmong } from "#uflow/bundle/learned-from.js";
import { readFlowParameters, readModel } from "#uflow/bundle/read.js";
import { UflowError } from "#uflow/error.js";
import { energyNetwork } from "#uflow/flow/energy-network.js";
import { Random } from "#uflow/random.js";
import { type TrainOptions, type TrainProgress, train } from "#uflow/train/index.js";
import { engineVersion } from "#uflow/version.js";

const side = 64;
const fewest = { inputSize: side, flowSteps: 1, epochs: 1, batchSize: 4 } as const;

/** Five pictures of a bright square on grey noise. */
let data: string;
let scratch: string;
/** An empty folder for the test's model. */
let folder: string;
let output: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "uflow-train-"));
  data = await pictures("good", (pixels) => sharp(pixels, raw).png());
});

beforeEach(async () => {
  folder = await mkdtemp(join(scratch, "out-"));
  output = join(folder, "part.uflow");
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

const raw = { raw: { width: side, height: side, channels: 1 } } as const;

/** A folder with five pictures, each encoded as it is told. */
async function pictures(
  name: string,
  encode: (pixels: Uint8Array, i: number) => sharp.Sharp,
): Promise<string> {
  const random = new Random(9);
  const place = join(scratch, name);
  await mkdir(place);
  for (let i = 0; i < 5; i++) {
    const [x0, y0] = [16 + random.below(4), 16 + random.below(4)];
    const pixels = Uint8Array.from({ length: side * side }, (_, at) => {
      const inside = Math.abs((at % side) - x0 - 14) < 14 && Math.abs(Math.floor(at / side) - y0 - 14) < 14;
      return (inside ? 170 : 90) + 6 * random.normal();
    });
    const { format = "png" } = await sharp(await encode(pixels, i).toBuffer()).metadata();
    await writeFile(join(place, `${i}.${format}`), await encode(pixels, i).toBuffer());
  }
  return place;
}

describe("a training", () => {
  const progress: TrainProgress[] = [];
  let first: Buffer;

  beforeAll(async () => {
    const path = join(scratch, "first.uflow");
    const options = { data, output: path, inputSize: side, flowSteps: 2, epochs: 3, batchSize: 2, seed: 5 };
    const manifest = await train({ ...options, onProgress: (step) => progress.push(step) });
    first = await readFile(path);
    expect((await readModel(path)).manifest).toEqual(manifest);
  });

  it("writes a model that says what was done", async () => {
    const { manifest } = await readModel(join(scratch, "first.uflow"));
    expect(manifest).toMatchObject({
      format: "uflow",
      formatVersion: 1,
      engine: engineVersion,
      backbone: { name: "mobile" },
      inputSize: side,
      mapSize: side,
      strides: [4, 8, 16],
      flowSteps: 2,
      // Too few images to hold any out.
      normalization: "standard",
      training: { images: 5, epochs: 3, batchSize: 2, seed: 5 },
    });
    expect(manifest.backbone.sha256).toBe(manifest.entries["backbone.onnx"]!.sha256);
    const values = (scales: typeof manifest.scales) =>
      scales.reduce((sum, { channels, height, width }) => sum + channels * height * width, 0);
    expect(values(manifest.latents)).toBe(values(manifest.scales));
  });

  it("whitens the features where images are held out", async () => {
    const options = { data, output, inputSize: side, flowSteps: 1, epochs: 1, heldOut: 0.4 };
    expect(await train(options)).toMatchObject({ normalization: "whitened", training: { images: 3 } });
    const standard = await train({ ...options, normalization: "standard" });
    expect(standard.normalization).toBe("standard");
  });

  it("is known by the images that it learned from, but for those held out", async () => {
    const images = [0, 1, 2, 3, 4].map((i) => join(data, `${i}.png`));
    const { manifest } = await readModel(join(scratch, "first.uflow"));
    expect(await learnedAmong([...images, join(scratch, "first.uflow"), scratch], manifest)).toEqual(images);
    const held = await train({ ...fewest, data, output, heldOut: 0.4 });
    expect(await learnedAmong(images, held)).toHaveLength(3);
    expect(await learnedAmong(images, {})).toEqual([]);
  });

  it("keeps the parameters of which the flow's network was made", async () => {
    const path = join(scratch, "first.uflow");
    const { manifest, parameters } = await readFlowParameters(path);
    const { flow } = await readModel(path);
    expect(Buffer.compare(flow, energyNetwork(manifest, parameters!))).toBe(0);
  });

  it("learns: the loss falls", async () => {
    const { losses } = (await readModel(join(scratch, "first.uflow"))).manifest.training!;
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(losses[0]!);
  });

  it("tells how far it is: every image, then every step, also of the partial last batch", () => {
    const steps = progress.map(({ phase, done, total, epoch }) => `${phase} ${done}/${total} ${epoch}`);
    expect(steps).toEqual([
      ...Array.from({ length: 5 }, (_, i) => `features ${i + 1}/5 0`),
      ...Array.from({ length: 9 }, (_, i) => `training ${i + 1}/9 ${1 + Math.floor(i / 3)}`),
    ]);
    for (const { phase, loss, secondsLeft, epochs } of progress) {
      expect(epochs).toBe(3);
      expect(secondsLeft).toBeGreaterThanOrEqual(0);
      expect(loss === null).toBe(phase === "features");
    }
  });

  it("gives the same file again for the same seed, byte for byte, and another for another", async () => {
    const again = { data, inputSize: side, flowSteps: 2, epochs: 3, batchSize: 2 };
    await train({ ...again, output, seed: 5 });
    expect((await readFile(output)).equals(first)).toBe(true);
    await train({ ...again, output, seed: 6 });
    expect((await readFile(output)).equals(first)).toBe(false);
  });

  it("makes the folders that its file needs, and leaves nothing else there", async () => {
    const deep = join(folder, "a", "b", "part.uflow");
    await train({ ...fewest, data, output: deep });
    expect(await readdir(join(folder, "a", "b"))).toEqual(["part.uflow"]);
  });
});

describe("images of every kind", () => {
  const wide = (pixels: Uint8Array) => Uint16Array.from(pixels, (value) => 257 * value);
  const encodings: Record<string, (pixels: Uint8Array, i: number) => sharp.Sharp> = {
    grey: (pixels) => sharp(pixels, raw).toColourspace("b-w").png(),
    "RGB, RGBA and 16 bits": (pixels, i) => {
      if (i % 3 === 0) return sharp(pixels, raw).toColourspace("srgb").png();
      if (i % 3 === 1) return sharp(pixels, raw).toColourspace("srgb").ensureAlpha(0.3).png();
      return sharp(wide(pixels), raw).toColourspace("grey16").png();
    },
    TIFF: (pixels) => sharp(pixels, raw).tiff({ compression: "lzw" }),
  };

  it("give the same model when their pixels are the same", async () => {
    await train({ ...fewest, data, output });
    const wanted = (await readModel(output)).manifest.entries;
    for (const [name, encode] of Object.entries(encodings)) {
      await train({ ...fewest, data: await pictures(name, encode), output });
      expect((await readModel(output)).manifest.entries, name).toEqual(wanted);
    }
  });

  it("may differ in size", async () => {
    const mixed = await pictures("mixed", (pixels, i) =>
      sharp(pixels, raw)
        .resize(1 + 50 * i, 300 - 60 * i, { fit: "fill" })
        .jpeg(),
    );
    const { training } = await train({ ...fewest, data: mixed, output });
    expect(training.images).toBe(5);
    expect(training.losses.every(Number.isFinite)).toBe(true);
  });
});

it("learns from copies of an image once, says so, and holds none of them out", async () => {
  const copied = join(scratch, "copied");
  await cp(data, copied, { recursive: true });
  for (const name of ["1b.png", "7.png"]) await cp(join(data, "1.png"), join(copied, name));
  const notices: string[] = [];
  const onProgress = ({ notice }: TrainProgress) => void (notice && notices.push(notice));
  const other = join(folder, "other.uflow");
  await train({ ...fewest, data: copied, output, onProgress });
  await train({ ...fewest, data, output: other });
  expect(notices[0]).toMatch(
    /^2 good images are copies of others, .*"1b\.png" is the same file as .*"1\.png"|1b\.png/,
  );
  expect((await readFile(output)).equals(await readFile(other))).toBe(true);
});

it("says that images in folders below are not learned from", async () => {
  const nested = join(scratch, "nested");
  await cp(data, nested, { recursive: true });
  await cp(data, join(nested, "monday"), { recursive: true });
  const notices: string[] = [];
  const onProgress = ({ notice }: TrainProgress) => void (notice && notices.push(notice));
  await train({ ...fewest, data: nested, output, onProgress });
  expect(notices).toEqual([
    expect.stringMatching(/^\d images in folders below ".*nested" are not learned from/),
  ]);
});

it("says that images are of different shapes, where they are resized to one square", async () => {
  const mixed = join(scratch, "two-shapes");
  await cp(data, mixed, { recursive: true });
  await sharp(join(data, "1.png"))
    .extract({ left: 0, top: 0, width: side, height: 40 })
    .toFile(join(mixed, "9.png"));
  const notices: string[] = [];
  const onProgress = ({ notice }: TrainProgress) => void (notice && notices.push(notice));
  await train({ ...fewest, data: mixed, output, onProgress });
  expect(notices).toEqual([
    expect.stringMatching(/^The good images have different shapes, from 64 × 64 to 64 × 40/),
  ]);
  await train({ ...fewest, data: mixed, output, region: { x: 0, y: 0, width: 32, height: 32 }, onProgress });
  expect(notices).toHaveLength(1);
});

it("says that images are nearly the same as another, where some are held out", async () => {
  const twins = join(scratch, "twins");
  await cp(data, twins, { recursive: true });
  await sharp(join(data, "1.png")).jpeg({ quality: 95 }).toFile(join(twins, "again.jpg"));
  const notices: string[] = [];
  const onProgress = ({ notice }: TrainProgress) => void (notice && notices.push(notice));
  await train({ ...fewest, data: twins, output, onProgress });
  expect(notices).toEqual([]);
  await train({ ...fewest, data: twins, output, heldOut: 0.34, onProgress });
  expect(notices[0]).toMatch(
    /^2 good images are nearly the same as another, as .*1\.png" and .*again\.jpg": they/,
  );
});

async function refusal(options: Partial<TrainOptions>): Promise<UflowError> {
  const before = await readdir(folder);
  const error = await train({ ...fewest, data, output, ...options }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UflowError);
  expect(await readdir(folder)).toEqual(before);
  return error;
}

describe("data that cannot be learned from", () => {
  it("is a folder that is missing, empty, or holds one image", async () => {
    const empty = join(scratch, "empty");
    const single = join(scratch, "single");
    await mkdir(empty);
    await mkdir(single);
    await cp(join(data, "0.png"), join(single, "0.png"));
    const twice = join(scratch, "twice");
    await mkdir(twice);
    for (const name of ["0.png", "1.png"]) await cp(join(data, "0.png"), join(twice, name));
    const cases: [folder: string, message: RegExp][] = [
      [join(scratch, "nowhere"), /nowhere does not exist/],
      [join(data, "0.png"), /is not a folder/],
      [empty, /is empty.*Expected the MVTec-AD layout/],
      [single, /1 good image to learn from; at least 2/],
      [twice, /All 2 good images are copies of one, ".*0\.png"; at least 2 different/],
    ];
    for (const [place, message] of cases) {
      expect(await refusal({ data: place })).toMatchObject({
        code: "ERR_UFLOW_BAD_DATASET",
        message: expect.stringMatching(message),
      });
    }
  });

  it("has an image that cannot be read: every such image is named, and nothing is written", async () => {
    const damaged = join(scratch, "damaged");
    await cp(data, damaged, { recursive: true });
    await writeFile(join(damaged, "1.png"), (await readFile(join(data, "1.png"))).subarray(0, 300));
    await writeFile(join(damaged, "notes.jpg"), "these are no pixels");
    await symlink(join(scratch, "gone.png"), join(damaged, "link.png"));
    const { code, message } = await refusal({ data: damaged });
    expect(code).toBe("ERR_UFLOW_BAD_DATASET");
    expect(message).toContain("3 of 7 training images");
    for (const name of ["1.png", "notes.jpg", "link.png"]) expect(message).toContain(join(damaged, name));
  });
});

describe("wrong options", () => {
  it("are all named at once", async () => {
    const wrong = {
      data: "",
      backbone: "huge",
      inputSize: 31.5,
      flowSteps: 0,
      epochs: "many",
      batchSize: -1,
      learningRate: Number.NaN,
      weightDecay: -1,
      schedule: "step",
      heldOut: 0.6,
      validateEvery: 0,
      patience: -1,
      checkpointEvery: 0.5,
      resume: "yes",
      seed: 2 ** 32,
      threads: null,
      signal: {},
      onProgress: 5,
      colour: "red",
    };
    const { code, message } = await refusal(wrong as unknown as TrainOptions);
    expect(code).toBe("ERR_UFLOW_BAD_OPTION");
    for (const name of Object.keys(wrong)) expect(message).toContain(name);
  });

  it("include an input size that the backbone cannot take", async () => {
    expect(await refusal({ inputSize: 72 })).toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/inputSize.*multiple of 16.*72/),
    });
  });

  it("include an output that cannot be written, which is found before the work", async () => {
    const places = [data, join(data, "0.png", "part.uflow"), "/dev/null", join(folder, "x".repeat(300))];
    for (const place of places) {
      const onProgress = () => expect.unreachable("the work has begun");
      expect(await refusal({ output: place, onProgress }), place).toMatchObject({ code: "ERR_UFLOW_OUTPUT" });
    }
  });
});

describe("a training that is ended early", () => {
  const old = "what was there before";
  const endless = { ...fewest, epochs: 100_000, checkpointEvery: 0 } as const;

  beforeEach(() => writeFile(output, old));

  async function expectUntouched(): Promise<void> {
    expect(await readFile(output, "utf8")).toBe(old);
    expect(await readdir(folder)).toEqual(["part.uflow"]);
  }

  it("before it begins", async () => {
    expect(await refusal({ ...endless, signal: AbortSignal.abort() })).toMatchObject({
      code: "ERR_UFLOW_ABORTED",
    });
    await expectUntouched();
  });

  it.each(["features", "training"] as const)("during the %s", async (phase) => {
    const controller = new AbortController();
    let after = 0;
    const onProgress = (step: TrainProgress) => {
      if (controller.signal.aborted) after += 1;
      if (step.phase === phase && step.done === 2) controller.abort();
    };
    expect(await refusal({ ...endless, signal: controller.signal, onProgress })).toMatchObject({
      code: "ERR_UFLOW_ABORTED",
    });
    expect(after).toBe(0);
    await expectUntouched();
  });

  it("at any other moment", async () => {
    for (const delay of [1, 100, 400]) {
      expect(await refusal({ ...endless, signal: AbortSignal.timeout(delay) })).toMatchObject({
        code: "ERR_UFLOW_ABORTED",
      });
    }
    await expectUntouched();
  });

  it.each(["features", "training"])("by what onProgress throws during the %s", async (phase) => {
    const thrown = new RangeError("stop here");
    let calls = 0;
    const onProgress = (step: TrainProgress) => {
      if (step.phase !== phase) return;
      calls += 1;
      throw thrown;
    };
    await expect(train({ ...endless, data, output, onProgress })).rejects.toBe(thrown);
    expect(calls).toBe(1);
    await expectUntouched();
  });
});
