import { describe, expect, it } from "vitest";
import {
  freshState,
  Learning,
  type LearningPlan,
  type LearningState,
  type StepReport,
} from "#uflow/train/learning.js";
import type { TrainerState } from "#uflow/train/trainer.js";

const plan: LearningPlan = {
  epochs: 6,
  batchSize: 2,
  learningRate: 1,
  schedule: "linear",
  seed: 1,
  validateEvery: 1,
  patience: 2,
  images: 3,
  picturesOfEpoch: (epoch) => [1, 2, 3 + epoch],
  latentValues: 10,
};

/** A flow whose one parameter counts the steps; the losses are those of the script. */
class ScriptedTrainer {
  state: TrainerState = vectors(0);
  readonly rates: number[] = [];

  constructor(private readonly loss: (step: number, rate: number) => number) {}

  async step(_: unknown, rate: number) {
    this.rates.push(rate);
    const steps = this.state.steps + 1;
    const loss = this.loss(steps, rate);
    if (Number.isFinite(loss)) this.state = vectors(steps);
    return { loss, gradientNorm: 2 };
  }
}

function vectors(steps: number): TrainerState {
  const one = () => Float32Array.of(steps);
  return { values: one(), firstMoment: one(), secondMoment: one(), steps };
}

function learning(
  loss: (step: number, rate: number) => number,
  heldOutLoss?: (steps: number) => number,
  changes: Partial<LearningPlan> = {},
) {
  const trainer = new ScriptedTrainer(loss);
  const asked: number[][] = [];
  const reports: StepReport[] = [];
  const notices: string[] = [];
  const kept: LearningState[] = [];
  const features = {
    async batch(images: readonly number[]) {
      asked.push([...images]);
      return [];
    },
  };
  const heldOut = heldOutLoss && { loss: async (values: Float32Array) => heldOutLoss(values[0]!) };
  const whole = { ...plan, ...changes };
  const subject = new Learning(whole, trainer, features, heldOut, freshState(trainer.state, 1), {
    onStep: (report) => reports.push(report),
    onRecovery: (notice) => notices.push(notice),
    onEpoch: async (state) => void kept.push(state),
  });
  const run = () => subject.toTheEnd(new AbortController().signal);
  return { subject, trainer, asked, reports, notices, kept, run };
}

it("shows every image to learn from once per epoch, no other, and tells the means", async () => {
  const { run, asked, reports, kept } = learning((step) => step);
  const state = await run();
  expect(state.losses).toHaveLength(6);
  for (let epoch = 0; epoch < 6; epoch++) {
    const seen = asked.slice(2 * epoch, 2 * epoch + 2).flat();
    expect(seen.sort((a, b) => a - b)).toEqual([1, 2, 4 + epoch]);
  }
  // Two images with the loss 1, one with 2.
  expect(state.losses[0]).toBeCloseTo(4 / 3, 12);
  expect(reports.map(({ epochDone }) => epochDone)).toEqual(
    Array.from({ length: 12 }, (_, i) => i % 2 === 1),
  );
  expect(reports[1]).toMatchObject({ steps: 2, epoch: 1, loss: state.losses[0], gradientNorm: 2 });
  expect(state).toMatchObject({ best: null, heldOutLosses: [], recoveries: [] });
  expect(kept.map(({ losses }) => losses.length)).toEqual([1, 2, 3, 4, 5, 6]);
});

describe("held-out images", () => {
  /** By epoch, from 1. */
  const curve = [9, 5, 3, 4, 3, 1];
  const byEpoch = (steps: number) => curve[steps / 2 - 1]!;

  it("choose the parameters of their least loss and end the training when it has not fallen for long", async () => {
    const state = await learning(() => 0, byEpoch).run();
    expect(state.heldOutLosses.map(({ loss }) => loss)).toEqual([9, 5, 3, 4, 3]);
    expect(state.best).toEqual({ epoch: 3, values: Float32Array.of(6) });
  });

  it("do not end it without patience, but still choose", async () => {
    const state = await learning(() => 0, byEpoch, { patience: 0 }).run();
    expect(state.losses).toHaveLength(6);
    expect(state.best!.epoch).toBe(6);
  });

  it("are looked at every so many epochs, and after the last", async () => {
    const state = await learning(() => 0, byEpoch, { validateEvery: 4 }).run();
    expect(state.heldOutLosses.map(({ epoch }) => epoch)).toEqual([4, 6]);
  });
});

describe("a loss that rises far or is not finite", () => {
  it.each([
    ["spike", 100],
    ["not finite", Number.NaN],
  ] as const)(
    "makes it go back to the end of the last epoch, with half the rate (%s)",
    async (reason, bad) => {
      const { run, trainer, notices, asked } = learning((step, rate) => (step === 6 && rate > 0.5 ? bad : 0));
      const state = await run();
      expect(state.losses).toHaveLength(6);
      expect(state.recoveries).toEqual([{ epoch: 2, reason, learningRate: 0.5 }]);
      expect(notices).toEqual([
        expect.stringMatching(/in epoch 3: back to the end of epoch 2, .* rate 0\.5$/),
      ]);
      // Steps 1 … 6, then 5 … 12 with half the rate of the schedule and the same images.
      expect(trainer.rates).toHaveLength(14);
      expect(trainer.rates[6]).toBe(trainer.rates[4]! / 2);
      expect(asked[6]).toEqual(asked[4]);
      expect(state.flow.steps).toBe(12);
    },
  );

  it("is found in the held-out images, too", async () => {
    const { run, subject } = learning(
      () => 0,
      (steps) => (steps > 4 ? Number.NaN : -steps),
    );
    await expect(run()).rejects.toMatchObject({ code: "ERR_UFLOW_DIVERGED" });
    expect(subject.state.best!.epoch).toBe(2);
  });

  it("is found after the last step, whose loss is that before it", async () => {
    const { run, subject, trainer } = learning(() => 0);
    const step = trainer.step.bind(trainer);
    trainer.step = async (...args) => {
      const told = await step(...args);
      if (trainer.state.steps === 12)
        trainer.state = { ...trainer.state, values: Float32Array.of(Number.NaN) };
      return told;
    };
    await expect(run()).rejects.toMatchObject({ code: "ERR_UFLOW_DIVERGED" });
    expect(subject.state.losses).toHaveLength(5);
  });

  it("ends the training when lower rates do not help, with the last sound state", async () => {
    const { run, subject } = learning((step) => (step > 4 ? Number.NaN : 0));
    await expect(run()).rejects.toMatchObject({ code: "ERR_UFLOW_DIVERGED" });
    expect(subject.state.losses).toHaveLength(2);
    expect(subject.state.recoveries).toHaveLength(4);
    expect(subject.state.flow.steps).toBe(4);
  });
});

it("goes on from any state as if it had never stopped", async () => {
  const curve = (steps: number) => Math.abs(steps - 8);
  const whole = learning((step) => Math.sin(step), curve);
  const wanted = await whole.run();
  for (const state of whole.kept) {
    const part = learning((step) => Math.sin(step), curve);
    part.subject.state = state;
    expect(await part.run()).toEqual(wanted);
  }
});
