import { describe, expect, it } from "vitest";
import type { Tensor } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { learningRateAt } from "#uflow/train/schedule.js";
import { ShareGradient } from "#uflow/train/share-gradient.js";
import { Trainer } from "#uflow/train/trainer.js";
import { goldenFlow, goldenNames, relativeError } from "../flow/golden-flow.js";

describe.each(goldenNames)("training the flow %s", (name) => {
  const flow = goldenFlow(name);
  const { architecture, parameters, weightDecay, learningRate, rateSteps } = flow;
  const features: Tensor[] = flow.features.map(({ data, shape }) => ({
    data: data as Float32Array,
    dims: shape,
  }));

  it("gives the reference's loss and every gradient", async () => {
    const share = new ShareGradient(architecture, parameters, { threads: 1, onCpu: true, featureNoise: 0 });
    const { loss, gradient } = await share.of({ features, noiseSeeds: [] }, parameters.values);
    await share.close();
    const wantedLoss = flow.golden.tensor("loss64").data[0] as number;
    expect(Math.abs(loss / 2 / wantedLoss - 1)).toBeLessThan(2e-6);
    parameters.slots.forEach(({ name: slot }, i) => {
      const got = gradient[i]!.map((slope) => slope / 2);
      const wanted = flow.floats(`grad64/${flow.referenceName(slot)}`);
      expect(relativeError(got, wanted), slot).toBeLessThan(1e-5);
    });
  });

  it("tells the gradient's norm, and shortens gradients beyond the norm that is given, and no others", async () => {
    const wanted = parameters.slots.flatMap(({ name: slot }) =>
      Array.from(flow.floats(`grad64/${flow.referenceName(slot)}`)),
    );
    const norm = Math.hypot(...wanted);
    const momentAfter = async (clipNorm?: number) => {
      const trainer = new Trainer(architecture, parameters, { weightDecay, clipNorm, threads: 1 });
      const { gradientNorm } = await trainer.step(features, learningRate);
      expect(gradientNorm / norm - 1).toBeCloseTo(0, 5);
      await trainer.close();
      return trainer.state.firstMoment;
    };
    const moment = await momentAfter();
    expect(await momentAfter(2 * norm)).toEqual(moment);
    const clipped = wanted.map((slope, i) => 0.1 * (slope / 4 + weightDecay * parameters.values[i]!));
    expect(relativeError(await momentAfter(norm / 4), clipped)).toBeLessThan(1e-5);
  });

  it.each([1, 2, 4])("gives the reference's parameters after five steps, %i threads", async (threads) => {
    const trainer = new Trainer(architecture, parameters, { weightDecay, threads });
    const losses = flow.golden.tensor("adam_losses").data as Float64Array;
    for (let step = 0; step < 5; step++) {
      const { loss } = await trainer.step(features, learningRateAt("linear", learningRate, step, rateSteps));
      expect(Math.abs(loss / losses[step]! - 1)).toBeLessThan(2e-6);
    }
    const { values } = trainer.state;
    for (const { name: slot, offset, length } of parameters.slots) {
      const wanted = flow.floats(`adam5/${flow.referenceName(slot)}`);
      expect(relativeError(values.subarray(offset, offset + length), wanted), slot).toBeLessThan(5e-6);
    }
    await trainer.close();
  });

  it("takes no step from a loss that is not finite", async () => {
    const trainer = new Trainer(architecture, parameters, { weightDecay, threads: 1 });
    const broken = features.map(({ data, dims }) => ({ data: data.map(() => Number.NaN), dims }));
    const before = trainer.state;
    expect((await trainer.step(broken, learningRate)).loss).toBeNaN();
    expect(trainer.state).toBe(before);
    await trainer.close();
  });

  it("mixes the normalised features of each image with its noise", async () => {
    const plain = { ...architecture, normalization: "none" } as const;
    const slots = parameters.slots.filter(({ name: slot }) => !slot.includes(".norm."));
    const layout = { ...parameters, slots };
    const noiseSeeds = [11, 12];
    const noisy = new ShareGradient(plain, layout, { threads: 1, onCpu: true, featureNoise: 0.3 });
    const exact = new ShareGradient(plain, layout, { threads: 1, onCpu: true, featureNoise: 0 });
    const random = noiseSeeds.map((seed) => new Random(seed));
    const disturbed = features.map(({ data, dims }) => {
      const sum = data.map((value) => value * Math.sqrt(1 - 0.3 ** 2));
      random.forEach((ofImage, image) => {
        const noise = new Float32Array(data.length / 2);
        ofImage.fillWithNoise(noise, 0.3);
        noise.forEach((value, i) => {
          sum[image * noise.length + i]! += value;
        });
      });
      return { data: sum, dims };
    });
    const got = await noisy.of({ features, noiseSeeds }, parameters.values);
    const wanted = await exact.of({ features: disturbed, noiseSeeds: [] }, parameters.values);
    expect(Math.abs(got.loss / wanted.loss - 1)).toBeLessThan(1e-6);
    got.gradient.forEach((piece, i) => {
      expect(relativeError(piece, wanted.gradient[i]!), slots[i]!.name).toBeLessThan(1e-5);
    });
    expect(got.loss).not.toBe((await exact.of({ features, noiseSeeds: [] }, parameters.values)).loss);
    await noisy.close();
    await exact.close();
  });

  it("sees other noise in each step and for each seed, and the same from the same state with any number of threads", async () => {
    const losses = async (seed: number, threads: number) => {
      const trainer = new Trainer(architecture, parameters, {
        weightDecay,
        threads,
        featureNoise: 0.5,
        seed,
      });
      const start = trainer.state;
      const step = async () => (await trainer.step(features, 1e-12)).loss;
      const [first, second] = [await step(), await step()];
      trainer.state = start;
      expect(await step()).toBe(first);
      await trainer.close();
      return [first, second];
    };
    const [first, second] = await losses(1, 1);
    expect(Math.abs(second! / first! - 1)).toBeGreaterThan(1e-4);
    expect(Math.abs((await losses(2, 1))[0]! / first! - 1)).toBeGreaterThan(1e-4);
    expect((await losses(1, 2))[0]! / first!).toBeCloseTo(1, 5);
  });

  it.each([1, 2])("leaves the state of before as it was, to go back to, %i threads", async (threads) => {
    const trainer = new Trainer(architecture, parameters, { weightDecay, threads });
    const start = trainer.state;
    const first = await trainer.step(features, learningRate);
    const after = trainer.state;
    await trainer.step(features, learningRate);
    trainer.state = start;
    expect(start.values).toEqual(parameters.values);
    expect(await trainer.step(features, learningRate)).toEqual(first);
    expect(trainer.state).toEqual(after);
    await trainer.close();
  });

  it("gives the same bits each time with several threads, also for smaller batches", async () => {
    const one = features.map(({ data, dims: [, ...shape] }) => ({
      data: data.subarray(0, data.length / 2),
      dims: [1, ...shape],
    }));
    const learned = async () => {
      const trainer = new Trainer(architecture, parameters, { weightDecay, threads: 2 });
      const losses: number[] = [];
      for (const batch of [features, one, features])
        losses.push((await trainer.step(batch, learningRate)).loss);
      await trainer.close();
      return { losses, state: trainer.state };
    };
    expect(await learned()).toEqual(await learned());
  });
});
