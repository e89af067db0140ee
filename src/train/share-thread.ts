import type { FlowArchitecture } from "../flow/architecture.js";
import { parameterCount } from "../flow/parameters.js";
import { type RunGate, startGatedThread } from "../onnx/run-gate.js";
import type { Tensor } from "../onnx/session.js";
import { Thread } from "../thread.js";
import type { FlowLayout } from "./gradient-network.js";
import type { LossAndGradient, Share } from "./share-gradient.js";

/** What the thread is started with. */
export interface ShareTask {
  architecture: FlowArchitecture;
  layout: FlowLayout;
  threads: number;
  featureNoise: number;
}

export interface ShareCalls {
  gradient(
    share: Share,
    values: Float32Array,
  ): Promise<LossAndGradient & { features: readonly Tensor[]; values: Float32Array }>;
}

/** A thread for a share of each batch, with parameters of its own: ONNX Runtime reads no memory that threads share. */
export class ShareThread {
  /** The flat vector of the parameters, to be kept up to date; away while the gradient is computed. */
  values: Float32Array;
  private readonly thread: Thread<ShareCalls>;
  private features: readonly Tensor[] = [];

  /** @param gate of the calling thread, where it has one: an exiting process then waits for both. */
  constructor(task: ShareTask, gate: RunGate | undefined) {
    this.values = new Float32Array(parameterCount(task.layout.slots));
    this.thread = new Thread<ShareCalls>("training", new URL("./share-worker.js", import.meta.url), {
      start: (file) => (gate ? gate.startThread(file, task) : startGatedThread(file, task)),
      moves: true,
    });
  }

  /** @param share its features are copied before it returns. */
  async gradient({ features, noiseSeeds }: Share): Promise<LossAndGradient> {
    this.features = features.map(({ data, dims }, scale) => {
      const kept = this.features[scale]?.data;
      const copy = kept?.length === data.length ? kept : new Float32Array(data.length);
      copy.set(data);
      return { data: copy, dims };
    });
    const { loss, gradient, ...given } = await this.thread.call(
      "gradient",
      { features: this.features, noiseSeeds },
      this.values,
    );
    this.features = given.features;
    this.values = given.values;
    return { loss, gradient };
  }

  close(): Promise<void> {
    return this.thread.close();
  }
}
