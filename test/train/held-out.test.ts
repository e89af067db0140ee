import { describe, expect, it } from "vitest";
import { backboneOf, featureScales } from "#uflow/backbone/index.js";
import { energyNetwork } from "#uflow/flow/energy-network.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { FeatureCache } from "#uflow/train/feature-cache.js";
import { divide, HeldOutImages, usualInterval } from "#uflow/train/held-out.js";
import { Trainer } from "#uflow/train/trainer.js";
import { randomParameters } from "../fixtures/random-model.js";

describe("the division of the good images", () => {
  it.each([
    [2, undefined, 0],
    [9, undefined, 0],
    [10, undefined, 2],
    [28, undefined, 6],
    [209, undefined, 42],
    [209, 0, 0],
    [209, 0.5, 105],
    [209, 0.001, 2],
    [4, 0.1, 2],
  ])("of %i with the fraction %s holds out %i", (images, fraction, count) => {
    const { learned, heldOut } = divide(images, fraction, 3);
    expect(heldOut).toHaveLength(count);
    const all = [...learned, ...heldOut].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: images }, (_, i) => i));
  });

  it("is drawn by the seed alone", () => {
    expect(divide(28, 0.2, 7)).toEqual(divide(28, undefined, 7));
    expect(divide(28, 0.2, 7)).not.toEqual(divide(28, 0.2, 8));
  });

  it("keeps twins together", () => {
    const twins = [
      [0, 1, 2],
      [5, 9],
      [7, 8],
      [10, 11],
    ];
    for (let seed = 0; seed < 20; seed++) {
      const { heldOut, learned } = divide(12, 0.35, seed, twins);
      expect(heldOut.length + learned.length).toBe(12);
      expect([3, 4]).toContain(heldOut.length);
      for (const group of twins) {
        expect([0, group.length]).toContain(group.filter((image) => heldOut.includes(image)).length);
      }
    }
  });

  it("leaves two to learn from, or refuses", () => {
    expect(() => divide(3, 0.2, 0)).toThrow(
      expect.objectContaining({
        code: "ERR_UFLOW_BAD_DATASET",
        message: expect.stringMatching(/Of 3 good images 2 would be held out and 1 remain; .* or heldOut 0/),
      }),
    );
  });

  it("is looked at so rarely that it costs a twentieth", () => {
    const interval = (learned: number, heldOut: number) =>
      usualInterval({ learned: Array(learned).fill(0), heldOut: Array(heldOut).fill(0) });
    expect(interval(22, 6)).toBe(3);
    expect(interval(100, 100)).toBe(8);
    expect(interval(1000, 2)).toBe(1);
  });
});

it("has the loss of a training step and the energies of the model's network", async () => {
  const scales = featureScales(backboneOf("mobile"), 64);
  const architecture = { scales, flowSteps: 2, normalization: "standard" } as const;
  const parameters = randomParameters(architecture, 4);
  const features = await FeatureCache.create(scales, 3);
  const random = new Random(1);
  for (let image = 0; image < 3; image++) {
    await features.store(
      image,
      scales.map(({ channels, height, width }) =>
        Float32Array.from({ length: channels * height * width }, () => random.normal()),
      ),
    );
  }
  const heldOut = await HeldOutImages.open(architecture, parameters, features, [2, 0, 1], {
    batchSize: 2,
    threads: 1,
  });
  const trainer = new Trainer(architecture, parameters, { weightDecay: 0, threads: 1 });
  const { loss } = await trainer.step(await features.batch([2, 0, 1]), 0);
  expect((await heldOut.loss(parameters.values)) / loss).toBeCloseTo(1, 5);

  const energies = await heldOut.energies(parameters.values);
  expect(energies).toHaveLength(3);
  const session = await Session.create(energyNetwork(architecture, parameters), {
    device: "cpu",
    threads: 1,
  });
  const inputs = (await features.batch([0])).map((feature, scale) => [`feature_${scale}`, feature]);
  const wanted = await session.run(Object.fromEntries(inputs));
  energies[1]!.forEach(({ data, channels, height, width }, scale) => {
    const { data: numbers, dims } = wanted[`energy_${scale}`]!;
    expect([1, 1, height, width]).toEqual(dims);
    expect(channels).toBeGreaterThan(1);
    for (let i = 0; i < data.length; i++) expect(data[i]! / numbers[i]!).toBeCloseTo(1, 4);
  });
  await session.close();
  await trainer.close();
  await heldOut.close();
  await features.close();
});
