import { mkdir, writeFile } from "node:fs/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from "onnx-buf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBackbone } from "#uflow/backbone/import.js";
import { backboneOf } from "#uflow/backbone/index.js";
import { readModel } from "#uflow/bundle/read.js";
import { writeModel } from "#uflow/bundle/write.js";
import { Inspector } from "#uflow/inspect/index.js";
import { ExternalDataFile } from "#uflow/onnx/external-data.js";
import * as op from "#uflow/onnx/operators.js";
import { type TrainOptions, train } from "#uflow/train/index.js";
import { writeSafetensors } from "#uflow/weights/safetensors.js";
import { changed, ownNetwork } from "../backbone/own-network.js";
import { randomTensors } from "../backbone/test-weights.js";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";
import { uflow } from "../fixtures/command.js";
import { storeHome } from "../fixtures/store-home.js";

const path = storeHome();
const image = () => `${product.data}/test/hole/0.png`;
let product: TinyProduct;
beforeAll(async () => {
  product = await tinyProduct();
  await writeFile(path("net.onnx"), ownNetwork());
  await importBackbone([path("net.onnx")], { as: "mynet" });
});
afterAll(() => product[Symbol.asyncDispose]());

const quick = (options: Partial<TrainOptions>) =>
  train({ data: product.data, output: path("part.uflow"), flowSteps: 1, epochs: 1, ...options });

/** On a machine that has no store. */
async function inspectElsewhere(model: string) {
  const home = process.env.UFLOW_HOME!;
  process.env.UFLOW_HOME = path("nothing");
  try {
    await using inspector = await Inspector.open(model, { device: "cpu", threads: 1 });
    const { anomalyScore, anomalyMap } = await inspector.inspect(image());
    expect(anomalyMap.data.every(Number.isFinite)).toBe(true);
    return anomalyScore;
  } finally {
    process.env.UFLOW_HOME = home;
  }
}

describe("a training with another backbone", () => {
  it("wants it to be there before anything is read", async () => {
    for (const [name, files] of [
      ["resnet18", "FILE"],
      ["mcait", "FILE1 FILE2"],
    ] as const) {
      await expect(quick({ backbone: name, data: path("nowhere") })).rejects.toMatchObject({
        code: "ERR_UFLOW_BAD_WEIGHTS",
        message: expect.stringMatching(`"uflow backbone pull ${name}", .*import ${files} --as ${name}"`),
      });
    }
  });

  it("learns with ResNet-18, whose weights go into the model", async () => {
    await writeSafetensors(path("resnet18.safetensors"), randomTensors(backboneOf("resnet18").weights!));
    await importBackbone([path("resnet18.safetensors")], { as: "resnet18" });
    const manifest = await quick({ backbone: "resnet18", inputSize: 64 });
    expect(manifest).toMatchObject({
      backbone: { name: "resnet18" },
      strides: [4, 8, 16],
      normalization: "layer",
    });
    expect(manifest.preprocessing.mean).toEqual([0.485, 0.456, 0.406]);
    expect(manifest.training.losses.every(Number.isFinite)).toBe(true);
    expect(await inspectElsewhere(path("part.uflow"))).toBeGreaterThan(0);
  });

  it("learns with the embedded one of four scales", async () => {
    const manifest = await quick({ backbone: "mobile4", inputSize: 64 });
    expect(manifest).toMatchObject({
      backbone: { name: "mobile4" },
      strides: [4, 8, 16, 32],
      scales: [{ channels: 24 }, { channels: 40 }, { channels: 112 }, { channels: 192 }],
    });
    expect(manifest.training.featureNoise).toBe(0.35);
    expect(await inspectElsewhere(path("part.uflow"))).toBeGreaterThan(0);
  });

  it("learns with a network of one's own, at its size, which goes into the model", async () => {
    const manifest = await quick({ backbone: "mynet" });
    expect(manifest).toMatchObject({
      backbone: { name: "mynet" },
      inputSize: 64,
      scales: [{ channels: 8 }, { channels: 16 }, { channels: 24 }],
      normalization: "standard",
    });
    expect(await inspectElsewhere(path("part.uflow"))).toBeGreaterThan(0);
    const info = await uflow(["info", path("part.uflow")]);
    expect(info.stdout).toMatch(/^backbone +mynet/m);
  });

  it("names all that there are where another is wanted", async () => {
    await expect(quick({ backbone: "resnet19" })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(
        /backbone: .*"mobile"\|"mobile4"\|"resnet18"\|.*"mynet", but received "resnet19"/,
      ),
    });
  });

  it("refuses sizes and features on which no flow can be built, before anything is read", async () => {
    const nowhere = path("nowhere");
    await expect(quick({ backbone: "mynet", inputSize: 128, data: nowhere })).rejects.toThrow(
      /inputSize: expected 64/,
    );
    const thin = ownNetwork(({ g, a, b }) => {
      g.output("a", a);
      g.output("thin", op.slice(g, b, [1], [0], [3]));
    });
    await writeFile(path("thin.onnx"), thin);
    await importBackbone([path("thin.onnx")], { as: "thin" });
    await expect(quick({ backbone: "thin", data: nowhere })).rejects.toThrow(/scale 1 has 3 channels/);
  });
});

