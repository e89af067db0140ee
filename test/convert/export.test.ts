import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackboneName, backboneOf, joinWeights, type Weights } from "#uflow/backbone/index.js";
import { mcait, mcaitNetwork } from "#uflow/backbone/mcait.js";
import { weightsIn } from "#uflow/backbone/weight-files.js";
import { describeModel } from "#uflow/bundle/describe.js";
import { readModel } from "#uflow/bundle/read.js";
import { writeModel } from "#uflow/bundle/write.js";
import { type ExportOptions, backboneState as exportedBackbone, exportModel } from "#uflow/convert/export.js";
import { importReference } from "#uflow/convert/import.js";
import { backboneWeights } from "#uflow/convert/layout.js";
import type { FlowArchitecture } from "#uflow/flow/architecture.js";
import { energyNetwork } from "#uflow/flow/energy-network.js";
import { type FlowParameters, initialParameters, parameter } from "#uflow/flow/parameters.js";
import { Session } from "#uflow/onnx/session.js";
import { writeSafetensors } from "#uflow/weights/safetensors.js";
import { openStore } from "#uflow/weights/store/index.js";
import { numberBytes, type Tensor } from "#uflow/weights/tensor.js";
import { writeTorch } from "#uflow/weights/torch/write.js";
import { openWeights, type WeightFile } from "#uflow/weights/weight-file.js";
import { shorter, state, twoScales } from "../backbone/mini-cait.js";
import { expectClose } from "../closeness.js";
import { randomParameters } from "../fixtures/random-model.js";
import {
  architecture,
  backboneState,
  drawnParameters,
  golden,
  resnetWeights,
  stateOf,
} from "./reference-state.js";

const parameters = drawnParameters();
const training = {
  images: 1,
  epochs: 1,
  batchSize: 1,
  learningRate: 1,
  weightDecay: 0,
  seed: 0,
  losses: [1],
};

let folder: string;
/** Models on ResNet-18 and on `mobile`, as they are trained here. */
let model: string;
let mobile: string;
let network: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-export-"));
  process.env.UFLOW_HOME = join(folder, "home");
  await storeWeights(1);
  network = await backboneOf("resnet18").network(64, resnetWeights);
  model = await written("model.uflow", "resnet18", network, architecture, parameters);
  const scales = describeModel(backboneOf("mobile"), network, 64, {
    flowSteps: 1,
    normalization: "none",
  }).scales;
  const small = { scales, flowSteps: 1, normalization: "standard" as const };
  mobile = await written("mobile.uflow", "mobile", new Uint8Array(5), small, initialParameters(small, 1));
});
afterAll(async () => {
  delete process.env.UFLOW_HOME;
  await rm(folder, { recursive: true });
});

async function written(
  file: string,
  backbone: BackboneName,
  network: Uint8Array,
  flow: FlowArchitecture,
  numbers: FlowParameters,
): Promise<string> {
  const manifest = { ...describeModel(backboneOf(backbone), network, 64, flow), training };
  const path = join(folder, file);
  await writeModel(path, {
    manifest,
    backbone: network,
    flow: energyNetwork(flow, numbers),
    parameters: numbers,
  });
  return path;
}

/** Puts ResNet-18 into the store, its first convolution multiplied by a factor, with a layer that is not used. */
async function storeWeights(factor: number): Promise<void> {
  const tensors = new Map<string, Tensor>([["fc.bias", { shape: [10], data: new Float32Array(10) }]]);
  for (const [name, shape] of resnetWeights.shapes) {
    const data = await resnetWeights.read(name);
    tensors.set(name, { shape, data: name === "conv1.weight" ? data.map((x) => x * factor) : data });
  }
  const path = join(folder, "model.safetensors");
  await writeSafetensors(path, tensors);
  await openStore().import([path], { as: "resnet18" });
}

async function tensorsOf(path: string): Promise<Map<string, Tensor>> {
  const file = await openWeights(path);
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, dtype }] of file.tensors) {
    tensors.set(name, { shape, data: await numbersOf(file, name, dtype) });
  }
  await file.close();
  return tensors;
}

/** Bit by bit. For millions of numbers, of which `toEqual` would make a minute. */
const sameNumbers = (a: Tensor["data"], b: Tensor["data"]) =>
  a.constructor === b.constructor && Buffer.compare(numberBytes(a), numberBytes(b)) === 0;

async function numbersOf(file: WeightFile, name: string, dtype: string): Promise<Tensor["data"]> {
  if (dtype === "float32") return await file.floats(name);
  return BigInt64Array.from(await file.integers(name), BigInt);
}

