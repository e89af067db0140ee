import { describe, expect, it } from "vitest";
import { Session, type Tensor } from "#uflow/onnx/session.js";
import { learningRateAt } from "#uflow/train/schedule.js";
import { stepNetwork } from "#uflow/train/step-network.js";
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
    const options = { batchSize: 2, weightDecay, withGradient: true };
    const session = await Session.create(stepNetwork(architecture, parameters, options), {
      device: "cpu",
      threads: 1,
    });
    const zeros = { data: new Float32Array(parameters.values.length), dims: [parameters.values.length] };
    const { loss, gradient, gradientNorm } = await session.run({
      ...Object.fromEntries(features.map((feature, i) => [`feature_${i}`, feature])),
      values: { data: parameters.values, dims: zeros.dims },
      firstMoment: zeros,
      secondMoment: zeros,
      stepSize: { data: Float32Array.of(0), dims: [] },
      inverseCorrection: { data: Float32Array.of(1), dims: [] },
    });
    const wantedLoss = flow.golden.tensor("loss64").data[0] as number;
    expect(Math.abs(loss!.data[0]! / wantedLoss - 1)).toBeLessThan(2e-6);
    expect(gradientNorm!.data[0]! / Math.hypot(...gradient!.data) - 1).toBeCloseTo(0, 5);
    for (const { name: slot, offset, length } of parameters.slots) {
      const got = gradient!.data.subarray(offset, offset + length);
      const wanted = flow.floats(`grad64/${flow.referenceName(slot)}`);
      expect(relativeError(got, wanted), slot).toBeLessThan(1e-5);
    }
  });

  it("shortens gradients beyond the norm that is given, and no others", async () => {
    const zeros = { data: new Float32Array(parameters.values.length), dims: [parameters.values.length] };
    const stepWith = async (clipNorm?: number) => {
      const options = { batchSize: 2, weightDecay, withGradient: true, clipNorm };
      const session = await Session.create(stepNetwork(architecture, parameters, options), {
        device: "cpu",
        threads: 1,
      });
      const outputs = await session.run({
        ...Object.fromEntries(features.map((feature, i) => [`feature_${i}`, feature])),
        values: { data: parameters.values, dims: zeros.dims },
        firstMoment: zeros,
        secondMoment: zeros,
        stepSize: { data: Float32Array.of(0), dims: [] },
        inverseCorrection: { data: Float32Array.of(1), dims: [] },
      });
      await session.close();
      return outputs;
    };
    const { gradient, gradientNorm, firstMomentAfter } = await stepWith();
    const norm = gradientNorm!.data[0]!;
    expect((await stepWith(2 * norm)).firstMomentAfter!.data).toEqual(firstMomentAfter!.data);
    const clipped = await stepWith(norm / 4);
    expect(clipped.gradientNorm!.data[0]).toBe(norm);
    const wanted = gradient!.data.map((slope, i) => 0.1 * (slope / 4 + weightDecay * parameters.values[i]!));
    expect(relativeError(clipped.firstMomentAfter!.data, wanted)).toBeLessThan(1e-6);
  });

  it("gives the reference's parameters after five Adam steps", async () => {
    const trainer = new Trainer(architecture, parameters, { weightDecay, threads: 1 });
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

  it("leaves the state of before as it was, to go back to", async () => {
    const trainer = new Trainer(architecture, parameters, { weightDecay, threads: 1 });
    const start = trainer.state;
    const first = await trainer.step(features, learningRate);
    const after = trainer.state;
    trainer.state = start;
    expect(start.values).toEqual(parameters.values);
    expect(await trainer.step(features, learningRate)).toEqual(first);
    expect(trainer.state).toEqual(after);
    await trainer.close();
  });
});
