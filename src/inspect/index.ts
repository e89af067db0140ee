import { type OperatingPoint, resolveOperatingPoint } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import { backboneSum, type Model } from "../bundle/model.js";
import { readModel } from "../bundle/read.js";
import type { ImageSource, Inspection } from "./inspection.js";
import { Lane } from "./lane.js";
import { checkInspectorOptions, checkModelPath, checkModelPaths, type InspectorOptions } from "./options.js";

export type { OperatingPoint, OperatingPointOptions } from "../a-contrario/operating-point.js";
export type { ImageSource, Inspection, PixelMap } from "./inspection.js";
export type { InspectorOptions } from "./options.js";

/**
 * Inspects images with a trained model. The networks run in a worker thread; the event loop stays free.
 *
 * ```ts
 * await using inspector = await Inspector.open("bottle.uflow", { epsilon: 1 });
 * const { anomalous, regions } = await inspector.inspect("part.png");
 * ```
 */
export class Inspector implements AsyncDisposable {
  private constructor(
    private readonly lane: Lane,
    /** The model's place in the lane. */
    private readonly place: number,
    /** The device that was taken. */
    readonly device: "cpu" | "cuda",
    /** What the model file says of itself. */
    readonly manifest: Manifest,
    /** How regions are tested and when one is detected: what the options mean for this model. */
    readonly operatingPoint: OperatingPoint,
  ) {}

  /**
   * Opens a `.uflow` file. One whose backbone is `mcait` needs the weights of that in the store; the first time, the
   * network is then built of them (half a minute).
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_WEIGHTS (the backbone's are not in the
   * store, or others), ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK.
   */
  static async open(path: string, options: InspectorOptions = {}): Promise<Inspector> {
    checkModelPath(path);
    const [inspector] = await Inspector.openAll([path], options);
    return inspector!;
  }

  /**
   * Opens several `.uflow` files in one worker thread: one inspector per file, in the same order. Images are inspected
   * one after the other, whatever their model. Each inspector has its own `close()`; the thread ends with the last.
   *
   * It is for memory: three models of the embedded backbone at 256 pixels take 200 MB together and 320 MB opened one by
   * one, most of it their threads. Models with the same backbone load it once, which saves some 10 MB per further model
   * with the embedded one, and with larger ones their weights. Features then pass from one network to another, which
   * takes longer than one network does, with the embedded backbone mostly by a tenth. Open one by one what must work at
   * the same time, or as fast as it can.
   * @throws UflowError as `open()` does; then none is open.
   */
  static async openAll(paths: readonly string[], options: InspectorOptions = {}): Promise<Inspector[]> {
    checkModelPaths(paths);
    const checked = checkInspectorOptions(options);
    const models: Model[] = [];
    for (const path of paths) models.push(withKnownBackbone(await readModel(path), models));
    const { precision } = checked;
    const operatingPoints = models.map(({ manifest: { calibration, ...manifest } }) => {
      const mapSize = checked.mapSize ?? manifest.mapSize;
      return resolveOperatingPoint(checked, calibration, { mapSize, precision });
    });
    const { lane, devices } = await Lane.open({ models, operatingPoints, options: checked });
    return models.map(
      ({ manifest }, place) => new Inspector(lane, place, devices[place]!, manifest, operatingPoints[place]!),
    );
  }

  /**
   * Inspects one image: a path, the bytes of an image file, or `{ data, width, height, channels }`. Several calls may
   * be under way; they are answered in order.
   * @throws UflowError ERR_UFLOW_BAD_IMAGE, ERR_UFLOW_NETWORK, ERR_UFLOW_LANE, ERR_UFLOW_CLOSED.
   */
  inspect(image: ImageSource): Promise<Inspection> {
    return this.lane.inspect(this.place, image);
  }

  /** Finishes what was asked for and frees the networks. */
  close(): Promise<void> {
    return this.lane.close(this.place);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The model with the backbone of an earlier one where that is the same, so that one copy is kept of it. */
function withKnownBackbone(model: Model, earlier: readonly Model[]): Model {
  const same = earlier.find((other) => backboneSum(other) === backboneSum(model));
  return same ? { ...model, backbone: same.backbone } : model;
}
