import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { compose } from "#uflow/onnx/compose.js";
import { ExternalDataFile } from "#uflow/onnx/external-data.js";
import { Graph } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";

const random = new Random(1);
const numbers = (length: number) => Float32Array.from({ length }, () => random.between(-1, 1));
const [weight, bias, input] = [numbers(35), numbers(7), numbers(15)];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-external-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** x·weightᵀ + bias, its constants inside the model or in a file. */
async function network(file?: ExternalDataFile): Promise<Uint8Array> {
  const g = new Graph();
  const place = async (name: string, data: Float32Array, shape: number[]) =>
    file ? g.external(name, await file.append(data), shape) : g.constant(name, data, shape);
  const x = g.input("x", ["rows", 5]);
  g.output("y", op.linear(g, x, await place("w", weight, [7, 5]), await place("b", bias, [7])));
  return serialize(g, await file?.finish("tiny"));
}

async function result(model: Uint8Array, weightsFolder?: string): Promise<Float32Array> {
  const session = await Session.create(model, { device: "cpu", threads: 1, weightsFolder });
  const { y } = await session.run({ x: { data: input, dims: [3, 5] } });
  await session.close();
  return y!.data;
}

it("gives the same network as constants in the model", async () => {
  const model = await network(await ExternalDataFile.start(folder));
  expect(await result(model, folder)).toEqual(await result(await network()));
});

it("stays in its file where the network becomes part of a whole", async () => {
  const g = new Graph();
  g.output("z", op.relu(g, g.input("y", ["rows", 7])));
  const whole = compose(
    [
      {
        name: "first",
        network: await network(await ExternalDataFile.start(folder)),
        inputs: ["x"],
        outputs: ["y"],
      },
      { name: "second", network: serialize(g), inputs: ["y"], outputs: ["z"] },
    ],
    ["z"],
  )!;
  const session = await Session.create(whole, { device: "cpu", threads: 1, weightsFolder: folder });
  const { z } = await session.run({ x: { data: input, dims: [3, 5] } });
  await session.close();
  const y = await result(await network());
  expect(z!.data).toEqual(y.map((value) => Math.max(0, value)));
});

it("is one file, named after its content, with aligned tensors", async () => {
  await network(await ExternalDataFile.start(folder));
  const [name, ...others] = await readdir(folder);
  const bytes = await readFile(join(folder, name!));
  expect(others).toEqual([]);
  expect(name).toBe(`tiny-${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.weights`);
  expect(bytes.length).toBe(65536 + 4 * bias.length);
  expect(
    new Float32Array(bytes.buffer.slice(bytes.byteOffset + 65536, bytes.byteOffset + bytes.length)),
  ).toEqual(bias);
});

it("is never seen unfinished, and not at all when discarded", async () => {
  const file = await ExternalDataFile.start(folder);
  await file.append(weight);
  expect((await readdir(folder)).filter((name) => name.endsWith(".weights"))).toEqual([]);
  await file.discard();
  expect(await readdir(folder)).toEqual([]);
});

it("is missed when it is elsewhere or too short", async () => {
  const model = await network(await ExternalDataFile.start(folder));
  const path = join(folder, (await readdir(folder))[0]!);
  const refused = { code: "ERR_UFLOW_NETWORK" };
  await truncate(path, 65540);
  await expect(result(model, folder)).rejects.toMatchObject(refused);
  await rename(path, `${path}.elsewhere`);
  await expect(result(model, folder)).rejects.toMatchObject(refused);
});

it("cannot be forgotten, nor be of another size than its constant", async () => {
  const file = await ExternalDataFile.start(folder);
  const g = new Graph();
  const data = await file.append(weight);
  expect(() => g.external("w", data, [7, 6])).toThrow(/Expected 168 bytes.*received 140/);
  g.output("y", op.relu(g, g.external("w", data, [7, 5])));
  expect(() => serialize(g)).toThrow(expect.objectContaining({ code: "ERR_UFLOW_NETWORK" }));
  await file.discard();
});

it("needs a folder that can be written", async () => {
  await expect(ExternalDataFile.start("/proc/none")).rejects.toMatchObject({ code: "ERR_UFLOW_OUTPUT" });
});
