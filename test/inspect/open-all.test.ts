import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Model } from "#uflow/bundle/model.js";
import { writeModel } from "#uflow/bundle/write.js";
import { type Inspection, Inspector } from "#uflow/inspect/index.js";
import { Random } from "#uflow/random.js";
import { inputSize, randomModel } from "../fixtures/random-model.js";

let folder: string;
let paths: string[];

/** Two models with one backbone, and one with another. */
const models = [
  randomModel({ seed: 1 }),
  randomModel({ seed: 2 }),
  randomModel({ seed: 3, backboneSeed: 2 }),
];
const random = new Random(8);
const image = {
  data: Uint8Array.from({ length: 3 * inputSize ** 2 }, () => random.below(256)),
  width: inputSize,
  height: inputSize,
  channels: 3 as const,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-open-all-"));
  paths = await Promise.all(models.map((model, i) => write(`${i}.uflow`, model)));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, model: Model): Promise<string> {
  const path = join(folder, name);
  await writeModel(path, model);
  return path;
}

const verdict = ({ timings: _, ...rest }: Inspection) => rest;
const threads = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;

async function alone(path: string) {
  await using inspector = await Inspector.open(path);
  return verdict(await inspector.inspect(image));
}

it("gives each model's own verdict, in the order of the files", async () => {
  const wanted = [];
  for (const path of paths) wanted.push(await alone(path));
  expect(wanted[0]).not.toEqual(wanted[1]);
  const inspectors = await Inspector.openAll(paths);
  const together = await Promise.all(inspectors.map((inspector) => inspector.inspect(image)));
  expect(together.map(verdict)).toEqual(wanted);
  expect(inspectors.map(({ manifest }) => manifest)).toEqual(models.map(({ manifest }) => manifest));
  await Promise.all(inspectors.map((inspector) => inspector.close()));
});

it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])(
  "closes one after the other, in any order: %j",
  async (order) => {
    const before = threads();
    const inspectors = await Inspector.openAll(paths);
    expect(threads()).toBe(before + 1);
    const left = new Set(inspectors);
    for (const place of order) {
      const closing = inspectors[place]!;
      let answered = false;
      const asked = closing.inspect(image).then(() => {
        answered = true;
      });
      const closed = closing.close();
      await expect(closing.inspect(image)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
      await closed;
      expect(answered).toBe(true);
      await asked;
      await closing.close();
      left.delete(closing);
      for (const other of left) expect((await other.inspect(image)).image.width).toBe(inputSize);
    }
    expect(threads()).toBe(before);
  },
);

it("may open the same file twice", async () => {
  const [first, second] = await Inspector.openAll([paths[0]!, paths[0]!]);
  const wanted = verdict(await first!.inspect(image));
  await first!.close();
  expect(verdict(await second!.inspect(image))).toEqual(wanted);
  await second!.close();
});

it("opens none where one cannot be opened", async () => {
  const before = threads();
  const notThere = Inspector.openAll([paths[0]!, join(folder, "none.uflow")]);
  await expect(notThere).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_MODEL",
    message: expect.stringContaining("none.uflow"),
  });
  const bad = await write("bad.uflow", randomModel({ flow: Uint8Array.of(1, 2, 3) }));
  await expect(Inspector.openAll([paths[0]!, bad, paths[1]!])).rejects.toMatchObject({
    code: "ERR_UFLOW_NETWORK",
  });
  await expect.poll(threads).toBe(before);
});

it("refuses what is no list of paths", async () => {
  for (const wrong of [[], undefined, "a.uflow", [paths[0], 7]]) {
    await expect(Inspector.openAll(wrong as never)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringContaining("paths"),
    });
  }
});

it("lets no model wait for all images of another, though their stations have the same name", async () => {
  const [first, second] = await Inspector.openAll(paths.slice(0, 2));
  const order: string[] = [];
  const many = Array.from({ length: 12 }, () => first!.inspect(image).then(() => order.push("first")));
  await Promise.all([...many, second!.inspect(image).then(() => order.push("second"))]);
  expect(order.indexOf("second")).toBeLessThan(6);
  await Promise.all([first!.close(), second!.close()]);
});
