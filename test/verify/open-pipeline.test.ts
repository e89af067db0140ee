import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { Inspector } from "#uflow/inspect/index.js";
import type { Pipeline } from "#uflow/inspect/pipeline.js";
import { Session } from "#uflow/onnx/session.js";
import { openPipeline } from "#uflow/verify/open-pipeline.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

const options = { device: "cpu", threads: 1 } as const;
let tiny: TinyModel;
let image: string;
beforeAll(async () => {
  tiny = await tinyModel();
  image = `${tiny.data}/test/hole/0.png`;
});
afterAll(() => tiny[Symbol.asyncDispose]());
afterEach(() => {
  vi.restoreAllMocks();
});

async function inspected(pipeline: Pipeline, onLatents?: (tiles: Float32Array[][]) => void) {
  const [inspection] = await pipeline.inspect([await pipeline.prepare(image)], onLatents);
  if (!inspection || inspection instanceof Error) throw inspection;
  return inspection;
}

it("a way opens one session, which gives what an inspector gives and the latents only where they are wanted", async () => {
  const created = vi.spyOn(Session, "create");
  const run = vi.spyOn(Session.prototype, "run");
  const pipeline = await openPipeline(tiny.model, options);
  expect(created).toHaveBeenCalledTimes(1);
  const tiles: Float32Array[][] = [];
  const withLatents = await inspected(pipeline, (all) => tiles.push(...all));
  const without = await inspected(pipeline);
  expect(created).toHaveBeenCalledTimes(1);
  await pipeline.close();
  const outputs = await Promise.all(run.mock.results.map(({ value }) => value));
  expect(outputs.map((each) => Object.keys(each))).toEqual([
    ["energy_0", "energy_1", "energy_2", "latent_0", "latent_1", "latent_2"],
    ["energy_0", "energy_1", "energy_2"],
  ]);
  await using inspector = await Inspector.open(tiny.model, options);
  const { manifest } = inspector;
  expect(tiles.map((scales) => scales.map(({ length }) => length))).toEqual([
    manifest.latents.map(({ channels, height, width }) => channels * height * width),
  ]);
  expect(tiles[0]!.flatMap((z) => [...z]).some((value) => value !== 0)).toBe(true);
  const wanted = await inspector.inspect(image);
  for (const got of [withLatents, without]) {
    const { timings: _, ...figures } = got;
    const { timings: __, ...others } = wanted;
    expect(figures).toEqual(others);
  }
});
