import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { BuildOptions } from "../backbone/building.js";
import type { Manifest } from "../bundle/manifest.js";
import { backboneSum, type Model } from "../bundle/model.js";
import { readModel } from "../bundle/read.js";
import { UflowError } from "../error.js";
import type { DeviceName, TriedDevice } from "../onnx/device.js";
import { Engine, laneDepth } from "./engine.js";
import { measureLanes } from "./fastest-lanes.js";
import type { Findings, ImageSource, Inspection, Outcome, StreamOutcome } from "./inspection.js";
import { Meter } from "./meter.js";
import { operatingPointFor } from "./operating-point-for.js";
import {
  type CheckedInspectOptions,
  type CheckedInspectorOptions,
  checkFrames,
  checkInspectOptions,
  checkModelPath,
  checkModelPaths,
  checkOpenOptions,
  checkOutcome,
  checkShadowOptions,
  checkStreamOptions,
  type EngineOptions,
  type InspectOptions,
  type OpenOptions,
  type ShadowOptions,
  type StreamOptions,
} from "./options.js";
import { Shadow } from "./shadow.js";
import type { InspectorStats } from "./stats.js";
import { streamInOrder } from "./stream.js";
import { withWeightsFolder } from "./weights-folder.js";

export type { OperatingPoint, OperatingPointOptions } from "../a-contrario/operating-point.js";
export type { Device, DeviceName, TriedDevice } from "../onnx/device.js";
export type {
  Comparison,
  Findings,
  ImageSource,
  Inspection,
  Outcome,
  PixelMap,
  StreamOutcome,
  Timings,
  Undecided,
} from "./inspection.js";
export type {
  InspectOptions,
  InspectorOptions,
  OpenOptions,
  ShadowOptions,
  StreamOptions,
  WantedMaps,
} from "./options.js";
export type { Shadow, ShadowStats } from "./shadow.js";
export type { InspectorStats, Latency } from "./stats.js";

/** Options with which a verdict has its maps. */
interface AllMaps {
  maps?: "all" | undefined;
}

/** A model in lanes. */
interface OpenModel {
  engine: Engine;
  /** Its place in the lanes. */
  place: number;
  triedDevices: readonly TriedDevice[];
  manifest: Manifest;
  operatingPoint: OperatingPoint;
  sha256: string;
}

/**
 * Inspects images with a trained model. The networks run in worker threads, the lanes; the event loop stays free.
 *
 * ```ts
 * await using inspector = await Inspector.open("bottle.uflow", { epsilon: 1 });
 * const { anomalous, regions } = await inspector.inspect("part.png");
 * for await (const outcome of inspector.stream(camera, { deadline: 100 })) sort(outcome.verdict);
 * ```
 */
export class Inspector implements AsyncDisposable {
  private readonly shadows = new Set<Shadow>();
  /** Models that were swapped for another and finish what they have. */
  private readonly leaving = new Map<OpenModel, Promise<void>>();
  private swapping: Promise<void> = Promise.resolve();
  private closing = false;

  private constructor(
    private current: OpenModel,
    private readonly meter: Meter,
    private readonly options: EngineOptions,
    private readonly onNetwork: BuildOptions["onNetwork"],
  ) {}

  /**
   * Opens a `.uflow` file. One whose backbone is `mcait` needs the weights of that in the store; the first time, the
   * network is then built of them (half a minute).
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_WEIGHTS (the backbone's are not in the
   * store, or others), ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK, ERR_UFLOW_ABORTED; then nothing is open.
   */
  static async open(path: string, options: OpenOptions = {}): Promise<Inspector> {
    checkModelPath(path);
    const [inspector] = await Inspector.openAll([path], options);
    return inspector!;
  }

  /**
   * Opens several `.uflow` files in the same lanes: one inspector per file, in the same order, each with its own `close()`;
   * the threads end with the last. They share the queue, in which each counts as stations of its own.
   *
   * It is for memory: three models of the embedded backbone at 256 pixels take 200 MB together and 320 MB opened one by
   * one, most of it their threads. Models with the same backbone load it once, which saves some 10 MB per further model
   * with the embedded one, and with larger ones their weights. Features then pass from one network to another, which
   * takes longer than one network does, with the embedded backbone mostly by a tenth. Open one by one what must work at
   * the same time, or as fast as it can.
   * @throws UflowError as `open()` does; then none is open.
   */
  static async openAll(paths: readonly string[], options: OpenOptions = {}): Promise<Inspector[]> {
    checkModelPaths(paths);
    const { signal, onNetwork, ...checked } = checkOpenOptions(options);
    const meters = paths.map(() => new Meter());
    const models = await readModels(paths, { signal, onNetwork });
    const engineOptions = await withLanes(checked, models[0]!);
    const opened = await openModels(models, engineOptions, meters);
    const inspectors = opened.map(
      (model, place) => new Inspector(model, meters[place]!, engineOptions, onNetwork),
    );
    if (!signal?.aborted) return inspectors;
    await Promise.all(inspectors.map((inspector) => inspector.close()));
    throw openingAborted();
  }

