import type { FlowArchitecture } from "../flow/architecture.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { type FlowLayout, feeds, gradientName, gradientNetwork } from "./gradient-network.js";

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
}

/** Computes gradients in the calling thread; a network is built for each number of images that occurs. */
export class ShareGradient {
  private readonly sessions = new Map<number, Session>();

  constructor(
    private readonly architecture: FlowArchitecture,
    private readonly layout: FlowLayout,
    private readonly options: ShareOptions,
  ) {}

  /**
   * @param features one tensor per scale
   * @param values the flat vector of all parameters; both must be memory of this thread alone
   */
  async of(features: readonly Tensor[], values: Float32Array): Promise<LossAndGradient> {
    const { slots } = this.layout;
    const session = await this.sessionFor(features[0]!.dims[0]!);
    const outputs = await session.run(feeds(features, slots, values));
    const gradient = slots.map(({ name }) => outputs[gradientName(name)]!.data);
    return { loss: outputs.loss!.data[0]!, gradient };
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await session.close();
  }

  private async sessionFor(images: number): Promise<Session> {
    const open = this.sessions.get(images);
    if (open) return open;
    const { onCpu, threads, gate } = this.options;
    const network = gradientNetwork(this.architecture, this.layout, images, onCpu);
    const device = onCpu ? "cpu" : "auto";
    const session = await Session.create(network, { threads, gate, device, memoryPattern: false });
    this.sessions.set(images, session);
    return session;
  }
}
