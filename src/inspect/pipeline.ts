import { scaleRegion, segmentOn, segmentOptions } from "../a-contrario/index.js";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import type { Model } from "../bundle/model.js";
import { decodeImage } from "../image/decode.js";
import { preprocess } from "../image/preprocess.js";
import { type Energy, type Segmentation, Segmenter, windowThreshold } from "../kernels/index.js";
import type { ImageSource, Inspection } from "./inspection.js";
import { Network, type NetworkMaps, type NetworkOptions } from "./network.js";
import type { CheckedInspectorOptions } from "./options.js";

/** The four phases of one model, one image at a time: backbone, flow, anomaly map, a contrario segmentation. */
export class Pipeline {
  private readonly segmenter = new Segmenter();

  private constructor(
    private readonly manifest: Manifest,
    private readonly sha256: string,
    private readonly network: Network,
    private readonly operatingPoint: OperatingPoint,
    private readonly options: CheckedInspectorOptions,
  ) {}

  /**
   * One pipeline per model.
   * @param operatingPoints one per model
   * @throws UflowError ERR_UFLOW_DEVICE or ERR_UFLOW_NETWORK.
   */
  static async openAll(
    models: readonly Model[],
    operatingPoints: readonly OperatingPoint[],
    options: CheckedInspectorOptions & NetworkOptions,
  ): Promise<Pipeline[]> {
    const exceedance = options.nfa === "block" ? windowThreshold() : undefined;
    const networks = await Network.openAll(models, { ...options, exceedance });
    return models.map(
      ({ manifest, sha256 }, i) => new Pipeline(manifest, sha256, networks[i]!, operatingPoints[i]!, options),
    );
  }

  /** The device that the network runs on. */
  get device(): "cpu" | "cuda" {
    return this.network.device;
  }

  /** @throws UflowError ERR_UFLOW_BAD_IMAGE or ERR_UFLOW_NETWORK. */
  async inspect(source: ImageSource): Promise<Inspection> {
    const clock = new Clock();
    const frame = await decodeImage(source, { maxPixels: this.options.maxPixels });
    const decode = clock.lap();
    const { inputSize, preprocessing } = this.manifest;
    const input = preprocess(frame, { width: inputSize, height: inputSize, ...preprocessing });
    const prepared = clock.lap();
    const maps = await this.network.run(input);
    const network = clock.lap();
    const side = this.options.mapSize ?? this.manifest.mapSize;
    const { anomalyMap, anomalyScore, logNfaMap, logNfa, mask, regions } = this.segment(maps, side);
    const size = { width: frame.width, height: frame.height };
    const anomalous = regions.length > 0;
    return {
      verdict: anomalous ? "anomalous" : "good",
      anomalous,
      logNfa,
      anomalyScore,
      anomalyMap,
      logNfaMap,
      mask: { data: mask, width: side, height: side },
      regions: regions.map((region) => scaleRegion(region, anomalyMap, size)),
      image: size,
      meanEnergies: maps.energies.map(meanEnergy),
      model: this.sha256,
      timings: { wait: 0, decode, preprocess: prepared, network, segment: clock.lap(), total: 0 },
    };
  }

  private segment({ energies, exceedances }: NetworkMaps, side: number): Segmentation {
    const { nfa, background } = this.operatingPoint;
    const options = segmentOptions(this.operatingPoint, side);
    if (nfa === "block") return this.segmenter.segmentWindows(energies, exceedances, options);
    const { calibration } = this.manifest;
    if (background === "ideal") return this.segmenter.segment(energies, options);
    return segmentOn(calibration!, this.segmenter, energies, options);
  }

  close(): Promise<void> {
    return this.network.close();
  }
}

/** Per pixel and channel. */
function meanEnergy({ data, channels }: Energy): number {
  let sum = 0;
  for (const energy of data) sum += energy;
  return sum / (data.length * channels);
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
