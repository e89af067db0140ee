import { featureName } from "../backbone/index.js";
import { UflowError } from "../error.js";
import type { FlowArchitecture } from "../flow/architecture.js";
import type { FlowParameters } from "../flow/parameters.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { adam, stepNetwork } from "./step-network.js";

/** Adam's state: the flat vectors that one training step takes in and gives out. */
export interface TrainerState {
  values: Float32Array;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
  /** Steps taken. */
  steps: number;
}

/** Runs training steps of one flow; the network of a step is built once per batch size that occurs. */
export class Trainer {
  readonly state: TrainerState;
  private readonly sessions = new Map<number, Session>();

  constructor(
    private readonly architecture: FlowArchitecture,
    private readonly parameters: FlowParameters,
    private readonly options: { weightDecay: number } & Omit<SessionOptions, "device">,
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
   * @returns the batch's loss before the step.
   * @throws UflowError ERR_UFLOW_DIVERGED when the loss is NaN or infinite.
   */
  async step(features: readonly Tensor[], learningRate: number): Promise<number> {
    const session = await this.sessionFor(features[0]!.dims[0]!);
    const t = this.state.steps + 1;
    const outputs = await session.run({
      ...Object.fromEntries(features.map((feature, scale) => [featureName(scale), feature])),
      values: vector(this.state.values),
      firstMoment: vector(this.state.firstMoment),
      secondMoment: vector(this.state.secondMoment),
      stepSize: scalar(learningRate / (1 - adam.beta1 ** t)),
      inverseCorrection: scalar(1 / Math.sqrt(1 - adam.beta2 ** t)),
    });
    const loss = outputs.loss!.data[0]!;
    if (!Number.isFinite(loss)) {
      throw new UflowError(
        "ERR_UFLOW_DIVERGED",
        `The training diverged at step ${t}: the loss is ${loss}. Use a lower learning rate than ${learningRate}.`,
      );
    }
    this.state.values = outputs.valuesAfter!.data;
    this.state.firstMoment = outputs.firstMomentAfter!.data;
    this.state.secondMoment = outputs.secondMomentAfter!.data;
    this.state.steps = t;
    return loss;
  }

  /**
   * The parameters as trained so far.
   * @throws UflowError ERR_UFLOW_DIVERGED when they are not all finite: a step's loss is that before it, so the last
   * step's outcome is seen here only.
   */
  trained(): FlowParameters {
    const { values, steps } = this.state;
    if (!values.every(Number.isFinite)) {
      throw new UflowError(
        "ERR_UFLOW_DIVERGED",
        `The training diverged at its last step, ${steps}. Use a lower learning rate.`,
      );
    }
    return { ...this.parameters, values };
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await session.close();
  }

  private async sessionFor(batchSize: number): Promise<Session> {
    const open = this.sessions.get(batchSize);
    if (open) return open;
    const { weightDecay, ...options } = this.options;
    const network = stepNetwork(this.architecture, this.parameters, { batchSize, weightDecay });
    const session = await Session.create(network, { ...options, device: "auto" });
    this.sessions.set(batchSize, session);
    return session;
  }
}

const vector = (data: Float32Array): Tensor => ({ data, dims: [data.length] });
const scalar = (value: number): Tensor => ({ data: Float32Array.of(value), dims: [] });
