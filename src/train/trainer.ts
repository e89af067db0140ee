import { featureName } from "../backbone/index.js";
import type { FlowArchitecture } from "../flow/architecture.js";
import type { FlowParameters } from "../flow/parameters.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { adam, stepNetwork } from "./step-network.js";

/** Adam's state: the flat vectors that one training step takes in and gives out. A step makes a new one. */
export interface TrainerState {
  readonly values: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Steps taken. */
  readonly steps: number;
}

/** Runs training steps of one flow; the network of a step is built once per batch size that occurs. */
export class Trainer {
  /** Set it to go on from another. */
  state: TrainerState;
  private readonly sessions = new Map<number, Session>();

  constructor(
    private readonly architecture: FlowArchitecture,
    private readonly parameters: FlowParameters,
    private readonly options: { weightDecay: number; clipNorm?: number } & Omit<SessionOptions, "device">,
  ) {
    const count = parameters.values.length;
    this.state = {
      values: parameters.values.slice(),
      firstMoment: new Float32Array(count),
      secondMoment: new Float32Array(count),
      steps: 0,
    };
  }

  /**
   * One step on a batch of features (one tensor per scale).
   * @returns the batch's loss and the gradient's Euclidean norm, both before the step. When the loss is not finite, no step
   * is taken.
   */
  async step(
    features: readonly Tensor[],
    learningRate: number,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const session = await this.sessionFor(features[0]!.dims[0]!);
    const steps = this.state.steps + 1;
    const outputs = await session.run({
      ...Object.fromEntries(features.map((feature, scale) => [featureName(scale), feature])),
      values: vector(this.state.values),
      firstMoment: vector(this.state.firstMoment),
      secondMoment: vector(this.state.secondMoment),
      stepSize: scalar(learningRate / (1 - adam.beta1 ** steps)),
      inverseCorrection: scalar(1 / Math.sqrt(1 - adam.beta2 ** steps)),
    });
    const loss = outputs.loss!.data[0]!;
    const gradientNorm = outputs.gradientNorm!.data[0]!;
    if (Number.isFinite(loss)) {
      this.state = {
        values: outputs.valuesAfter!.data,
        firstMoment: outputs.firstMomentAfter!.data,
        secondMoment: outputs.secondMomentAfter!.data,
        steps,
      };
    }
    return { loss, gradientNorm };
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await session.close();
  }

  private async sessionFor(batchSize: number): Promise<Session> {
    const open = this.sessions.get(batchSize);
    if (open) return open;
    const { weightDecay, clipNorm, ...options } = this.options;
    const network = stepNetwork(this.architecture, this.parameters, { batchSize, weightDecay, clipNorm });
    const session = await Session.create(network, { ...options, device: "auto", memoryPattern: false });
    this.sessions.set(batchSize, session);
    return session;
  }
}

const vector = (data: Float32Array): Tensor => ({ data, dims: [data.length] });
const scalar = (value: number): Tensor => ({ data: Float32Array.of(value), dims: [] });
