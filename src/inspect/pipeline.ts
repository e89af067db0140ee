import { scaleRegion, segmentOptions } from "../a-contrario/index.js";
import { featureName, imageName } from "../backbone/index.js";
import type { Manifest } from "../bundle/manifest.js";
import { backboneEntry, flowEntry, type Model } from "../bundle/model.js";
import { UflowError } from "../error.js";
import { energyName } from "../flow/energy-network.js";
import { decodeImage } from "../image/decode.js";
import { preprocess } from "../image/preprocess.js";
import { type Energy, Segmenter } from "../kernels/index.js";
import { Session, type SessionOptions } from "../onnx/session.js";
import type { ImageSource, Inspection } from "./inspection.js";
import type { CheckedInspectorOptions } from "./options.js";

/** The four phases of one model, one image at a time: backbone, flow, anomaly map, a contrario segmentation. */
export class Pipeline {
  private readonly segmenter = new Segmenter();

  private constructor(
    private readonly manifest: Manifest,
    private readonly backbone: Session,
    private readonly flow: Session,
    private readonly options: CheckedInspectorOptions,
  ) {}

  /** @throws UflowError ERR_UFLOW_DEVICE or ERR_UFLOW_NETWORK. */
  static async open(
    { manifest, backbone, flow }: Model,
    options: CheckedInspectorOptions & SessionOptions,
  ): Promise<Pipeline> {
    const features = manifest.scales.map((_, scale) => featureName(scale));
    const energies = manifest.scales.map((_, scale) => energyName(scale));
    return new Pipeline(
      manifest,
      await openNetwork(backboneEntry, backbone, { inputs: [imageName], outputs: features }, options),
      await openNetwork(flowEntry, flow, { inputs: features, outputs: energies }, options),
      options,
    );
  }

  /** The device that the networks run on. */
  get device(): "cpu" | "cuda" {
    return this.flow.device;
  }

  /** @throws UflowError ERR_UFLOW_BAD_IMAGE or ERR_UFLOW_NETWORK. */
  async inspect(source: ImageSource): Promise<Inspection> {
    const clock = new Clock();
    const frame = await decodeImage(source, { maxPixels: this.options.maxPixels });
    const decode = clock.lap();
    const { inputSize, preprocessing } = this.manifest;
    const input = preprocess(frame, { width: inputSize, height: inputSize, ...preprocessing });
    const prepared = clock.lap();
    const energies = await this.energies(input);
    const network = clock.lap();
    const side = this.options.mapSize ?? this.manifest.mapSize;
    const { anomalyMap, anomalyScore, logNfaMap, logNfa, mask, regions } = this.segmenter.segment(
      energies,
      segmentOptions(this.options, side),
    );
    const size = { width: frame.width, height: frame.height };
    return {
      anomalous: regions.length > 0,
      logNfa,
      anomalyScore,
      anomalyMap,
      logNfaMap,
      mask: { data: mask, width: side, height: side },
      regions: regions.map((region) => scaleRegion(region, anomalyMap, size)),
      image: size,
      timings: { decode, preprocess: prepared, network, segment: clock.lap() },
    };
  }

  async close(): Promise<void> {
    await this.backbone.close();
    await this.flow.close();
  }

  /** Image in, one energy map per scale out. */
  private async energies(image: Float32Array): Promise<Energy[]> {
    const { inputSize, scales, latents } = this.manifest;
    const features = await this.backbone.run({
      [imageName]: { data: image, dims: [1, 3, inputSize, inputSize] },
    });
    const names = scales.map((_, scale) => featureName(scale));
    const energies = await this.flow.run(Object.fromEntries(names.map((name) => [name, features[name]!])));
    return latents.map(({ channels, height, width }, scale) => ({
      data: energies[energyName(scale)]!.data,
      channels,
      height,
      width,
    }));
  }
}

/** @throws UflowError ERR_UFLOW_NETWORK also when it is a network, but not one of these inputs and outputs. */
async function openNetwork(
  entry: string,
  network: Uint8Array,
  { inputs, outputs }: { inputs: readonly string[]; outputs: readonly string[] },
  options: SessionOptions,
): Promise<Session> {
  const session = await Session.create(network, options);
  const { inputNames, outputNames } = session;
  const fits =
    inputNames.length === inputs.length &&
    inputs.every((name) => inputNames.includes(name)) &&
    outputs.every((name) => outputNames.includes(name));
  if (fits) return session;
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `Expected ${entry} to make ${outputs.join(", ")} of ${inputs.join(", ")}, but it makes ${outputNames.join(", ")} of ${inputNames.join(", ")}: the model file is not what its manifest says; train it again`,
  );
}

/** Milliseconds since the lap before. */
class Clock {
  private last = performance.now();

  lap(): number {
    const now = performance.now();
    const elapsed = now - this.last;
    this.last = now;
    return elapsed;
  }
}
