import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backboneOf, featureScales } from "#uflow/backbone/index.js";
import { mobileNetwork, mobileWeights } from "#uflow/backbone/mobile.js";
import { UflowError } from "#uflow/error.js";
import { Session, type Tensor } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { expectClose } from "../closeness.js";
import { plainNetwork } from "./plain-network.js";

const backbone = backboneOf("mobile");
const cpu = { device: "cpu", threads: 1 } as const;

function picture(side: number, seed: number, batch = 1): Tensor {
  const random = new Random(seed);
  const data = Float32Array.from({ length: batch * 3 * side * side }, () => random.uniform());
  return { data, dims: [batch, 3, side, side] };
}

describe.each([64, 96])("the network for %i pixels", (side) => {
  let session: Session;

  beforeAll(async () => {
    session = await Session.create(await backbone.network(side), cpu);
  });

  afterAll(() => session.close());

  const features = async (image: Tensor): Promise<Tensor[]> => {
    const outputs = await session.run({ image });
    return Object.keys(outputs)
      .sort()
      .map((name) => outputs[name]!);
  };

  it("yields the feature maps that it promises", async () => {
    expect(session.outputNames).toEqual(["feature_0", "feature_1", "feature_2"]);
    const wanted = featureScales(backbone, side).map(({ channels, height, width }) => [
      1,
      channels,
      height,
      width,
    ]);
    const got = await features(picture(side, 1));
    expect(got.map(({ dims }) => dims)).toEqual(wanted);
    expect(wanted.map(([, , height]) => height)).toEqual([side / 4, side / 8, side / 16]);
  });

  it("gives the same again, something else for another picture, and finite numbers always", async () => {
    const first = await features(picture(side, 1));
    expect(await features(picture(side, 1))).toEqual(first);
    const other = await features(picture(side, 2));
    first.forEach(({ data }, scale) => {
      expect(data.every(Number.isFinite)).toBe(true);
      const difference = other[scale]!.data.map((value, i) => Math.abs(value - data[i]!));
      expect(Math.max(...difference)).toBeGreaterThan(0.1);
    });
  });

  it("treats the pictures of a batch independently", async () => {
    const pair = picture(side, 3, 2);
    const half = pair.data.length / 2;
    const alone = (i: number) => ({
      data: pair.data.slice(i * half, (i + 1) * half),
      dims: [1, 3, side, side],
    });
    const [together, first, second] = [
      await features(pair),
      await features(alone(0)),
      await features(alone(1)),
    ];
    together.forEach(({ data }, scale) => {
      expectClose(data, Float32Array.of(...first[scale]!.data, ...second[scale]!.data), 1e-5);
    });
  });
});

it("is the network of the TensorFlow Lite file, convolution by convolution", async () => {
  // Strides halve even maps here: "same" padding is then one row more behind than before.
  const side = 48;
  const image = picture(side, 4);
  const session = await Session.create(mobileNetwork(await mobileWeights(), side), cpu);
  const outputs = await session.run({ image });
  await session.close();
  const plain = plainNetwork(await mobileWeights(), image.data, side);
  for (const [scale, { channels, height }] of featureScales(backbone, side).entries()) {
    const wanted = plain.findLast((map) => map.channels === channels && map.side === height)!;
    expectClose(outputs[`feature_${scale}`]!.data, wanted.planar(), 1e-3);
  }
});

it("has the same maps with a fourth scale, at stride 32", async () => {
  const side = 64;
  const { strides, channels, preprocessing, normalization } = backboneOf("mobile4");
  expect({ strides, channels }).toEqual({ strides: [4, 8, 16, 32], channels: [24, 40, 112, 192] });
  expect({ preprocessing, normalization }).toEqual({
    preprocessing: backbone.preprocessing,
    normalization: backbone.normalization,
  });
  const image = picture(side, 6);
  const run = async (network: Uint8Array) => {
    const session = await Session.create(network, cpu);
    const outputs = await session.run({ image });
    await session.close();
    return outputs;
  };
  const four = await run(await backboneOf("mobile4").network(side));
  const three = await run(await backbone.network(side));
  for (const name of Object.keys(three)) expect(four[name]!.data).toEqual(three[name]!.data);
  const coarsest = plainNetwork(await mobileWeights(), image.data, side).findLast(
    (map) => map.channels === 192 && map.side === 2,
  )!;
  expectClose(four.feature_3!.data, coarsest.planar(), 1e-3);
});

it("yields maps of other strides as the file has them", async () => {
  const side = 64;
  const image = picture(side, 5);
  const wanted = [
    { stride: 2, channels: 16 },
    { stride: 32, channels: 192 },
  ];
  const session = await Session.create(mobileNetwork(await mobileWeights(), side, wanted), cpu);
  const outputs = await session.run({ image });
  await session.close();
  const plain = plainNetwork(await mobileWeights(), image.data, side);
  for (const [scale, { stride, channels }] of wanted.entries()) {
    const map = plain.findLast((map) => map.channels === channels && map.side === side / stride)!;
    expectClose(outputs[`feature_${scale}`]!.data, map.planar(), 1e-3);
  }
});

it.each([0, -64, 16, 60, 100, 72.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "refuses the input size %d",
  async (size) => {
    await expect(backbone.network(size)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/multiple of 16, at least 32.*"mobile".*received/),
    });
  },
);

describe("weights that are not an EfficientNet-Lite", () => {
  it("are refused when they are no TensorFlow Lite file", () => {
    const noise = Uint8Array.from({ length: 1000 }, (_, i) => (i * 31) % 256);
    for (const weights of [new Uint8Array(0), noise]) {
      expect(() => mobileNetwork(weights, 64)).toThrow(
        expect.objectContaining({ code: "ERR_UFLOW_BAD_WEIGHTS" }),
      );
    }
  });

  it("are refused when a map is missing, saying which", async () => {
    const weights = await mobileWeights();
    expect(() => mobileNetwork(weights, 64, [{ stride: 4, channels: 25 }])).toThrow(
      expect.objectContaining({
        code: "ERR_UFLOW_BAD_WEIGHTS",
        message: expect.stringMatching(/no 25-channel map at stride 4.*not an EfficientNet-Lite0/),
      }),
    );
  });

  it("never end in anything but our error when the file is damaged", async () => {
    const file = readFileSync(
      createRequire(import.meta.url).resolve("@mediapipe/objectron/object_detection_3d_cup.tflite"),
    );
    const random = new Random(2);
    const copy = new Uint8Array(file);
    let refused = 0;
    for (let round = 0; round < 30; round++) {
      // The tables of the graph, its tensors and operations stand behind the weights.
      const places = Array.from({ length: 3 }, () => file.length - 1 - random.below(35_000));
      for (const at of places) copy[at] = random.below(256);
      try {
        mobileNetwork(copy, 32);
      } catch (error) {
        if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_BAD_WEIGHTS") throw error;
        refused += 1;
      }
      for (const at of places) copy[at] = file[at]!;
    }
    expect(refused).toBeGreaterThan(0);
  });
});
