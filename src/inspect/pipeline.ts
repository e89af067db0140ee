import { scaleRegion, segmentOn, segmentOptions } from "../a-contrario/index.js";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import type { Model } from "../bundle/model.js";
import { messageOf, UflowError } from "../error.js";
import { decodeImage } from "../image/decode.js";
import { preprocess } from "../image/preprocess.js";
import { type Energy, type Segmentation, Segmenter, windowThreshold } from "../kernels/index.js";
import type { ImageSource, Inspection } from "./inspection.js";
import { Network, type NetworkMaps, type NetworkOptions } from "./network.js";
import type { CheckedInspectorOptions } from "./options.js";

/** An image that is ready for the network. */
export interface Prepared {
  /** Planar RGB of the model's input size, normalised. */
  input: Float32Array;
  /** Size of the original, pixels. */
  image: { width: number; height: number };
  /** Milliseconds that it took. */
  decode: number;
  preprocess: number;
}

/** The four phases of one model: backbone, flow, anomaly map, a contrario segmentation. */
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

  /** The first steps of an inspection, which need no network. @throws UflowError ERR_UFLOW_BAD_IMAGE. */
  async prepare(source: ImageSource): Promise<Prepared> {
    const clock = new Clock();
    const { data, ...frame } = await decodeImage(source, { maxPixels: this.options.maxPixels });
    const decode = clock.lap();
    const { inputSize, preprocessing } = this.manifest;
    const to = { width: inputSize, height: inputSize, ...preprocessing };
    const input = preprocess({ data, ...frame }, to);
    const { width, height } = frame;
    return { input, image: { width, height }, decode, preprocess: clock.lap() };
  }

  /**
   * Inspects images in one run of the network. What is wrong with one of them is its result.
   * @throws UflowError ERR_UFLOW_NETWORK when the run fails.
   */
  async inspect(images: readonly Prepared[]): Promise<(Inspection | UflowError)[]> {
    const clock = new Clock();
    const maps = await this.network.run(images.map(({ input }) => input));
    const network = clock.lap() / images.length;
    return images.map((image, i) => {
      try {
        return this.verdict(image, maps[i]!, network);
      } catch (error) {
        return error instanceof UflowError
          ? error
          : new UflowError("ERR_UFLOW_NETWORK", messageOf(error), { cause: error });
      }
    });
  }

  private verdict({ image, decode, preprocess }: Prepared, maps: NetworkMaps, network: number): Inspection {
    const clock = new Clock();
    const side = this.options.mapSize ?? this.manifest.mapSize;
    const { anomalyMap, anomalyScore, logNfaMap, logNfa, mask, regions } = this.segment(maps, side);
    const anomalous = regions.length > 0;
    return {
      verdict: anomalous ? "anomalous" : "good",
      anomalous,
      logNfa,
      anomalyScore,
      anomalyMap,
      logNfaMap,
      mask: { data: mask, width: side, height: side },
      regions: regions.map((region) => scaleRegion(region, anomalyMap, image)),
      image,
      meanEnergies: maps.energies.map(meanEnergy),
      model: this.sha256,
      timings: { wait: 0, decode, preprocess, network, segment: clock.lap(), total: 0 },
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