  /** The device that was taken. */
  get device(): DeviceName {
    return this.triedDevices.at(-1)!.device;
  }

  /** The devices that were tried, in order; the last one was taken. */
  get triedDevices(): readonly TriedDevice[] {
    return this.current.triedDevices;
  }

  /** What the model file says of itself. */
  get manifest(): Manifest {
    return this.current.manifest;
  }

  /** How regions are tested and when one is detected: what the options mean for this model. */
  get operatingPoint(): OperatingPoint {
    return this.current.operatingPoint;
  }

  /** SHA-256 of the model file, in hexadecimal digits. */
  get model(): string {
    return this.current.sha256;
  }

  /** What it has done and how fast. */
  get stats(): InspectorStats {
    const { engine, place } = this.current;
    const load = engine.load(place);
    for (const old of this.leaving.keys()) {
      const { queued, underWay } = old.engine.load(old.place);
      load.queued += queued;
      load.underWay += underWay;
    }
    return this.meter.stats(load);
  }

  /**
   * Inspects one image: a path, the bytes of an image file, or `{ data, width, height, channels }`. Memory may be used again
   * when this returns, unless it is shared or `transfer` hands it over. Several calls may be under way; with one lane they
   * are answered in order.
   * @returns with all maps, unless `maps` wants fewer; with `deadline` also what is undecided when it has passed
   * @throws UflowError ERR_UFLOW_BAD_IMAGE, ERR_UFLOW_NETWORK, ERR_UFLOW_LANE (a lane died with the image, twice),
   * ERR_UFLOW_BUSY (the queue is full), ERR_UFLOW_MEMORY (none for a copy), ERR_UFLOW_ABORTED, ERR_UFLOW_BAD_OPTION, ERR_UFLOW_CLOSED.
   */
  inspect(image: ImageSource, options: InspectOptions & AllMaps & { deadline: number }): Promise<Outcome>;
  inspect(
    image: ImageSource,
    options?: InspectOptions & AllMaps & { deadline?: undefined },
  ): Promise<Inspection>;
  inspect(image: ImageSource, options: InspectOptions & AllMaps): Promise<Outcome>;
  inspect(image: ImageSource, options: InspectOptions & { deadline?: undefined }): Promise<Findings>;
  inspect(image: ImageSource, options: InspectOptions): Promise<Outcome<Findings>>;
  async inspect(image: ImageSource, options: InspectOptions = {}): Promise<Outcome<Findings>> {
    return await this.begin(image, checkInspectOptions(options));
  }

  /**
   * Inspects the frames of an iterable and gives their outcomes in their order, each as soon as it is there. A frame that
   * cannot be inspected is undecided and does not end the stream. Frames are taken as outcomes are: whoever reads slowly
   * slows the source. When the loop is left, what is under way is finished first.
   * @throws UflowError ERR_UFLOW_BAD_OPTION, at once; ERR_UFLOW_ABORTED (`signal`), ERR_UFLOW_CLOSED; what the iterable throws, after the outcomes of its frames.
   */
  stream(
    frames: AsyncIterable<ImageSource> | Iterable<ImageSource>,
    options?: StreamOptions & AllMaps,
  ): AsyncGenerator<StreamOutcome, void, undefined>;
  stream(
    frames: AsyncIterable<ImageSource> | Iterable<ImageSource>,
    options: StreamOptions,
  ): AsyncGenerator<StreamOutcome<Findings>, void, undefined>;
  stream(
    frames: AsyncIterable<ImageSource> | Iterable<ImageSource>,
    options: StreamOptions = {},
  ): AsyncGenerator<StreamOutcome<Findings>, void, undefined> {
    checkFrames(frames);
    const { ahead, ...each } = checkStreamOptions(options);
    const { lanes, batchSize, queueSize } = this.options;
    return streamInOrder(frames, {
      inspect: (image) => this.begin(image, each),
      // One batch more than what lanes hold at the same time.
      ahead: ahead ?? Math.min(queueSize, (lanes * laneDepth + 1) * batchSize),
      signal: each.signal,
    });
  }

  /**
   * Gives the memory of an outcome's maps back, for maps of images to come; their arrays are empty from then on. It need not
   * be called: what is dropped is collected. But collecting half a megabyte per image (256 pixels) is the longest that the
   * event loop waits, so whoever looks at all maps at line speed calls it when he has. A shadow's comparison has them no more,
   * either. Without all three maps nothing happens.
   * @throws UflowError ERR_UFLOW_BAD_OPTION for what is no outcome.
   */
  release(outcome: Outcome<Findings>): void {
    checkOutcome(outcome);
    const { engine, place } = this.current;
    engine.release(place, outcome);
  }

