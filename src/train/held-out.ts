import { UflowError } from "../error.js";
import { type FlowArchitecture, latentScales } from "../flow/architecture.js";
import { energyName } from "../flow/energy-network.js";
import type { Energy } from "../kernels/index.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { Random } from "../random.js";
import { evaluationNetwork } from "./evaluation-network.js";
import type { FeatureCache } from "./feature-cache.js";
import { type FlowLayout, feeds } from "./gradient-network.js";
import { fewestImages } from "./options.js";

/** Of fewer good images all are learned from, unless it is asked otherwise: each is missed, and one or two prove little. */
const fewestToDivide = 10;
const fewestHeldOut = 2;
const usualFraction = 0.2;

/** Numbers of images, ascending. */
export interface Division {
  learned: number[];
  heldOut: number[];
}

/**
 * Draws the images that are not learned from; the same for the same seed, number of images and twins.
 * @param fraction of the images, 0 … 0.5, at least two of them; 0 holds out none. Undefined: a fifth, none of fewer than ten.
 * @param twins groups of images that are held out together or not at all; where they do not fit, fewer are held out
 * @throws UflowError ERR_UFLOW_BAD_DATASET when fewer than two would remain to be learned from.
 */
export function divide(
  images: number,
  fraction: number | undefined,
  seed: number,
  twins: readonly (readonly number[])[] = [],
): Division {
  const wanted = fraction ?? (images < fewestToDivide ? 0 : usualFraction);
  const count = wanted === 0 ? 0 : Math.max(fewestHeldOut, Math.round(wanted * images));
  if (images - count < fewestImages) {
    throw new UflowError(
      "ERR_UFLOW_BAD_DATASET",
      `Of ${images} good images ${count} would be held out and ${images - count} remain; at least ${fewestImages} are needed to learn from. Give more images, or heldOut 0`,
    );
  }
  const groups = new Map(twins.flatMap((group) => group.map((image) => [image, group] as const)));
  const heldOut = new Set<number>();
  for (const image of Random.stream(seed, "held out").permutation(images)) {
    const group = groups.get(image) ?? [image];
    if (heldOut.size + group.length > count || heldOut.has(image)) continue;
    for (const each of group) heldOut.add(each);
  }
  const all = Array.from({ length: images }, (_, image) => image);
  return {
    heldOut: all.filter((image) => heldOut.has(image)),
    learned: all.filter((image) => !heldOut.has(image)),
  };
}

/** What a check may cost of the time of training, and what a step takes per image beside a check (measured: 2.5 … 2.6). */
const costLimit = 0.05;
const stepCost = 2.5;

/** Epochs from check to check, so that the checks take less than a twentieth of the steps' time. */
export function usualInterval({ learned, heldOut }: Division): number {
  return Math.max(1, Math.ceil(heldOut.length / (learned.length * stepCost * costLimit)));
}

/** Runs the flow, with parameters that are given each time, on the held-out images. */
export class HeldOutImages {
  private constructor(
    private readonly session: Session,
    private readonly layout: FlowLayout,
    private readonly features: FeatureCache,
    private readonly images: readonly number[],
    private readonly architecture: FlowArchitecture,
    private readonly batchSize: number,
  ) {}

  static async open(
    architecture: FlowArchitecture,
    layout: FlowLayout,
    features: FeatureCache,
    images: readonly number[],
    options: { batchSize: number } & Omit<SessionOptions, "device">,
  ): Promise<HeldOutImages> {
    const { batchSize, ...session } = options;
    const network = evaluationNetwork(architecture, layout);
    const opened = await Session.create(network, { ...session, device: "auto" });
    return new HeldOutImages(opened, layout, features, images, architecture, batchSize);
  }

  /** Their mean negative log-likelihood without its constant, nats per image. */
  async loss(values: Float32Array): Promise<number> {
    let sum = 0;
    for await (const { loss } of this.run(values)) sum += loss!.data.reduce((a, b) => a + b, 0);
    return sum / this.images.length;
  }

  /** Their energies: [image][scale], finest first. */
  async energies(values: Float32Array): Promise<Energy[][]> {
    const latents = latentScales(this.architecture);
    const energies: Energy[][] = [];
    for await (const outputs of this.run(values)) {
      const count = outputs.loss!.data.length;
      for (let i = 0; i < count; i++) {
        energies.push(
          latents.map((scale, s) => {
            const pixels = scale.height * scale.width;
            const { data } = outputs[energyName(s)]!;
            return { ...scale, data: data.slice(i * pixels, (i + 1) * pixels) };
          }),
        );
      }
    }
    return energies;
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private async *run(values: Float32Array): AsyncGenerator<Record<string, Tensor>> {
    for (let i = 0; i < this.images.length; i += this.batchSize) {
      const batch = await this.features.batch(this.images.slice(i, i + this.batchSize));
      yield await this.session.run(feeds(batch, this.layout.slots, values));
    }
  }
}
