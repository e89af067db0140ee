import { featureName, imageName, type Scale } from "../backbone/features.js";
import type { Manifest } from "../bundle/manifest.js";
import { backboneEntry, backboneSum, flowEntry, type Model } from "../bundle/model.js";
import { UflowError } from "../error.js";
import { energyName } from "../flow/energy-network.js";
import { exceedanceName, exceedanceNetwork, squareName, squaresInside } from "../flow/exceedance-network.js";
import { isLatent, latentName, withLatents } from "../flow/latents-inside.js";
import type { Energy } from "../kernels/index.js";
import { compose, expectInterface, type Part } from "../onnx/compose.js";
import type { TriedDevice } from "../onnx/device.js";
import { toHalfPrecision } from "../onnx/half-precision.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";

export interface NetworkOptions extends SessionOptions {
  /** Also counts per pixel the channels with z² ≥ this, which the window test needs. */
  exceedance?: number | undefined;
  /** Runs may yield the latents, too, which takes much more memory; to compare them. */
  latents?: boolean | undefined;
  /** Of products with weights; see `toHalfPrecision`. Default: float32. */
  precision?: "float32" | "float16" | undefined;
  /** Bytes of both networks up to which they run as one; default: what `compose` takes. */
  composeLimit?: number | undefined;
}

/** What leaves the network, finest scale first. */
export interface NetworkMaps {
  /** Σ z² over the channels. */
  energies: Energy[];
  /** The number of channels with z² ≥ `exceedance`; empty where that was not asked for. */
  exceedances: Energy[];
  /** z [channels, height, width]; empty where they were not asked for. */
  latents: Float32Array[];
}

/** Phases 1 and 2 of one model: an image in, small maps out. */
export class Network {
  /** Memory of inputs that runs have read: fresh memory is slow, and a thread's garbage collector is kept busy by it. */
  private readonly read: Float32Array[] = [];

  private constructor(
    private readonly manifest: Manifest,
    /** The session that makes the maps, of the image or of features. */
    private readonly session: Session,
    /** Makes the features; undefined where backbone and flow are one network. */
    private readonly backbone: SharedBackbone | undefined,
    private readonly maps: readonly string[],
  ) {}

  /**
   * Opens a model. Backbone and flow run as one network, so that no features leave ONNX Runtime, unless the backbone is
   * shared or `compose` cannot join the two.
   *
   * @param shared the backbone of `model`; it is released with the network.
   * @throws UflowError ERR_UFLOW_DEVICE or ERR_UFLOW_NETWORK.
   */
  static async open(model: Model, options: NetworkOptions, shared?: SharedBackbone): Promise<Network> {
    const flow = flowParts(model, options);
    const maps = flow.flatMap(({ outputs }) => outputs);
    const whole = shared ? undefined : compose([backbonePart(model), ...flow], maps, options.composeLimit);
    if (whole) {
      const { weightsFolder } = model;
      const session = await openNetwork("the model", whole, { ...options, weightsFolder });
      return new Network(model.manifest, session, undefined, maps);
    }
    const backbone = shared ?? (await SharedBackbone.open(model, options));
    const session = await openFlow(flow, maps, options);
    return new Network(model.manifest, session, backbone.share(), maps);
  }

  /**
   * Opens several models. Those with the same backbone share one session of it; see `Inspector.openAll`.
   * @throws UflowError ERR_UFLOW_DEVICE or ERR_UFLOW_NETWORK.
   */
  static async openAll(models: readonly Model[], options: NetworkOptions): Promise<Network[]> {
    const shared = new Map<string, SharedBackbone>();
    const networks: Network[] = [];
    for (const model of models) {
      const sum = backboneSum(model);
      const many = models.filter((other) => backboneSum(other) === sum).length > 1;
      if (many && !shared.has(sum)) shared.set(sum, await SharedBackbone.open(model, options));
      networks.push(await Network.open(model, options, shared.get(sum)));
    }
    return networks;
  }

  /** The device that it runs on, after those that failed. */
  get tried(): readonly TriedDevice[] {
    return this.session.tried;
  }

