/** The epochs of a training: what is learned, when it goes back, when it is kept, and when it ends. */
import type { HeldOutLoss, Recovery } from "../bundle/manifest.js";
import type { RateSchedule } from "../bundle/rate-schedules.js";
import type { FeatureCache } from "./feature-cache.js";
import type { HeldOutImages } from "./held-out.js";
import { lowered, type Trouble, troubleOf } from "./recovery.js";
import { batchesOf, learningRateAt } from "./schedule.js";
import { throwIfStopped } from "./stop.js";
import type { Trainer, TrainerState } from "./trainer.js";

/** All that a training has come to at the end of an epoch. Nothing in it is changed later: to go back is to take it again. */
export interface LearningState {
  readonly flow: TrainerState;
  /** Mean loss of each epoch done, nats per image. */
  readonly losses: readonly number[];
  /** Those of the held-out images, where they were computed. */
  readonly heldOutLosses: readonly HeldOutLoss[];
  /** The parameters of the least loss of the held-out images; null before the first check. */
  readonly best: { epoch: number; values: Float32Array } | null;
  readonly recoveries: readonly Recovery[];
  /** What the schedule lowers: the rate that was asked for, or less after a recovery. */
  readonly learningRate: number;
}

export interface LearningPlan {
  epochs: number;
  batchSize: number;
  learningRate: number;
  schedule: RateSchedule;
  seed: number;
  /** Epochs from check to check of the held-out images. */
  validateEvery: number;
  /** Checks without a better likelihood after which the training ends; 0: it does not. */
  patience: number;
  /** How many are learned from. */
  images: number;
  /** The picture of each that an epoch sees: their numbers in the feature cache. */
  picturesOfEpoch(epoch: number): readonly number[];
  latentValues: number;
}

/** What `Learning` tells of after each step; the last of an epoch, after the check and before it is kept. */
export interface StepReport {
  steps: number;
  epoch: number;
  /** Whether the epoch is done. */
  epochDone: boolean;
  /** Means over the epoch so far. */
  loss: number;
  gradientNorm: number;
  rate: number;
}

export interface LearningEvents {
  onStep(report: StepReport, state: LearningState): void;
  /** It has gone back to `state`. */
  onRecovery(notice: string, state: LearningState): void;
  onEpoch(state: LearningState): Promise<void>;
}

/** Before the first step. */
export function freshState(flow: TrainerState, learningRate: number): LearningState {
  return { flow, losses: [], heldOutLosses: [], best: null, recoveries: [], learningRate };
}

/** Whether the training is at its end: all epochs are done, or patience is. */
export function isDone({ losses, heldOutLosses, best }: LearningState, plan: LearningPlan): boolean {
  if (losses.length >= plan.epochs) return true;
  const sinceBest = heldOutLosses.filter(({ epoch }) => epoch > best!.epoch).length;
  return plan.patience > 0 && sinceBest >= plan.patience;
}

/** Trains to the end. */
export class Learning {
  /** Steps of all epochs. */
  readonly total: number;

  constructor(
    private readonly plan: LearningPlan,
    private readonly trainer: Pick<Trainer, "state" | "step">,
    private readonly features: Pick<FeatureCache, "batch">,
    private readonly heldOut: Pick<HeldOutImages, "loss"> | undefined,
    /** At the end of the last epoch that is done. */
    public state: LearningState,
    private readonly events: LearningEvents,
  ) {
    this.total = plan.epochs * Math.ceil(plan.images / plan.batchSize);
  }

  /** @throws UflowError ERR_UFLOW_ABORTED, ERR_UFLOW_DIVERGED; `state` is then still that of the last sound epoch. */
  async toTheEnd(signal: AbortSignal): Promise<LearningState> {
    while (!isDone(this.state, this.plan)) {
      this.trainer.state = this.state.flow;
      const outcome = await this.epoch(signal);
      if (typeof outcome === "string") this.goBack(outcome);
      else {
        this.state = outcome;
        await this.events.onEpoch(outcome);
      }
    }
    return this.state;
  }

  /** One more epoch. @returns the state after it, or what went wrong. */
  private async epoch(signal: AbortSignal): Promise<LearningState | Trouble> {
    const { plan, state, trainer } = this;
    const epoch = state.losses.length + 1;
    const pictures = plan.picturesOfEpoch(epoch);
    const batches = batchesOf(plan.images, plan.batchSize, plan.seed, epoch).map((batch) =>
      batch.map((place) => pictures[place]!),
    );
    const sums = { loss: 0, gradientNorm: 0, images: 0 };
    for (const [i, batch] of batches.entries()) {
      throwIfStopped(signal);
      const steps = state.flow.steps + i;
      const rate = learningRateAt(plan.schedule, state.learningRate, steps, this.total);
      const inputs = await this.features.batch(batch, batches[i + 1]);
      const { loss, gradientNorm } = await trainer.step(inputs, rate);
      const level = state.losses.at(-1) ?? (i > 0 ? sums.loss / sums.images : undefined);
      const trouble = troubleOf(loss, level, plan.latentValues);
      if (trouble) return trouble;
      sums.loss += loss * batch.length;
      sums.gradientNorm += gradientNorm * batch.length;
      sums.images += batch.length;
      const means = { loss: sums.loss / sums.images, gradientNorm: sums.gradientNorm / sums.images };
      const report = { steps: steps + 1, epoch, rate, ...means };
      if (i + 1 < batches.length) this.events.onStep({ ...report, epochDone: false }, state);
      else return this.endOfEpoch({ ...report, epochDone: true });
    }
    return state;
  }

  /** A step's loss is that before it, so that the outcome of the last one is looked at here. */
  private async endOfEpoch(report: StepReport): Promise<LearningState | Trouble> {
    const { epoch, loss } = report;
    const flow = this.trainer.state;
    if (!allFinite(flow.values)) return "not finite";
    let state: LearningState = { ...this.state, flow, losses: [...this.state.losses, loss] };
    if (this.heldOut && (epoch % this.plan.validateEvery === 0 || epoch === this.plan.epochs)) {
      const found = await this.heldOut.loss(flow.values);
      if (!Number.isFinite(found)) return "not finite";
      state = checked(state, { epoch, loss: found });
    }
    this.events.onStep(report, state);
    return state;
  }

  private goBack(reason: Trouble): void {
    const epoch = this.state.losses.length;
    const learningRate = lowered(this.state.learningRate, this.plan.learningRate, epoch);
    const recovery: Recovery = { epoch, reason, learningRate };
    this.state = { ...this.state, learningRate, recoveries: [...this.state.recoveries, recovery] };
    const what = reason === "spike" ? "rose far above its level" : "became infinite or NaN";
    this.events.onRecovery(
      `The loss ${what} in epoch ${epoch + 1}: back to the end of epoch ${epoch}, from there with the learning rate ${learningRate}`,
      this.state,
    );
  }
}

/** A plain loop: `every` takes ten times as long, which counts with millions of parameters. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** The state with one more loss of the held-out images. */
function checked(state: LearningState, check: HeldOutLoss): LearningState {
  const least = Math.min(...state.heldOutLosses.map(({ loss }) => loss));
  const heldOutLosses = [...state.heldOutLosses, check];
  if (check.loss >= least) return { ...state, heldOutLosses };
  return { ...state, heldOutLosses, best: { epoch: check.epoch, values: state.flow.values } };
}
