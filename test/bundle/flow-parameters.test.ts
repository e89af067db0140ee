import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parametersBytes, readParameters } from "#uflow/bundle/flow-parameters.js";
import { readFlowParameters, readModel } from "#uflow/bundle/read.js";
import { writeModel } from "#uflow/bundle/write.js";
import { UflowError } from "#uflow/error.js";
import type { FlowArchitecture } from "#uflow/flow/architecture.js";
import { type FlowParameters, initialParameters } from "#uflow/flow/parameters.js";
import { RandomAccessFile } from "#uflow/input/random-access-file.js";
import { tinyModel } from "./tiny-model.js";

const architecture = {
  scales: [{ channels: 4, height: 8, width: 8 }],
  flowSteps: 2,
  normalization: "layer" as const,
};
const parameters = initialParameters(architecture, 9);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-parameters-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("parameters come back from a model file, bit by bit", async () => {
  const path = join(folder, "model.uflow");
  const manifest = await writeModel(path, { ...tinyModel, parameters });
  expect(await readFlowParameters(path)).toEqual({ manifest, parameters });
  expect(Object.keys((await readModel(path)).manifest.entries)).toContain("flow.safetensors");
});

const whitenedFlow = { ...architecture, normalization: "whitened" as const };
const whitenings = [{ matrix: new Float32Array(16).fill(0.5), offset: Float32Array.of(1, 2, 3, 4) }];

it("whitenings come back with them, and are refused where they are missing or not finite", async () => {
  const whitened = { ...initialParameters(whitenedFlow, 9), whitenings };
  expect(await read(parametersBytes(whitened), whitenedFlow)).toEqual(whitened);
  await expect(read(parametersBytes({ ...whitened, whitenings: [] }), whitenedFlow)).rejects.toThrow(
    /has 14 parameters, where 16 are wanted/,
  );
  const broken = [{ ...whitenings[0]!, offset: Float32Array.of(1, 2, Number.NaN, 4) }];
  await expect(read(parametersBytes({ ...whitened, whitenings: broken }), whitenedFlow)).rejects.toThrow(
    /scale0\.whitening\.offset is not finite/,
  );
  const small = [{ matrix: new Float32Array(9), offset: new Float32Array(3) }];
  await expect(read(parametersBytes({ ...whitened, whitenings: small }), whitenedFlow)).rejects.toThrow(
    /is float32 \[3,3\], where float32 \[4,4\] is wanted/,
  );
});

it("a file without them is read as before", async () => {
  const path = join(folder, "old.uflow");
  await writeModel(path, tinyModel);
  expect((await readFlowParameters(path)).parameters).toBeUndefined();
});

it("a byte that has changed is found by either reader", async () => {
  const path = join(folder, "changed.uflow");
  await writeModel(path, { ...tinyModel, parameters });
  const bytes = await readFile(path);
  const at = bytes.indexOf(Buffer.from(parameters.values.buffer, 0, 64));
  bytes[at]! ^= 1;
  await writeFile(path, bytes);
  const refused = {
    code: "ERR_UFLOW_BAD_MODEL",
    message: expect.stringMatching(/"flow\.safetensors".*checksum/),
  };
  await expect(readFlowParameters(path)).rejects.toMatchObject(refused);
  await expect(readModel(path)).rejects.toMatchObject(refused);
});

it("parameters of another flow than that of the manifest are refused", async () => {
  const path = join(folder, "other.uflow");
  await writeModel(path, {
    ...tinyModel,
    parameters: initialParameters({ ...architecture, flowSteps: 3 }, 1),
  });
  await expect(readFlowParameters(path)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_MODEL",
    message: expect.stringMatching(/other\.uflow: its flow has 23 parameters, where 16 are wanted/),
  });
});

const without = (name: string) => ({ slots: parameters.slots.filter((slot) => slot.name !== name) });
const permuted = (order: number[]) => ({
  permutations: new Map([...parameters.permutations, ["scale0.step1", Int32Array.from(order)]]),
});
const renamed = (from: string, to: string) => ({
  slots: parameters.slots.map((slot) => (slot.name === from ? { ...slot, name: to } : slot)),
});
const reshaped = (name: string, shape: number[]) => ({
  slots: parameters.slots.map((slot) => (slot.name === name ? { ...slot, shape } : slot)),
});
const infinite = {
  values: parameters.values.map((value, i) => (i === 1 ? Number.POSITIVE_INFINITY : value)),
};

it.each<[string, Partial<FlowParameters>, RegExp]>([
  ["one is missing", without("scale0.norm.bias"), /has 15 parameters, where 16/],
  ["one has another name", renamed("scale0.norm.bias", "bias"), /has no parameter scale0\.norm\.bias/],
  [
    "one has another shape",
    reshaped("scale0.norm.bias", [256]),
    /is float32 \[256\], where float32 \[4,8,8\]/,
  ],
  ["one is not finite", infinite, /parameter scale0\.step0\.globalScale is not finite/],
  ["a permutation has a channel twice", permuted([0, 1, 1, 3]), /step1\.permutation is no permutation of 4/],
  ["a permutation reaches beyond", permuted([0, 1, 2, 4]), /step1\.permutation is no permutation of 4/],
  ["a permutation is too short", permuted([0, 1, 2]), /is int64 \[3\], where int64 \[4\]/],
])("is refused where %s", async (_, change, problem) => {
  await expect(read(parametersBytes({ ...parameters, ...change }))).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_MODEL",
    message: expect.stringMatching(problem),
  });
});

it("is refused before a hostile number of steps fills the memory, and where there is no flow", async () => {
  const bytes = parametersBytes(parameters);
  await expect(read(bytes, { ...architecture, flowSteps: 1e15 })).rejects.toThrow(/only 16 parameters/);
  const scales = [{ channels: 1, height: 8, width: 8 }];
  await expect(read(bytes, { ...architecture, scales })).rejects.toThrow(/No flow can be built/);
  await expect(read(bytes.subarray(0, 100))).rejects.toThrow(/longer than the file/);
});

async function read(bytes: Uint8Array, flow: FlowArchitecture = architecture): Promise<FlowParameters> {
  const path = join(folder, "entry");
  // Not at the file's beginning, as in a model file.
  await writeFile(path, Buffer.concat([Buffer.alloc(7, 1), bytes, Buffer.alloc(3, 1)]));
  const file = await RandomAccessFile.open(path, (reason) => new UflowError("ERR_UFLOW_BAD_MODEL", reason));
  try {
    return await readParameters(file.part(7, bytes.length), flow);
  } finally {
    await file.close();
  }
}
