import type { FlowArchitecture } from "../flow/architecture.js";
import type { FlowParameters } from "../flow/parameters.js";
import { adamStep, gradientNorm } from "../kernels/training.js";
import type { SessionOptions, Tensor } from "../onnx/session.js";
import { Random } from "../random.js";
import { Crew } from "./crew.js";

/** Adam's decay rates and the term that keeps its denominator from zero. */
export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** Adam's state: flat vectors, one number per parameter. */
export interface TrainerState {
  readonly values: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Steps taken. */
  readonly steps: number;
}

export interface TrainerOptions extends Pick<SessionOptions, "threads" | "gate"> {
  /** Added to the gradient (L2). */
  weightDecay: number;
  /** Standard deviation of the noise that the normalised features are mixed with in each step, below 1. Default 0: none. */
  featureNoise?: number | undefined;
  /** Of that noise. Default 0. */
  seed?: number | undefined;
  /**
   * A longer gradient is shortened to this norm before weight decay is added. No training does so (docs/results.md, "Why no
   * gradient clipping"); it is there to be measured.
   */
  clipNorm?: number | undefined;
}

/**
 * Runs training steps of one flow. A batch is divided among the threads, since each image has its own path through the
 * network: two threads on two halves take less time than two threads on each operator. The gradients are summed in the order
 * of the shares, so that the same number of threads gives the same bits.
 */
export class Trainer {
  private current: TrainerState;
  /** Whether somebody else has `current`, who may count on it to stay as it is. */
  private lent = false;
  private crew: Promise<Crew> | undefined;

  constructor(
    private readonly architecture: FlowArchitecture,
    private readonly parameters: FlowParameters,
    private readonly options: TrainerOptions,
  ) {
    this.current = untrained(parameters);
  }

  /** It stays as it is while further steps are taken. */
  get state(): TrainerState {
    this.lent = true;
    return this.current;
  }

  /** Set it to go on from another. */
  set state(state: TrainerState) {
    if (state === this.current) return;
    this.current = state;
    this.lent = true;
    this.crew = this.crew?.then((crew) => crew.knowing(state.values));
  }

  /**
   * One step on a batch of features (one tensor per scale).
   * @returns the batch's mean loss and the Euclidean norm of its gradient, without weight decay, both before the step. When
   * the loss is not finite, no step is taken.
   */
  async step(
    features: readonly Tensor[],
    learningRate: number,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const images = features[0]!.dims[0]!;
    this.crew ??= this.assembled(images);
    const crew = await this.crew;
    const shares = await crew.gradients(features, this.current.values, this.noiseSeeds(images));
    const gradients = shares.map(({ gradient }) => gradient);
    const loss = shares.reduce((sum, share) => sum + share.loss, 0) / images;
    const norm = gradientNorm(gradients, crew.threads) / images;
    if (Number.isFinite(loss)) {
      const { clipNorm = Number.POSITIVE_INFINITY } = this.options;
      this.move(gradients, Math.min(1, clipNorm / norm) / images, learningRate, crew);
    }
    return { loss, gradientNorm: norm };
  }

  async close(): Promise<void> {
    await (await this.crew)?.close();
  }

  /** Of the next step: who goes on from a state sees the same noise as who has come to it. */
  private noiseSeeds(images: number): number[] {
    const random = Random.stream(this.options.seed ?? 0, `feature noise of step ${this.current.steps}`);
    return Array.from({ length: images }, () => random.bits());
  }

  private async assembled(images: number): Promise<Crew> {
    const { featureNoise = 0, threads, gate } = this.options;
    const options = { featureNoise, threads, gate };
    const crew = await Crew.assemble(this.architecture, this.parameters, images, options);
    return crew.knowing(this.current.values);
  }

  private move(gradients: Float32Array[][], gradientScale: number, learningRate: number, crew: Crew): void {
    const before = this.current;
    const after = this.lent ? freshVectors(before.values.length) : before;
    const steps = before.steps + 1;
    const { weightDecay } = this.options;
    const stepSize = learningRate / (1 - adam.beta1 ** steps);
    const inverseCorrection = 1 / Math.sqrt(1 - adam.beta2 ** steps);
    const rates = { ...adam, gradientScale, weightDecay, stepSize, inverseCorrection };
    adamStep(gradients, { ...rates, threads: crew.threads }, before, after, crew.copies);
    this.current = { ...after, steps };
    this.lent = false;
  }
}

/** Before the first step. */
export function untrained({ values }: FlowParameters): TrainerState {
  return { ...freshVectors(values.length), values: values.slice(), steps: 0 };
}

const freshVectors = (length: number) => ({
  values: new Float32Array(length),
  firstMoment: new Float32Array(length),
  secondMoment: new Float32Array(length),
});
