import type { FlowArchitecture } from "../flow/architecture.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { Random } from "../random.js";
import { type FlowLayout, feeds, gradientName, gradientNetwork, noiseName } from "./gradient-network.js";

/** Some images of a batch. */
export interface Share {
  /** One tensor per scale. */
  features: readonly Tensor[];
  /** One per image; not looked at where there is no noise. */
  noiseSeeds: readonly number[];
}

/** What some images say of the parameters. */
export interface LossAndGradient {
  /** Sum of the images', nats. */
  loss: number;
  /** Of that sum: a piece per parameter, in the order of the slots. */
  gradient: Float32Array[];
}

export interface ShareOptions extends Pick<SessionOptions, "threads" | "gate"> {
  /** Whether the device is the CPU, which takes less time for other forms of a network than a GPU. */
  onCpu: boolean;
  /** Standard deviation of the noise that the normalised features are mixed with; 0: none. */
  featureNoise: number;
}

/** Computes gradients in the calling thread; a network is built for each number of images that occurs. */
export class ShareGradient {
  private readonly sessions = new Map<number, Session>();
  /** Memory of the noise, per scale, to be used again. */
  private noise: Float32Array[] = [];

  constructor(
    private readonly architecture: FlowArchitecture,
    private readonly layout: FlowLayout,
    private readonly options: ShareOptions,
  ) {}

  /** @param values the flat vector of all parameters; it and the features must be memory of this thread alone */
  async of({ features, noiseSeeds }: Share, values: Float32Array): Promise<LossAndGradient> {
    const { slots } = this.layout;
    const session = await this.sessionFor(features[0]!.dims[0]!);
    const noise = this.options.featureNoise > 0 ? this.noiseFor(features, noiseSeeds) : {};
    const outputs = await session.run({ ...feeds(features, slots, values), ...noise });
    const gradient = slots.map(({ name }) => outputs[gradientName(name)]!.data);
    return { loss: outputs.loss!.data[0]!, gradient };
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await session.close();
  }

  /** Each image has its own, whichever thread it is in. */
  private noiseFor(features: readonly Tensor[], seeds: readonly number[]): Record<string, Tensor> {
    this.noise = features.map(({ data }, scale) => {
      const kept = this.noise[scale];
      return kept?.length === data.length ? kept : new Float32Array(data.length);
    });
    for (const [image, seed] of seeds.entries()) {
      const random = new Random(seed);
      for (const all of this.noise) {
        const size = all.length / seeds.length;
        random.fillWithNoise(all.subarray(image * size, (image + 1) * size), this.options.featureNoise);
      }
    }
    const tensor = ({ dims }: Tensor, scale: number) => [
      noiseName(scale),
      { data: this.noise[scale]!, dims },
    ];
    return Object.fromEntries(features.map(tensor));
  }

  private async sessionFor(images: number): Promise<Session> {
    const open = this.sessions.get(images);
    if (open) return open;
    const { onCpu, threads, gate, featureNoise } = this.options;
    const network = gradientNetwork(this.architecture, this.layout, images, {
      fewerMultiplications: onCpu,
      featureNoise,
    });
    const device = onCpu ? "cpu" : "auto";
    const session = await Session.create(network, { threads, gate, device, memoryPattern: false });
    this.sessions.set(images, session);
    return session;
  }
}
