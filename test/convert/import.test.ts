import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlowParameters, readModel } from "#uflow/bundle/read.js";
import { type ImportReferenceOptions, importReference } from "#uflow/convert/import.js";
import { energyNetwork } from "#uflow/flow/energy-network.js";
import { Session } from "#uflow/onnx/session.js";
import { writeSafetensors } from "#uflow/weights/safetensors.js";
import { numberBytes, type Tensor } from "#uflow/weights/tensor.js";
import { writeTorch } from "#uflow/weights/torch/write.js";
import { expectClose } from "../closeness.js";
import { architecture, backboneState, drawnParameters, golden, stateOf } from "./reference-state.js";

const cpu = { device: "cpu", threads: 1 } as const;
const parameters = drawnParameters();

let folder: string;
let backbone: Map<string, Tensor>;
let checkpoint: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-import-"));
  backbone = await backboneState();
  checkpoint = join(folder, "best.ckpt");
  const metric: Tensor = { shape: [1], data: Float32Array.of(Number.NaN) };
  const state = new Map([...backbone, ...stateOf(parameters), ["val_auroc.scores", metric]]);
  await writeTorch(checkpoint, { epoch: 3, state_dict: state, callbacks: {} });
});
afterAll(() => rm(folder, { recursive: true }));

describe("a checkpoint of the reference", () => {
  it("becomes a model that sees what the reference's parts see", async () => {
    const output = join(folder, "model.uflow");
    const manifest = await importReference({ checkpoint, backbone: "resnet18", output });
    expect(manifest).toMatchObject({
      backbone: { name: "resnet18" },
      inputSize: 64,
      flowSteps: 2,
      normalization: "layer",
      scales: architecture.scales,
      strides: [4, 8, 16],
      preprocessing: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      imported: { file: "best.ckpt", sha256: await sha256(checkpoint) },
    });
    expect(manifest.training).toBeUndefined();
    const model = await readModel(output);
    expect(model.manifest).toEqual(manifest);
    const image = golden.tensor("image");
    const seen = await run(model.backbone, { image });
    const features = Object.fromEntries(
      [0, 1, 2].map((i) => [`feature_${i}`, golden.tensor(`feature/${i}`)]),
    );
    const wanted = await run(energyNetwork(architecture, parameters), features);
    const energies = await run(model.flow, asTensors(seen));
    for (const [name, { data }] of Object.entries(wanted)) expectClose(energies[name]!.data, data, 1e-4);
  });

  it("keeps every parameter, bit by bit", async () => {
    const output = join(folder, "same.uflow");
    await importReference({ checkpoint, backbone: "resnet18", output, inputSize: 64 });
    await expectSame(output);
  });

  it("may be a bare state dict, or safetensors", async () => {
    const bare = new Map([...backbone, ...stateOf(parameters)].map(([key, value]) => [key.slice(6), value]));
    const path = join(folder, "bare.safetensors");
    await writeSafetensors(path, bare);
    const output = join(folder, "bare.uflow");
    await importReference({ checkpoint: path, backbone: "resnet18", output });
    await expectSame(output);
  });
});