describe("an exported checkpoint", () => {
  it("has every tensor of the reference, no other, and says what it is", async () => {
    const output = join(folder, "whole.ckpt");
    expect(await exportModel({ model, output })).toEqual([output]);
    const file = await openWeights(output);
    await file.close();
    const said = Object.fromEntries(file.metadata.get("uflow") as Map<string, unknown>);
    expect(said).toMatchObject({
      backbone: "resnet18",
      input_size: 64,
      flow_steps: 2,
      normalization: "layer",
    });
    const wanted = new Map([...(await backboneState()), ...stateOf(parameters)]);
    for (const [key, { data }] of wanted) if (key.endsWith("tracked")) (data as BigInt64Array).fill(0n);
    const found = await tensorsOf(output);
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [key, { shape, data }] of wanted) {
      expect(found.get(key)!.shape, key).toEqual(shape);
      expect(sameNumbers(found.get(key)!.data, data), key).toBe(true);
    }
  });

  it("is the same model again when it is imported, but for where it comes from", async () => {
    const [checkpoint, output] = [join(folder, "back.ckpt"), join(folder, "back.uflow")];
    await exportModel({ model, output: checkpoint });
    await importReference({ checkpoint, backbone: "resnet18", output });
    const [before, after] = [await readModel(model), await readModel(output)];
    expect(after.manifest.entries).toEqual(before.manifest.entries);
    const { training: _, imported, ...manifest } = after.manifest;
    expect({ ...manifest, training }).toEqual(before.manifest);
    expect(imported?.file).toBe("back.ckpt");
  });

  it("has the affine of ones and zeros where the features are only standardised", async () => {
    const standard = { ...architecture, normalization: "standard" as const };
    const numbers = initialParameters(standard, 5);
    const path = await written("standard.uflow", "resnet18", network, standard, numbers);
    const output = join(folder, "standard.ckpt");
    await exportModel({ model: path, output });
    const file = await openWeights(output);
    await file.close();
    expect((file.metadata.get("uflow") as Map<string, unknown>).get("normalization")).toBe("layer");
    const tensors = await tensorsOf(output);
    const scale = tensors.get("model.flow.module_list.10.global_scale")!.data;
    expect(scale).toEqual(parameter(numbers, "scale0.step0.globalScale"));
    for (const [i, { channels, height, width }] of standard.scales.entries()) {
      for (const [part, value] of Object.entries({ weight: 1, bias: 0 })) {
        const norm = tensors.get(`model.feature_extractor.feature_normalizations.${i}.${part}`)!;
        expect(norm.shape).toEqual([channels, height, width]);
        expect((norm.data as Float32Array).every((each) => each === value)).toBe(true);
      }
    }
  });

  it("has only the flow where that is asked for, also of backbones that the reference lacks", async () => {
    const output = join(folder, "flow.ckpt");
    await exportModel({ model, output, withoutBackbone: true });
    expect([...(await tensorsOf(output)).keys()].sort()).toEqual([...stateOf(parameters).keys()].sort());
    await exportModel({ model: mobile, output, withoutBackbone: true });
    const keys = [...(await tensorsOf(output)).keys()];
    expect(keys).toContain("model.flow.module_list.8.w_perm_inv");
    expect(keys.filter((key) => key.includes("feature_extractor"))).toEqual([]);
  });

  it("has the whitenings beside the flow alone, which the reference does not know", async () => {
    const whitened = { ...architecture, normalization: "whitened" as const };
    const numbers = randomParameters(whitened, 5);
    const path = await written("whitened.uflow", "resnet18", network, whitened, numbers);
    const output = join(folder, "whitened.ckpt");
    await exportModel({ model: path, output, withoutBackbone: true });
    const tensors = await tensorsOf(output);
    for (const [i, { matrix, offset }] of numbers.whitenings!.entries()) {
      const channels = offset.length;
      const weight = { shape: [channels, channels, 1, 1], data: matrix };
      expect(tensors.get(`model.whitenings.${i}.weight`)).toMatchObject(weight);
      expect(tensors.get(`model.whitenings.${i}.bias`)).toMatchObject({ shape: [channels], data: offset });
    }
    await expect(exportModel({ model: path, output })).rejects.toThrow(
      /"resnet18" by "layer", the model by "whitened"/,
    );
  });
});

it("the backbone of a checkpoint of MS-CaiT is that which is imported again, with the layers that nothing uses", async () => {
  const unused = { "cait_m48_448.head.bias": { shape: [3], data: Float32Array.of(1, 2, 3) } };
  const all = joinWeights({ "cait_m48_448.": state, "cait_s24_224.": shorter });
  const weights: Weights = {
    shapes: new Map([
      ...all.shapes,
      ...Object.entries(unused).map(([name, { shape }]) => [name, shape] as const),
    ]),
    read: async (name) => unused[name as keyof typeof unused]?.data ?? (await all.read(name)),
  };
  const path = join(folder, "cait.ckpt");
  await writeTorch(path, { state_dict: await exportedBackbone("mcait", weights) });
  const file = await openWeights(path);
  try {
    const keys = [...file.tensors.keys()];
    expect(keys).toContain("feature_extractor.extractor1.head.bias");
    expect(keys).toContain("feature_extractor.extractor2.blocks.1.attn.proj_l.weight");
    expect(keys.length).toBe(weights.shapes.size);
    const again = backboneWeights("mcait", weightsIn(file));
    expect([...again.shapes.keys()].sort()).toEqual([...weights.shapes.keys()].sort());
    const scales = twoScales.scales.map((scale, i) => ({ ...scale, name: mcait.scales[i]!.name }));
    const small = { name: "small", scales };
    const place = join(folder, "cait");
    expect(await mcaitNetwork(small, again, place)).toEqual(await mcaitNetwork(small, weights, place));
    // Named after its content.
    expect((await readdir(place)).length).toBe(1);
  } finally {
    await file.close();
  }
});

