import { mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type BuildOptions, toldOf } from "#uflow/backbone/building.js";
import { ensureNetwork } from "#uflow/backbone/ensure-network.js";
import { type Backbone, backboneOf, type WantedWeights } from "#uflow/backbone/index.js";
import { mcaitNetwork, mcaitWeights } from "#uflow/backbone/mcait.js";
import { keptNetwork } from "#uflow/backbone/network-cache.js";
import { inTenths, type NetworkProgress } from "#uflow/backbone/network-progress.js";
import type { StoredBackbone } from "#uflow/weights/store/index.js";
import { storeHome } from "../fixtures/store-home.js";
import { pair, twoScales } from "./mini-cait.js";

const path = storeHome();
const small = { ...backboneOf("mcait"), name: "pair", weights: mcaitWeights(twoScales) };

/** The small network as the store keeps it. */
const kept = (folder: string, options: BuildOptions, backbone: Backbone = small) =>
  keptNetwork(folder, "key", () =>
    toldOf(backbone, pair, options, (weights) => mcaitNetwork(twoScales, weights, folder)),
  );

it("tells how far a network is, from its first tensor to the end, and only where it is built", async () => {
  const told: NetworkProgress[] = [];
  const onNetwork = (progress: NetworkProgress) => told.push(progress);
  await kept(path("told"), { onNetwork });
  const { total } = told[0]!;
  const shapes = [...mcaitWeights(twoScales).shapes.values()];
  expect(total).toBe(4 * shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0));
  expect(told.length).toBeGreaterThan(20);
  told.forEach((progress, i) => {
    expect(progress).toMatchObject({ backbone: "pair", total });
    expect(progress.done).toBeGreaterThan(i === 0 ? 0 : told[i - 1]!.done);
    expect(progress.done === total).toBe(i === told.length - 1);
  });
  const before = told.length;
  await kept(path("told"), { onNetwork });
  expect(told.length).toBe(before);
});

it("tells nothing of a network that has its weights in itself", async () => {
  const { fileVersion: _, ...whole } = small;
  const told: NetworkProgress[] = [];
  await kept(path("whole"), { onNetwork: (progress) => told.push(progress) }, whole);
  expect(told).toEqual([]);
});

it("leaves nothing when it is stopped in between, and can be built then", async () => {
  const folder = path("stopped");
  const stop = new AbortController();
  let tensors = 0;
  const onNetwork = () => {
    tensors += 1;
    if (tensors === 20) stop.abort();
  };
  await expect(kept(folder, { signal: stop.signal, onNetwork })).rejects.toMatchObject({
    code: "ERR_UFLOW_ABORTED",
  });
  expect(tensors).toBe(20);
  expect(await readdir(folder)).toEqual([]);
  await kept(folder, {});
  expect((await readdir(folder)).length).toBe(2);
});

/** A safetensors file of these tensors, all zeros, which takes no room on the disk. */
async function zeros(file: string, { shapes }: WantedWeights, prefix: string): Promise<void> {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of shapes) {
    if (!name.startsWith(prefix)) continue;
    const begin = end;
    end += 4 * shape.reduce((product, size) => product * size, 1);
    header[name.slice(prefix.length)] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const handle = await open(file, "w");
  await handle.writeFile(Buffer.concat([length, text]));
  await handle.truncate(8 + text.length + end);
  await handle.close();
}

it("is built in a thread, which tells and can be stopped", async () => {
  const mcait = backboneOf("mcait");
  const files: { path: string; sha256: string }[] = [];
  await mkdir(path("weights"), { recursive: true });
  for (const [i, prefix] of mcait.weightFiles!.entries()) {
    const file = path(`weights/${i}.safetensors`);
    await zeros(file, mcait.weights!, prefix);
    files.push({ path: file, sha256: `${i}`.repeat(64) });
  }
  const source = { name: "mcait", home: path("thread"), stored: { files } as unknown as StoredBackbone };
  const stop = new AbortController();
  const told: NetworkProgress[] = [];
  const onNetwork = (progress: NetworkProgress) => {
    told.push(progress);
    stop.abort();
  };
  await expect(ensureNetwork(source, 448, { signal: stop.signal, onNetwork })).rejects.toMatchObject({
    code: "ERR_UFLOW_ABORTED",
  });
  expect(told.length).toBe(1);
  expect(told[0]).toMatchObject({ backbone: "mcait", done: 4 * 768 * 3 * 16 * 16 });
  expect(told[0]!.total).toBeGreaterThan(1.2e9);
  expect(await readdir(join(path("thread"), "networks"))).toEqual([]);
});

it("is told to a log in tenths", () => {
  const lines: string[] = [];
  const tell = inTenths((text) => lines.push(text));
  for (let done = 1; done <= 100; done++) tell({ backbone: "mcait", done, total: 100 });
  expect(lines.length).toBe(10);
  expect(lines[3]).toBe("building mcait's network, once per machine: 40 %");
});
