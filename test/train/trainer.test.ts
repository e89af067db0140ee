import { describe, expect, it } from "vitest";
import type { Tensor } from "#uflow/onnx/session.js";
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
    const share = new ShareGradient(architecture, parameters, { threads: 1, onCpu: true });
    const { loss, gradient } = await share.of(features, parameters.values);
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