describe("a checkpoint that cannot be imported", () => {
  const output = () => join(folder, "refused.uflow");
  /** Enough for what is wrong with the flow; the backbone is read after it. */
  const flow = stateOf(parameters);

  async function expectRefused(
    change: (state: Map<string, Tensor>) => void,
    problem: RegExp,
    options: { backbone?: ImportReferenceOptions["backbone"] } = {},
    sound = flow,
  ): Promise<void> {
    const state = new Map(sound);
    change(state);
    const path = join(folder, "changed.ckpt");
    await writeTorch(path, { state_dict: state });
    const wanted = { checkpoint: path, backbone: "resnet18" as const, output: output(), ...options };
    await expect(importReference(wanted)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(problem),
    });
    expect(await readdir(folder)).not.toContain("refused.uflow");
  }
  const renamed = (state: Map<string, Tensor>, from: string, to: string) => {
    state.set(to, state.get(from)!);
    state.delete(from);
  };
  const norm = "model.feature_extractor.feature_normalizations.0.weight";

  it("is refused for another backbone, and says of which it is", async () => {
    for (const other of ["mcait", "wide_resnet50_2"] as const) {
      await expectRefused(() => {}, /begins with 256 channels.*looks like one on "resnet18"/, {
        backbone: other,
      });
    }
  });

  it("is refused when no backbone has its channels", async () => {
    const odd: Tensor = { shape: [1, 5, 1, 1], data: new Float32Array(5) };
    await expectRefused(
      (state) => state.set("model.flow.module_list.0.global_scale", odd),
      /begins with 5 channels, where "resnet18" has 256: no backbone that is known/,
    );
  });

  it("is refused without a flow", async () => {
    await expectRefused((state) => {
      for (const key of state.keys()) if (key.includes(".flow.")) state.delete(key);
    }, /no key begins with "model\.flow\.module_list\."; the first are "model\.feature_extractor/);
  });

  it("is refused when its input size cannot be told", async () => {
    await expectRefused((state) => state.delete(norm), /no feature_extractor\..*0\.weight, which says how/);
    for (const shape of [[64, 16, 15], [64, 18, 18], [64, 4, 4], [64 * 256]]) {
      const data = new Float32Array(shape.reduce((a, b) => a * b));
      await expectRefused(
        (state) => state.set(norm, { shape, data }),
        /is \[(64,[\d,]+|16384)\], which is no feature/,
      );
    }
  });

  it("is refused when its modules are no whole number of steps", async () => {
    const last = "model.flow.module_list.11.global_scale";
    await expectRefused(
      (state) => renamed(state, last, last.replace("11", "12")),
      /modules up to number 12, which is no whole number of flow steps on 3 scales/,
    );
    await expectRefused(
      (state) => renamed(state, last, last.replace("11", "3000000005")),
      /modules up to number 3000000005/,
    );
  });

  it("is refused when its flow or its backbone lacks something, by name", async () => {
    await expectRefused((state) => {
      state.delete("model.flow.module_list.5.subnet.0.bias");
    }, /"U-Flow" \(1 missing: flow\.module_list\.5\.subnet\.0\.bias\)/);
    const whole = new Map([...backbone, ...flow]);
    const missing = (state: Map<string, Tensor>) => {
      state.delete("model.feature_extractor.extractor.layer2.0.bn1.bias");
    };
    await expectRefused(missing, /"resnet18" \(1 missing: layer2\.0\.bn1\.bias\)/, {}, whole);
    const key = "model.feature_extractor.extractor.layer3.1.conv2.weight";
    const notFinite = (state: Map<string, Tensor>) => {
      const { shape, data } = state.get(key)!;
      state.set(key, { shape, data: (data as Float32Array).map((x, i) => (i === 9 ? Number.NaN : x)) });
    };
    await expectRefused(notFinite, /layer3\.1\.conv2\.weight holds NaN at position 9/, {}, whole);
    await expectRefused(() => {}, /"resnet18" \(\d+ missing: conv1\.weight, /);
  });

  it("is refused for another input size than it has", async () => {
    const options = { checkpoint, backbone: "resnet18" as const, output: output(), inputSize: 256 };
    await expect(importReference(options)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/inputSize to be 64, .*received 256/),
    });
  });

  it("is left when the import is cancelled", async () => {
    const stop = new AbortController();
    const importing = importReference({
      checkpoint,
      backbone: "resnet18",
      output: output(),
      signal: stop.signal,
    });
    setImmediate(() => stop.abort());
    await expect(importing).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    expect(await readdir(folder)).not.toContain("refused.uflow");
  });

  it("is refused when it is no checkpoint, and with wrong options", async () => {
    const missing = {
      checkpoint: join(folder, "none.ckpt"),
      backbone: "resnet18" as const,
      output: output(),
    };
    await expect(importReference(missing)).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_WEIGHTS" });
    await expect(importReference({ ...missing, backbone: "mobile" } as never)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/backbone: .*"resnet18"\|"wide_resnet50_2"\|"mcait".*"mobile"/),
    });
  });
});

/** Bit by bit. For a million numbers, of which `toEqual` would make seconds. */
async function expectSame(model: string): Promise<void> {
  const { values, slots, permutations } = (await readFlowParameters(model)).parameters!;
  expect({ slots, permutations }).toEqual({ slots: parameters.slots, permutations: parameters.permutations });
  expect(Buffer.compare(numberBytes(values), numberBytes(parameters.values))).toBe(0);
}

const asTensors = (outputs: Record<string, { data: Float32Array; dims: readonly number[] }>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [name, { data, shape: dims }]));

async function run(network: Uint8Array, inputs: Record<string, { data: unknown; shape: readonly number[] }>) {
  const session = await Session.create(network, cpu);
  const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
    name,
    { data: data as Float32Array, dims: shape },
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.close();
  return outputs;
}

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
