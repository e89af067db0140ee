import { readFile, writeFile } from "node:fs/promises";
import { create } from "@bufbuild/protobuf";
import { TensorProto_DataType as DataType, type ModelProto, StringStringEntryProtoSchema } from "onnx-buf";
import { beforeEach, describe, expect, it } from "vitest";
import { type ImportBackboneOptions, importBackbone } from "#uflow/backbone/import.js";
import { featureScales } from "#uflow/backbone/index.js";
import { backboneFrom, findBackbone, networkFrom, openBackboneStore } from "#uflow/backbone/stored.js";
import * as op from "#uflow/onnx/operators.js";
import { Session } from "#uflow/onnx/session.js";
import { storeHome } from "../fixtures/store-home.js";
import {
  anySize,
  changed,
  inputDims,
  inputTensor,
  type OwnParts,
  ownNetwork,
  threeMaps,
} from "./own-network.js";

const path = storeHome();
let file: string;
beforeEach(() => {
  file = path("net.onnx");
});

async function imported(network: Uint8Array, options: Partial<ImportBackboneOptions> = {}) {
  await writeFile(file, network);
  return importBackbone([file], { as: "mynet", ...options });
}

async function refusal(network: Uint8Array, options: Partial<ImportBackboneOptions> = {}): Promise<string> {
  const error = await imported(network, options).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "ERR_UFLOW_BAD_WEIGHTS" });
  return error.message;
}

/** Features by the network that was built of the store, for one grey image. */
async function features(inputSize: number) {
  const { network } = await networkFrom(await findBackbone("mynet", openBackboneStore()), inputSize);
  const session = await Session.create(network, { device: "cpu", threads: 1 });
  expect(session.inputNames).toEqual(["image"]);
  const data = new Float32Array(3 * inputSize ** 2).fill(0.5);
  const results = await session.run({ image: { data, dims: [1, 3, inputSize, inputSize] } });
  await session.close();
  return results;
}

describe("a network of the user's own", () => {
  it("is described by what it makes of an image, and kept as it is", async () => {
    const network = ownNetwork();
    const { files, metadata } = await imported(network, { mean: [0, 0, 0], std: [1, 1, 1] });
    expect(metadata).toEqual({
      input: "x",
      outputs: ["a", "b", "c"],
      strides: [4, 8, 16],
      channels: [8, 16, 24],
      inputSize: 64,
      fixedInputSize: true,
      preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    });
    expect((await readFile(files[0]!.path)).equals(network)).toBe(true);
    const backbone = backboneFrom(await findBackbone("mynet", openBackboneStore()));
    expect(backbone).toMatchObject({ name: "mynet", defaultInputSize: 64, normalization: "standard" });
    expect(() => featureScales(backbone, 128)).toThrow(/inputSize: expected 64/);
    const results = await features(64);
    expect(Object.entries(results).map(([name, { dims }]) => [name, dims])).toEqual([
      ["feature_0", [1, 8, 16, 16]],
      ["feature_1", [1, 16, 8, 8]],
      ["feature_2", [1, 24, 4, 4]],
    ]);
  });

  it("gives what it gave before, whatever its values are called", async () => {
    const session = await Session.create(ownNetwork(), { device: "cpu", threads: 1 });
    const data = new Float32Array(3 * 64 ** 2).fill(0.5);
    const { a, b, c } = await session.run({ x: { data, dims: [1, 3, 64, 64] } });
    await session.close();
    const misleading = ownNetwork((parts) => {
      parts.g.output("feature_0", parts.c);
      parts.g.output("image", parts.b);
      parts.g.output("feature_2", parts.a);
    });
    for (const network of [ownNetwork(), misleading]) {
      await imported(network);
      const results = await features(64);
      for (const [i, feature] of [a, b, c].entries()) expect(results[`feature_${i}`]).toEqual(feature);
    }
  });

  it("takes other sizes where its own may vary, and leaves out what no feature needs", async () => {
    const { metadata } = await imported(changed(ownNetwork(), anySize), {
      inputSize: 96,
      outputs: ["b", "a"],
    });
    expect(metadata).toMatchObject({ outputs: ["a", "b"], inputSize: 96, fixedInputSize: false });
    expect((await features(64)).feature_1!.dims).toEqual([1, 16, 8, 8]);
    const source = await findBackbone("mynet", openBackboneStore());
    const { network } = await networkFrom(source, 64);
    expect(network.length).toBeLessThan(0.7 * ownNetwork().length);
  });
});

