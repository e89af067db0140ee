import { scaleRegion, segmentIdeal, segmentOn, segmentOptions } from "../a-contrario/index.js";
import { meanEnergy } from "../a-contrario/mean-energy.js";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import { silenced, withoutIgnored } from "../a-contrario/seen.js";
import type { Sight, View } from "../areas/sight.js";
import type { Manifest } from "../bundle/manifest.js";
import type { Model } from "../bundle/model.js";
import { messageOf, UflowError } from "../error.js";
import { decodeImage } from "../image/decode.js";
import { type Segmentation, Segmenter, windowThreshold } from "../kernels/index.js";
import type { TriedDevice } from "../onnx/device.js";
import type { ImageSource, Inspection } from "./inspection.js";
import type { Maps } from "./map-memory.js";
import { sightOf } from "./model-sight.js";
import { Network, type NetworkMaps, type NetworkOptions } from "./network.js";
import type { CheckedInspectorOptions } from "./options.js";

type SeenMaps = Pick<NetworkMaps, "energies" | "exceedances">;

/** An image that is ready for the network. */
export interface Prepared {
  view: View;
  /** Of the view; to be used again once it is inspected. */
  picture: Float32Array;
  /** Milliseconds that it took. */
  decode: number;
  preprocess: number;
}

/** The four phases of one model: backbone, flow, anomaly map, a contrario segmentation. */
export class Pipeline {
  private readonly segmenter = new Segmenter();
  /** Memory of pictures that the network has seen. Fresh memory is slow, and a thread's garbage collector is kept busy by it. */
  private readonly seen: Float32Array[] = [];
  /** The same of maps that nobody wants, or wants any more. */
  private readonly spareMaps: Maps[] = [];

  private constructor(
    private readonly manifest: Manifest,
    private readonly sight: Sight,
    private readonly sha256: string,
    private readonly network: Network,
    private readonly operatingPoint: OperatingPoint,
    private readonly options: CheckedInspectorOptions,
  ) {}

  /**
   * One pipeline per model.
   * @param operatingPoints one per model
   * @throws UflowError ERR_UFLOW_DEVICE or ERR_UFLOW_NETWORK; ERR_UFLOW_BAD_IMAGE for a mask that cannot be read.
   */
  static async openAll(
    models: readonly Model[],
    operatingPoints: readonly OperatingPoint[],
    options: CheckedInspectorOptions & NetworkOptions,
  ): Promise<Pipeline[]> {
    const exceedance = options.nfa === "block" ? windowThreshold() : undefined;
    const sights: Sight[] = [];
    for (const model of models) sights.push(await sightOf(model, options));
    const networks = await Network.openAll(models, { ...options, exceedance });
    return models.map(
      ({ manifest, sha256 }, i) =>
        new Pipeline(manifest, sights[i]!, sha256, networks[i]!, operatingPoints[i]!, options),
    );
  }

  /** The device that the network runs on, after those that failed. */
  get tried(): readonly TriedDevice[] {
    return this.network.tried;
  }

  /** The first steps of an inspection, which need no network. @throws UflowError ERR_UFLOW_BAD_IMAGE. */
  async prepare(source: ImageSource): Promise<Prepared> {
    const clock = new Clock();
    const { data, ...frame } = await decodeImage(source, { maxPixels: this.options.maxPixels });
    const decode = clock.lap();
    const view = this.sight.view(frame);
    const into = this.seen.pop();
    const picture = view.picture(
      { data, ...frame },
      into?.length === view.pictureLength ? { into } : undefined,
    );
    return { view, picture, decode, preprocess: clock.lap() };
  }

  /**
   * Inspects images in one run of the network, or in several where their tiles are more than a batch. What is wrong with one of them is its result.
   * @param onLatents is given the latents of all tiles, of all images one after the other; only of a pipeline that was opened
   * with `latents`
   * @throws UflowError ERR_UFLOW_NETWORK when the run fails.
   */
  async inspect(
    images: readonly Prepared[],
    onLatents?: (tiles: Float32Array[][]) => void,
  ): Promise<(Inspection | UflowError)[]> {
    const clock = new Clock();
    const maps = await this.run(images, onLatents);
    const network = clock.lap() / images.length;
    this.seen.push(...images.map(({ picture }) => picture));
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

  /** Makes maps of further images in the memory of these, which must not be read any more. */
  takeBack(maps: Maps): void {
    // Images that fail leave theirs unused; what heaps up is dropped.
    if (this.spareMaps.length < 4 * this.options.batchSize) this.spareMaps.push(maps);
  }

  private verdict({ view, decode, preprocess }: Prepared, maps: SeenMaps, network: number): Inspection {
    const clock = new Clock();
    const { anomalyMap, anomalyScore, logNfaMap, logNfa, mask, regions } = this.segment(maps, view);
    const anomalous = regions.length > 0;
    return {
      verdict: anomalous ? "anomalous" : "good",
      anomalous,
      logNfa,
      anomalyScore,
      anomalyMap,
      logNfaMap,
      mask: { data: mask, ...view.map },
      regions: regions.map((region) => scaleRegion(region, anomalyMap, view.area)),
      image: { ...view.image },
      area: { ...view.area },
      meanEnergies: maps.energies.map((energy, scale) => meanEnergy(energy, view.ignored?.scales[scale])),
      model: this.sha256,
      timings: { wait: 0, decode, preprocess, network, segment: clock.lap(), total: 0 },
    };
  }

  /** The maps of all images, joined of their tiles. */
  private async run(
    images: readonly Prepared[],
    onLatents: ((tiles: Float32Array[][]) => void) | undefined,
  ): Promise<SeenMaps[]> {
    const tiles = images.flatMap(({ view, picture }) =>
      Array.from(
        { length: view.tiles },
        (_, tile) => (into: Float32Array | undefined) => view.tile(picture, tile, into),
      ),
    );
    const { batchSize: size } = this.options;
    const maps: NetworkMaps[] = [];
    let batch: Float32Array[] = [];
    for (let i = 0; i < tiles.length; i += size) {
      // What the network was given before has been read, a whole picture too.
      batch = tiles.slice(i, i + size).map((cut, place) => cut(batch[place]));
      maps.push(...(await this.network.run(batch, { latents: onLatents !== undefined })));
    }
    onLatents?.(maps.map(({ latents }) => latents));
    let next = 0;
    return images.map(({ view }) => {
      const own = maps.slice(next, next + view.tiles);
      next += view.tiles;
      return {
        energies: view.join(own.map(({ energies }) => energies)),
        exceedances: view.join(own.map(({ exceedances }) => exceedances)),
      };
    });
  }

  private segment(maps: SeenMaps, { map, ignored }: View): Segmentation {
    const { nfa, background } = this.operatingPoint;
    const used = this.spareMaps.pop();
    const into = used?.mask.length === map.width * map.height ? used : undefined;
    const options = { ...segmentOptions(this.operatingPoint, map), into };
    const energies = silenced(maps.energies, ignored);
    const found = () => {
      if (nfa === "block") {
        return this.segmenter.segmentWindows(energies, silenced(maps.exceedances, ignored), options);
      }
      if (background === "ideal") return segmentIdeal(this.segmenter, energies, options);
      return segmentOn(this.manifest.calibration!, this.segmenter, energies, options);
    };
    return withoutIgnored(found(), ignored, options);
  }

  close(): Promise<void> {
    return this.network.close();
  }
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
