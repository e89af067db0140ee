import type { Sight } from "../areas/sight.js";
import { type Backbone, featureName, featureScales, imageName, type Scale } from "../backbone/index.js";
import { messageOf, UflowError } from "../error.js";
import { decodeImage, type RawImage } from "../image/decode.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { type Picture, type Variant, varied } from "./augmentation.js";
import { FeatureCache, type FeatureCacheOptions } from "./feature-cache.js";
import { throwIfStopped } from "./stop.js";

export interface FeatureTask extends Omit<SessionOptions, "device"> {
  pictures: readonly Picture[];
  backbone: Backbone;
  network: Uint8Array;
  /** What of the images is seen. */
  sight: Sight;
  inputSize: number;
  cache: FeatureCacheOptions;
  /** Bytes that the features may take in memory. */
  memory: number;
  /** Stops between two pictures. */
  signal: AbortSignal;
}

/**
 * Runs the frozen backbone over all pictures once, one by one: on a CPU several at once take longer. The next is decoded
 * while the network runs. The cache has the pictures' order, and must be closed.
 * @throws UflowError ERR_UFLOW_BAD_DATASET, after all images were tried, naming those that cannot be read: a model is
 * not trained on less than the user gave; ERR_UFLOW_ABORTED; what `FeatureCache` throws.
 */
export async function computeFeatures(
  task: FeatureTask,
  onPicture: (done: number) => void,
): Promise<FeatureCache> {
  const cache = await FeatureCache.create(
    featureScales(task.backbone, task.inputSize),
    task.pictures.length,
    task.cache,
    task.memory,
  );
  try {
    await fill(cache, task, onPicture);
    return cache;
  } catch (error) {
    await cache.close();
    throw error;
  }
}

async function fill(
  cache: FeatureCache,
  task: FeatureTask,
  onPicture: (done: number) => void,
): Promise<void> {
  const { pictures, backbone, inputSize, threads, gate, weightsFolder } = task;
  const scales = featureScales(backbone, inputSize);
  const session = await Session.create(task.network, { device: "auto", threads, gate, weightsFolder });
  try {
    /** By path. */
    const problems = new Map<string, string>();
    const load = loader(task.sight);
    let next = load(pictures[0]!);
    for (let i = 0; i < pictures.length; i++) {
      throwIfStopped(task.signal);
      const current = await next;
      if (i + 1 < pictures.length) next = load(pictures[i + 1]!);
      if (current instanceof UflowError) problems.set(pictures[i]!.path, current.message);
      else {
        const features = await session.run({
          [imageName]: { data: current, dims: [1, 3, inputSize, inputSize] },
        });
        await cache.store(
          i,
          scales.map((scale, s) => dataOf(features[featureName(s)], scale)),
        );
      }
      onPicture(i + 1);
    }
    const images = new Set(pictures.map(({ path }) => path)).size;
    if (problems.size > 0) throw unreadable([...problems.values()], images);
  } finally {
    await session.close();
  }
}

/** @throws UflowError ERR_UFLOW_NETWORK when a network of the user's own yields other maps at this size. */
function dataOf(feature: Tensor | undefined, { channels, height, width }: Scale): Float32Array {
  const wanted = [1, channels, height, width];
  if (`${feature?.dims}` === `${wanted}`) return feature!.data;
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `The backbone yields a feature map [${feature?.dims}], where [${wanted}] was expected. Train at the input size at which it was imported`,
  );
}

/** Yields the network's input for a picture, or why it cannot be read. An image is decoded once for all its pictures. */
function loader(sight: Sight) {
  let decoded: { path: string; frame: Promise<RawImage> } | undefined;
  let seen: { path: string; variant: Variant | undefined; picture: Float32Array } | undefined;
  return async ({ path, variant, tile }: Picture): Promise<Float32Array | UflowError> => {
    try {
      if (decoded?.path !== path) decoded = { path, frame: decodeImage(path) };
      const frame = await decoded.frame;
      const view = sight.view(frame, `"${path}"`);
      if (seen?.path !== path || seen.variant !== variant) {
        const picture = view.picture(frame, { change: (part) => (variant ? varied(part, variant) : part) });
        seen = { path, variant, picture };
      }
      return view.tile(seen.picture, tile);
    } catch (error) {
      return error instanceof UflowError
        ? error
        : new UflowError("ERR_UFLOW_BAD_IMAGE", messageOf(error), { cause: error });
    }
  };
}

function unreadable(problems: readonly string[], total: number): UflowError {
  const shown = problems.slice(0, 5).join("\n  ");
  const more = problems.length > 5 ? `\n  … and ${problems.length - 5} more` : "";
  return new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `${problems.length} of ${total} training images cannot be read; repair or remove them:\n  ${shown}${more}`,
  );
}