const python = "/usr/bin/python3";
/** Without importing it, which takes seconds. */
const find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
const torch = spawnSync(python, ["-c", find]).status === 0;

it.skipIf(!torch)(
  "an exported checkpoint is the same flow in PyTorch (skipped where that is missing)",
  async () => {
    const output = join(folder, "torch.ckpt");
    await exportModel({ model, output });
    const features = [0, 1, 2].map((i) => golden.tensor(`feature/${i}`));
    const script = fileURLToPath(new URL("./torch_flow.py", import.meta.url));
    const input = JSON.stringify(features.map(({ shape, data }) => ({ shape, data: [...data] })));
    const { stdout, stderr } = spawnSync(python, [script, output, "2"], { input, maxBuffer: 2 ** 26 });
    expect(`${stderr}`).toBe("");
    const seen = JSON.parse(`${stdout}`);
    const shapes = Object.fromEntries([...(await tensorsOf(output))].map(([key, { shape }]) => [key, shape]));
    expect(seen.shapes).toEqual(shapes);
    const session = await Session.create((await readModel(model)).flow, { device: "cpu", threads: 1 });
    const feeds = features.map(({ data, shape }, i) => [
      `feature_${i}`,
      { data: data as Float32Array, dims: shape },
    ]);
    const energies = await session.run(Object.fromEntries(feeds));
    await session.close();
    for (const [scale, wanted] of seen.energies.entries()) {
      expectClose(energies[`energy_${scale}`]!.data, wanted, 1e-5);
    }
  },
);

it("the networks are written as they are", async () => {
  const output = join(folder, "networks");
  const files = await exportModel({ model, output, format: "onnx" });
  expect(files).toEqual([join(output, "flow.onnx"), join(output, "backbone.onnx")]);
  const { flow, backbone } = await readModel(model);
  expect((await readFile(files[0]!)).equals(flow)).toBe(true);
  expect((await readFile(files[1]!)).equals(backbone)).toBe(true);
  const alone = join(folder, "alone");
  await exportModel({ model, output: alone, format: "onnx", withoutBackbone: true });
  expect(await readdir(alone)).toEqual(["flow.onnx"]);
});

describe("a model that cannot be exported", () => {
  async function expectRefused(
    options: Partial<ExportOptions>,
    code: string,
    problem: RegExp,
  ): Promise<void> {
    const output = join(folder, "refused.ckpt");
    await expect(exportModel({ model, output, ...options })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(problem),
    });
    expect(await readdir(folder)).not.toContain("refused.ckpt");
  }

  it("is on a backbone that the reference lacks", async () => {
    await expectRefused(
      { model: mobile },
      "ERR_UFLOW_BAD_OPTION",
      /no backbone "mobile".*--without-backbone/,
    );
  });

  it("has features that the reference would normalise", async () => {
    const none = { ...architecture, normalization: "none" as const };
    const path = await written("none.uflow", "resnet18", new Uint8Array(5), none, initialParameters(none, 1));
    await expectRefused(
      { model: path },
      "ERR_UFLOW_BAD_OPTION",
      /"resnet18" by "layer", the model by "none"/,
    );
  });

  it("is a file that has no parameters", async () => {
    const path = join(folder, "old.uflow");
    const { manifest, ...networks } = await readModel(model);
    await writeModel(path, { manifest, ...networks });
    await expectRefused({ model: path }, "ERR_UFLOW_BAD_MODEL", /old\.uflow: it has no flow\.safetensors/);
  });

  it("was made with other weights than the store has, or the store has none", async () => {
    await storeWeights(1.5);
    await expectRefused(
      {},
      "ERR_UFLOW_BAD_WEIGHTS",
      /not those that the model was made with.*--without-backbone/,
    );
    process.env.UFLOW_HOME = join(folder, "empty");
    await expectRefused(
      {},
      "ERR_UFLOW_BAD_WEIGHTS",
      /not in the weights store.*pull resnet18.*--without-backbone/,
    );
    process.env.UFLOW_HOME = join(folder, "home");
    await storeWeights(1);
    await exportModel({ model, output: join(folder, "again.ckpt") });
  });
});