  /**
   * Goes on with another model file, between two images: what was asked for before is finished by the old model, what
   * comes after is the new one's. The new one is opened beside the old one first.
   * @throws UflowError as `open()` does, then the old model stays; ERR_UFLOW_CLOSED.
   */
  swap(path: string): Promise<void> {
    checkModelPath(path);
    const swapped = this.swapping.then(() => this.swapNow(path));
    this.swapping = swapped.catch(() => undefined);
    return swapped;
  }

  /**
   * Opens a candidate that looks at the same images and decides nothing, in a lane of its own with the same options. It looks
   * at an image when it is free, so it may skip some.
   * @throws UflowError as `open()` does; ERR_UFLOW_CLOSED.
   */
  async shadow(path: string, options: ShadowOptions = {}): Promise<Shadow> {
    checkModelPath(path);
    const { share, onComparison } = checkShadowOptions(options);
    if (this.closing) throw closedError();
    const own = { ...this.options, lanes: 1 };
    const { onNetwork } = this;
    const [candidate] = await openModels(await readModels([path], { onNetwork }), own, [new Meter()]);
    const { engine, sha256 } = candidate!;
    const shadow = new Shadow(engine, sha256, share, onComparison, () => this.shadows.delete(shadow));
    if (this.closing) {
      await shadow.close();
      throw closedError();
    }
    this.shadows.add(shadow);
    return shadow;
  }

  /** Settled when everything that was asked for has its outcome. */
  async drain(): Promise<void> {
    const { engine, place } = this.current;
    await Promise.all([engine.drain(place), ...this.leaving.values()]);
  }

  /** Takes nothing more on, finishes what was asked for and frees the networks. May be called again. */
  async close(): Promise<void> {
    this.closing = true;
    await this.swapping;
    const { engine, place } = this.current;
    const shadows = [...this.shadows].map((shadow) => shadow.close());
    await Promise.all([engine.close(place), ...this.leaving.values(), ...shadows]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private begin(image: ImageSource, options: CheckedInspectOptions): Promise<Outcome<Findings>> {
    if (this.closing) return Promise.reject(closedError());
    const { engine, place } = this.current;
    const watching = [...this.shadows].filter((shadow) => shadow.wants());
    if (watching.length === 0) return engine.inspect(place, image, options);
    // Each copies it, at once.
    const outcome = engine.inspect(place, image, { ...options, transfer: false });
    for (const shadow of watching) shadow.look(image, outcome, options);
    return outcome;
  }

  private async swapNow(path: string): Promise<void> {
    if (this.closing) throw closedError();
    const { onNetwork } = this;
    const [next] = await openModels(await readModels([path], { onNetwork }), this.options, [this.meter]);
    if (this.closing) {
      await next!.engine.close(0);
      throw closedError();
    }
    const old = this.current;
    this.current = next!;
    const left = old.engine.close(old.place).finally(() => this.leaving.delete(old));
    this.leaving.set(old, left);
  }
}

/** Models whose networks are all there, so that lanes need not build them. */
async function readModels(paths: readonly string[], options: BuildOptions): Promise<Model[]> {
  const models: Model[] = [];
  for (const path of paths) {
    if (options.signal?.aborted) throw openingAborted();
    const model = withKnownBackbone(await readModel(path), models);
    models.push(await withWeightsFolder(model, options));
  }
  return models;
}

/** What `auto` stands for. */
async function withLanes(options: CheckedInspectorOptions, model: Model): Promise<EngineOptions> {
  const { lanes, ...others } = options;
  if (lanes !== "auto") return { ...others, lanes };
  const { device, threads, batchSize, precision, graphOptimizationLevel } = options;
  const wishes = { threads: threads || undefined, batchSize };
  const network = { device, precision, graphOptimizationLevel };
  const { mostThroughput } = await measureLanes(model, network, wishes);
  return { ...others, lanes: mostThroughput.lanes, threads: mostThroughput.threads };
}

async function openModels(
  models: readonly Model[],
  options: EngineOptions,
  meters: readonly Meter[],
): Promise<OpenModel[]> {
  const operatingPoints = models.map(({ manifest }) => operatingPointFor(manifest, options));
  const { engine, devices } = await Engine.start({ models, operatingPoints, options, meters });
  return models.map(({ manifest, sha256 }, place) => ({
    engine,
    place,
    triedDevices: devices[place]!,
    manifest,
    operatingPoint: operatingPoints[place]!,
    sha256,
  }));
}

/** The model with the backbone of an earlier one where that is the same, so that one copy is kept of it. */
function withKnownBackbone(model: Model, earlier: readonly Model[]): Model {
  const same = earlier.find((other) => backboneSum(other) === backboneSum(model));
  return same ? { ...model, backbone: same.backbone } : model;
}

const openingAborted = () =>
  new UflowError("ERR_UFLOW_ABORTED", "The opening of the model was cancelled; nothing is open");
const closedError = () => new UflowError("ERR_UFLOW_CLOSED", "The inspector is closed");
