import type { Manifest } from "../bundle/manifest.js";
import { readModel } from "../bundle/read.js";
import type { ImageSource, Inspection } from "./inspection.js";
import { Lane } from "./lane.js";
import { checkInspectorOptions, checkModelPath, type InspectorOptions } from "./options.js";

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
    /** The device that was taken. */
    readonly device: "cpu" | "cuda",
    /** What the model file says of itself. */
    readonly manifest: Manifest,
  ) {}

  /**
   * Opens a `.uflow` file.
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK.
   */
  static async open(path: string, options: InspectorOptions = {}): Promise<Inspector> {
    checkModelPath(path);
    const checked = checkInspectorOptions(options);
    const model = await readModel(path);
    const { lane, device } = await Lane.open({ model, options: checked });
    return new Inspector(lane, device, model.manifest);
  }

  /**
   * Inspects one image: a path, the bytes of an image file, or `{ data, width, height, channels }`. Several calls may
   * be under way; they are answered in order.
   * @throws UflowError ERR_UFLOW_BAD_IMAGE, ERR_UFLOW_NETWORK, ERR_UFLOW_LANE, ERR_UFLOW_CLOSED.
   */
  inspect(image: ImageSource): Promise<Inspection> {
    return this.lane.inspect(image);
  }

  /** Finishes what was asked for and frees the networks. */
  close(): Promise<void> {
    return this.lane.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
