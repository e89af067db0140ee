import { availableParallelism } from "node:os";
import type { FlowArchitecture } from "../flow/architecture.js";
import { keepFreedMemory } from "../kernels/freed-memory.js";
import type { SessionOptions, Tensor } from "../onnx/session.js";
import { usesCpu } from "../onnx/uses-cpu.js";
import type { FlowLayout } from "./gradient-network.js";
import { type LossAndGradient, type Share, ShareGradient } from "./share-gradient.js";
import { ShareThread } from "./share-thread.js";

/** How many threads train; 0 is one per core. */
export const threadsOf = (wanted: number) => (wanted === 0 ? availableParallelism() : wanted);

/** Among how many a batch is divided: threads, or images where these are fewer. */
export const membersOf = (threads: number, images: number) => Math.min(threads, images);

export interface CrewOptions extends Pick<SessionOptions, "threads" | "gate"> {
  /** 0: one per core. */
  threads: number;
  /** Standard deviation of the noise that the normalised features are mixed with; 0: none. */
  featureNoise: number;
}

/** Those who compute the gradient of a batch: the calling thread and, on the CPU, helpers beside it. */
export class Crew {
  private constructor(
    private readonly own: ShareGradient,
    private readonly helpers: readonly ShareThread[],
    /** That all use together. */
    readonly threads: number,
  ) {}

  /**
   * As many as there are threads, or images; threads that are left are theirs in equal parts. A GPU is not divided.
   * @param images of a usual batch
   */
  static async assemble(
    architecture: FlowArchitecture,
    { slots, permutations, whitenings }: FlowLayout,
    images: number,
    { threads: wanted, gate, featureNoise }: CrewOptions,
  ): Promise<Crew> {
    const layout = { slots, permutations, whitenings };
    const threads = threadsOf(wanted);
    const onCpu = await usesCpu(gate);
    const members = onCpu ? membersOf(threads, images) : 1;
    const task = { architecture, layout, threads: Math.floor(threads / members), featureNoise };
    const own = new ShareGradient(architecture, layout, { threads: task.threads, gate, onCpu, featureNoise });
    const helpers = Array.from({ length: members - 1 }, () => new ShareThread(task, gate));
    // ONNX Runtime returns each gradient in fresh memory, whose pages would cost a tenth of a step.
    keepFreedMemory(true);
    return new Crew(own, helpers, threads);
  }

  /** The helpers' parameters, to be kept up to date. */
  get copies(): Float32Array[] {
    return this.helpers.map(({ values }) => values);
  }

  /** Gives the helpers these parameters. */
  knowing(values: Float32Array): this {
    for (const copy of this.copies) copy.set(values);
    return this;
  }

  /**
   * Of each share of a batch, in its order; of a small batch there are fewer shares.
   * @param values the parameters, which are the helpers' too
   * @param noiseSeeds one per image
   */
  gradients(
    features: readonly Tensor[],
    values: Float32Array,
    noiseSeeds: readonly number[],
  ): Promise<LossAndGradient[]> {
    const [first, ...others] = sharesOf(features, noiseSeeds, 1 + this.helpers.length);
    const theirs = others.map((share, i) => this.helpers[i]!.gradient(share));
    return Promise.all([this.own.of(first!, values), ...theirs]);
  }

  async close(): Promise<void> {
    await this.own.close();
    for (const helper of this.helpers) await helper.close();
    keepFreedMemory(false);
  }
}

/** A batch in up to `most` parts of like sizes, the larger ones first; views of its memory. */
function sharesOf(features: readonly Tensor[], noiseSeeds: readonly number[], most: number): Share[] {
  const images = features[0]!.dims[0]!;
  const count = membersOf(most, images);
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((index) => Math.ceil((index * images) / count));
    const views = features.map(({ data, dims }) => {
      const size = data.length / images;
      return { data: data.subarray(from! * size, to! * size), dims: [to! - from!, ...dims.slice(1)] };
    });
    return { features: views, noiseSeeds: noiseSeeds.slice(from, to) };
  });
}
