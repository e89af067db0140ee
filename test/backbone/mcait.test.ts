import { mkdtemp, readdir, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { joinWeights } from "#uflow/backbone/index.js";
import { mcait, mcaitNetwork, mcaitWeights } from "#uflow/backbone/mcait.js";
import { Session } from "#uflow/onnx/session.js";
import { expectClose } from "../closeness.js";
import { golden, mini, pair, state, twoScales } from "./mini-cait.js";
import { withTensor } from "./test-weights.js";

const image = golden.tensor("image");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-mcait-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(network: Uint8Array, data: Float32Array, dims: readonly number[]) {
  const session = await Session.create(network, { device: "cpu", threads: 1, weightsFolder: folder });
  const outputs = await session.run({ image: { data, dims } });
  await session.close();
  return outputs;
}

it("yields the features of the reference for a batch", async () => {
  const network = await mcaitNetwork(
    { name: "one", scales: [mini] },
    joinWeights({ "mini.": state }),
    folder,
  );
  const { feature_0 } = await run(network, image.data as Float32Array, image.shape);
  expect(feature_0!.dims).toEqual([2, 48, 4, 4]);
  expectClose(feature_0!.data, golden.tensor("feature").data, 1e-5);
});

it("sees each scale's own image, and one image at a time as it sees a batch", async () => {
  const network = await mcaitNetwork(twoScales, pair, folder);
  const both = await run(network, image.data as Float32Array, image.shape);
  const second = (image.data as Float32Array).subarray(image.data.length / 2);
  const alone = await run(network, second, [1, 3, 64, 64]);
  expect(alone.feature_1!.dims).toEqual([1, 48, 2, 2]);
  for (const name of ["feature_0", "feature_1"]) {
    const { data } = both[name]!;
    expectClose(data.subarray(data.length / 2), alone[name]!.data, 1e-5);
  }
  expectClose(both.feature_0!.data, golden.tensor("feature").data, 1e-5);
});

it("names the weights file after what it holds, and makes it again byte by byte", async () => {
  const first = await mcaitNetwork(twoScales, pair, folder);
  const files = await readdir(folder);
  // Where this name changes, kept files and models that name them are no longer the same: raise `mcaitFileVersion`.
  expect(files).toContain("pair-5587b35f362622ad7296e79a926f249b.weights");
  expect(await mcaitNetwork(twoScales, pair, folder)).toEqual(first);
  expect(await readdir(folder)).toEqual(files);
  const other = withTensor(pair, "half.patch_embed.proj.weight", (data) => {
    data[0]! += 1;
  });
  await mcaitNetwork(twoScales, other, folder);
  expect((await readdir(folder)).length).toBe(files.length + 1);
});

it("writes no weights file that is there already, but one that is cut short", async () => {
  await mcaitNetwork(twoScales, pair, folder);
  const path = join(folder, "pair-5587b35f362622ad7296e79a926f249b.weights");
  const before = await stat(path);
  await mcaitNetwork(twoScales, pair, folder);
  const { ino, mtimeMs } = await stat(path);
  expect({ ino, mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs });
  await truncate(path, before.size - 1);
  await mcaitNetwork(twoScales, pair, folder);
  expect((await stat(path)).size).toBe(before.size);
});

it("refuses damaged weights by name and leaves no file", async () => {
  const files = await readdir(folder);
  const damaged = withTensor(pair, "half.norm.bias", (data) => {
    data[3] = Number.NaN;
  });
  await expect(mcaitNetwork(twoScales, damaged, folder)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_WEIGHTS",
    message: expect.stringMatching(/half\.norm\.bias holds NaN at position 3/),
  });
  await expect(mcaitNetwork(twoScales, state, folder)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_WEIGHTS",
    message: expect.stringMatching(/missing: mini\.pos_embed/),
  });
  expect(await readdir(folder)).toEqual(files);
});

it("wants the used blocks of both transformers and lets the others be", () => {
  const { shapes, unused } = mcaitWeights(mcait);
  expect(shapes.get("cait_m48_448.pos_embed")).toEqual([1, 784, 768]);
  expect(shapes.get("cait_m48_448.blocks.40.attn.qkv.weight")).toEqual([2304, 768]);
  expect(shapes.get("cait_s24_224.blocks.20.attn.proj_l.weight")).toEqual([8, 8]);
  expect(shapes.has("cait_s24_224.blocks.21.gamma_1")).toBe(false);
  for (const name of ["blocks.21.gamma_1", "cls_token", "blocks_token_only.0.gamma_1", "head.weight"]) {
    expect(unused(`cait_s24_224.${name}`)).toBe(true);
  }
  for (const name of ["blocks.20.gamma_3", "neck.weight", "cls_tokens"]) {
    expect(unused(`cait_s24_224.${name}`)).toBe(false);
  }
  expect(unused("cait_m48_448.blocks.40.gamma_3")).toBe(false);
  expect(unused("cls_token")).toBe(false);
});