/** A network with its first constant of many numbers in a file. */
async function filed(network: Uint8Array, folder: string) {
  const writer = await ExternalDataFile.start(folder);
  const model = fromBinary(ModelProtoSchema, network);
  const constant = model.graph!.initializer.find(({ rawData }) => rawData.length > 500)!;
  const numbers = new Float32Array(Uint8Array.from(constant.rawData).buffer);
  const { offset, bytes } = await writer.append(numbers);
  const file = await writer.finish("own");
  const place = { location: file, offset: `${offset}`, length: `${bytes}` };
  constant.rawData = new Uint8Array();
  constant.dataLocation = TensorProto_DataLocation.EXTERNAL;
  constant.externalData = Object.entries(place).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return { network: toBinary(ModelProtoSchema, model), file, bytes };
}

describe("a model whose backbone keeps its weights in a file", () => {
  const standIn = () => path("filed.uflow");
  let whole: number;

  /** The model of the user's own network, with one constant moved to a file, as if it were too large. */
  beforeAll(async () => {
    await quick({ backbone: "mynet" });
    whole = await inspectElsewhere(path("part.uflow"));
    const { manifest, backbone, flow } = await readModel(path("part.uflow"));
    const folder = `${process.env.UFLOW_HOME}/networks`;
    await mkdir(folder, { recursive: true });
    const { network, file, bytes } = await filed(backbone, folder);
    const described = {
      name: "mcait",
      sha256: manifest.backbone.sha256,
      weights: { file, bytes, sources: ["0".repeat(64)] },
    };
    await writeModel(standIn(), { manifest: { ...manifest, backbone: described }, backbone: network, flow });
  });

  it("is opened with the file in the store", async () => {
    await using inspector = await Inspector.open(standIn(), { device: "cpu", threads: 1 });
    expect((await inspector.inspect(image())).anomalyScore).toBeCloseTo(whole, 5);
  });

  it("says which backbone is missing on another machine, and that it needs it", async () => {
    await expect(inspectElsewhere(standIn())).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(/"uflow backbone pull mcait"/),
    });
    const { stdout } = await uflow(["info", standIn()]);
    expect(stdout).toMatch(/weights: .* not in this file; from the store \("uflow backbone pull mcait"\)/);
  });

  it("is refused when its network names another file", async () => {
    const { manifest, backbone, flow } = await readModel(standIn());
    const elsewhere = changed(backbone, ({ graph }) => {
      for (const { externalData } of graph!.initializer)
        if (externalData[0]) externalData[0].value = "../../secret";
    });
    await writeModel(path("hostile.uflow"), { manifest, backbone: elsewhere, flow });
    await expect(Inspector.open(path("hostile.uflow"))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_MODEL",
      message: expect.stringMatching(/"\.\.\/\.\.\/secret", not in "own-/),
    });
  });

  it("is refused when the store has other weights than those it was trained with", async () => {
    const { manifest, backbone, flow } = await readModel(standIn());
    const weights = { ...manifest.backbone.weights!, bytes: 1 };
    const described = { ...manifest.backbone, name: "resnet18", weights };
    await writeModel(path("other.uflow"), { manifest: { ...manifest, backbone: described }, backbone, flow });
    await expect(Inspector.open(path("other.uflow"))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(
        /trained with files of the SHA-256 0{64}; in the store are [0-9a-f]{64}\. Pull or import/,
      ),
    });
  });
});
