import { readdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { keptNetwork } from "#uflow/backbone/network-cache.js";
import { ExternalDataFile, externalFiles } from "#uflow/onnx/external-data.js";
import { Graph } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { storeHome } from "../fixtures/store-home.js";

const path = storeHome();
let folder: string;
let built: number;
beforeEach(({ task }) => {
  folder = path(task.id);
  built = 0;
});

/** Twice the input plus a constant that stands in a file. */
async function build(value = 1): Promise<Uint8Array> {
  built += 1;
  const file = await ExternalDataFile.start(folder);
  const g = new Graph();
  const x = g.input("x", ["batch", 2]);
  const constant = g.external("c", await file.append(Float32Array.of(value, 2)), [2]);
  g.output("y", op.add(g, x, constant));
  return serialize(g, await file.finish("tiny"));
}

it("is built once", async () => {
  const first = await keptNetwork(folder, "key", build);
  const again = await keptNetwork(folder, "key", build);
  expect(built).toBe(1);
  expect(Buffer.from(first.network).equals(again.network)).toBe(true);
  expect(first).toMatchObject({
    folder,
    bytes: 8,
    file: expect.stringMatching(/^tiny-[0-9a-f]{32}\.weights$/),
  });
  expect((await readdir(folder)).sort()).toEqual(["key.onnx", first.file]);
  expect([...externalFiles(await readFile(join(folder, "key.onnx")))]).toEqual([[first.file, 8]]);
});

it("is built for every key", async () => {
  const one = await keptNetwork(folder, "one", build);
  const other = await keptNetwork(folder, "other", () => build(3));
  expect(other.file).not.toBe(one.file);
});

it.each([".onnx", ".weights"])("is built again when the file %s is damaged", async (extension) => {
  const { file } = await keptNetwork(folder, "key", build);
  await truncate(join(folder, extension === ".onnx" ? "key.onnx" : file), 5);
  const again = await keptNetwork(folder, "key", build);
  expect(built).toBe(2);
  expect(again.file).toBe(file);
  expect((await readFile(join(folder, file))).length).toBe(8);
});

it("is built by two at once without harm", async () => {
  const both = await Promise.all([keptNetwork(folder, "key", build), keptNetwork(folder, "key", build)]);
  expect(both[0]).toEqual(both[1]);
  expect((await readdir(folder)).length).toBe(2);
});

it("leaves nothing when it cannot be built, unless another was faster", async () => {
  const failing = async () => {
    throw new Error("no weights");
  };
  await expect(keptNetwork(folder, "key", failing)).rejects.toThrow("no weights");
  const overtaken = async () => {
    await keptNetwork(folder, "key", build);
    throw new Error("the file is in use");
  };
  expect((await keptNetwork(folder, "key", overtaken)).bytes).toBe(8);
});