describe("a network that cannot be a backbone", () => {
  const fixedBatch = (model: ModelProto) => {
    inputDims(model)[0]!.value = { case: "dimValue", value: 1n };
  };
  const oneChannel = (model: ModelProto) => {
    inputDims(model)[1]!.value = { case: "dimValue", value: 1n };
  };
  const channelsLast = (model: ModelProto) => {
    const dims = inputDims(model);
    dims.push(dims.splice(1, 1)[0]!);
  };
  const oblong = (model: ModelProto) => {
    inputDims(model)[3]!.value = { case: "dimValue", value: 32n };
  };
  const halfPrecision = (model: ModelProto) => {
    inputTensor(model).elemType = DataType.FLOAT16;
  };
  const external = ({ graph }: ModelProto) => {
    graph!.initializer[0]!.externalData = [
      create(StringStringEntryProtoSchema, { key: "location", value: "net.onnx.data" }),
    ];
  };
  const noGraph = (model: ModelProto) => {
    model.graph!.node = [];
  };

  it.each<[string, (model: ModelProto) => void, RegExp]>([
    ["a fixed batch", fixedBatch, /"x" is float \[1, 3, 64, 64\]: its batch is fixed; .*dynamic_axes/],
    [
      "one channel",
      oneChannel,
      /"x" is float \[\?, 1, 64, 64\], where \[batch, 3, height, width\] is wanted/,
    ],
    ["channels last", channelsLast, /\[\?, 64, 64, 3\]: channels last/],
    ["images that are not square", oblong, /\[\?, 3, 64, 32\], which is not square/],
    ["half precision", halfPrecision, /"x" is float16 .*where float \(of 32 bits\) is wanted/],
    ["weights elsewhere", external, /weights stand in another file/],
    ["no nodes", noGraph, /no ONNX network/],
  ])("has %s", async (_, change, message) => {
    expect(await refusal(changed(ownNetwork(), change))).toMatch(message);
  });

  const none = ({ g, c }: OwnParts) => g.output("logits", op.sum(g, c, [2, 3], false));
  const gap = ({ g, a, c }: OwnParts) => {
    g.output("a", a);
    g.output("c", c);
  };
  const twice = ({ g, a }: OwnParts) => {
    g.output("a", a);
    g.output("z", op.add(g, a, a));
  };
  const last = ({ g, a }: OwnParts) => g.output("a", op.transpose(g, a, [0, 2, 3, 1]));

  it.each<[string, (parts: OwnParts) => void, RegExp]>([
    [
      "no map",
      none,
      /logits \[2, 24\] is not \[batch, .*--outputs.* last ones of each stride are .*stride 2, 8.*stride 16, 24/,
    ],
    ["a gap", gap, /half as large.*a \(stride 4, 8 channels\), c \(stride 16, 24 channels\)/],
    ["two of a stride", twice, /several of its outputs have the stride 4: a .*z /],
    ["channels last", last, /a \[2, 16, 16, 8\] has its channels last/],
  ])("yields %s", async (_, outputs, message) => {
    expect(await refusal(ownNetwork(outputs))).toMatch(message);
  });

  it("is asked for what it has not", async () => {
    expect(await refusal(ownNetwork(), { outputs: ["a", "z"] })).toMatch(
      /yields no z; the last of its \d+ values are .*c/,
    );
    expect(await refusal(ownNetwork(), { outputs: ["a", "logits"] })).toMatch(/logits \[2, 24\] is not/);
    expect(await refusal(ownNetwork(), { inputSize: 96 })).toMatch(/fixed to 64, but 96/);
  });

  it("is damaged, or none", async () => {
    expect(await refusal(ownNetwork().subarray(0, 900))).toMatch(
      /"net\.onnx" cannot be a backbone: it is no ONNX network/,
    );
    expect(await refusal(Buffer.from("text"))).toMatch(/"net\.onnx" is no weights file/);
    const error = importBackbone([path("none.onnx")], { as: "mynet" });
    await expect(error).rejects.toThrow(/none\.onnx": it does not exist/);
  });
});

it("options that are wrong are named", async () => {
  await writeFile(file, ownNetwork(threeMaps));
  const wrong = { as: "mynet", mean: [0, 0], std: [1, 1, 0], inputSize: 1 } as never;
  await expect(importBackbone([file, file], wrong)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/files: .*mean: .*std.*inputSize: /),
  });
  await expect(importBackbone([file], { as: "resnet18", mean: [0, 0, 0] })).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/mean: expected nothing.*of your own/),
  });
});