  /**
   * @param images each planar RGB of the model's input size, normalised; all in one run
   * @param wanted `latents`: yields them, if the network was opened so. Default true.
   * @returns one per image
   * @throws UflowError ERR_UFLOW_NETWORK also when what comes out is not of the sizes in the manifest.
   */
  async run(
    images: readonly Float32Array[],
    { latents: wanted = true }: { latents?: boolean } = {},
  ): Promise<NetworkMaps[]> {
    const { inputSize, latents } = this.manifest;
    const dims = [images.length, 3, inputSize, inputSize];
    const data = this.joined(images);
    const input = { [imageName]: { data, dims } };
    const maps = wanted ? this.maps : this.maps.filter((name) => !isLatent(name));
    const results = await this.session.run(this.backbone ? await this.backbone.run(input) : input, maps);
    if (images.length > 1) this.read.push(data);
    const all = <T>(name: (scale: number) => string, value: (name: string, size: Scale) => T): T[] =>
      maps.includes(name(0)) ? latents.map((size, scale) => value(name(scale), size)) : [];
    return images.map((_, i) => {
      const place = { i, of: images.length };
      const map = (name: string, size: Scale): Energy => ({
        ...size,
        data: values(name, results[name], { ...size, channels: 1 }, place),
      });
      return {
        energies: all(energyName, map),
        exceedances: all(exceedanceName, map),
        latents: all(latentName, (name, size) => values(name, results[name], size, place)),
      };
    });
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.backbone?.release();
  }

  /** One after the other; a single one stays where it is. */
  private joined(images: readonly Float32Array[]): Float32Array {
    if (images.length === 1) return images[0]!;
    const length = images.reduce((sum, image) => sum + image.length, 0);
    // A batch of another length forgets it.
    const last = this.read.pop();
    const all = last?.length === length ? last : new Float32Array(length);
    let start = 0;
    for (const image of images) {
      all.set(image, start);
      start += image.length;
    }
    return all;
  }
}

/** What the network made of image `i`, if it is float32 of that size. */
function values(
  name: string,
  tensor: Tensor | undefined,
  { channels, height, width }: Scale,
  { i, of }: { i: number; of: number },
): Float32Array {
  const data: unknown = tensor?.data;
  const size = channels * height * width;
  if (data instanceof Float32Array && data.length === of * size)
    return data.subarray(i * size, (i + 1) * size);
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `Expected ${name} to be ${channels === 1 ? "a float32 map" : `${channels} float32 maps`} of ${width}×${height} but the network made [${tensor?.dims}]: the model file is not what its manifest says; train it again`,
  );
}

/** A backbone in a session of its own, which ends with the last network that takes part in it. */
class SharedBackbone {
  private users = 0;

  private constructor(private readonly session: Session) {}

  static async open(model: Model, options: NetworkOptions): Promise<SharedBackbone> {
    const { weightsFolder } = model;
    return new SharedBackbone(await openPart(backbonePart(model), { ...options, weightsFolder }));
  }

  share(): this {
    this.users += 1;
    return this;
  }

  async release(): Promise<void> {
    this.users -= 1;
    if (this.users === 0) await this.session.close();
  }

  run(input: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return this.session.run(input);
  }
}

function backbonePart({ manifest, backbone }: Model): Part {
  const outputs = manifest.scales.map((_, scale) => featureName(scale));
  return { name: backboneEntry, network: backbone, inputs: [imageName], outputs };
}

/** The flow, with its latents where they are wanted, and, where it is wanted, what counts its exceedances. */
function flowParts({ manifest, flow }: Model, { exceedance, latents: also = false }: NetworkOptions): Part[] {
  const { scales, latents } = manifest;
  const names = also ? [energyName, latentName] : [energyName];
  const part: Part = {
    name: flowEntry,
    network: also ? withLatents(flow, scales.length) : flow,
    inputs: scales.map((_, scale) => featureName(scale)),
    outputs: names.flatMap((name) => scales.map((_, scale) => name(scale))),
  };
  if (exceedance === undefined) return [part];
  const counting: Part = {
    name: "the window test",
    network: exceedanceNetwork(latents, exceedance),
    inputs: latents.map((_, scale) => squareName(scale)),
    outputs: latents.map((_, scale) => exceedanceName(scale)),
  };
  return [{ ...part, inner: (graph) => squaresInside(graph, scales.length) }, counting];
}

async function openFlow(
  parts: readonly Part[],
  maps: readonly string[],
  options: NetworkOptions,
): Promise<Session> {
  if (parts.length === 1) return await openPart(parts[0]!, options);
  const network = compose(parts, maps);
  if (network) return await openNetwork(flowEntry, network, options);
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `The window test needs what is inside of ${flowEntry}, which is too large or keeps its weights in another file: use the region test`,
  );
}

async function openPart(part: Part, options: NetworkOptions): Promise<Session> {
  const session = await openNetwork(part.name, part.network, options);
  expectInterface(part, { inputs: session.inputNames, outputs: session.outputNames });
  return session;
}

function openNetwork(name: string, network: Uint8Array, options: NetworkOptions): Promise<Session> {
  return Session.create(options.precision === "float16" ? toHalfPrecision(name, network) : network, options);
}
