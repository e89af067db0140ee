import { type Backbone, featureName, featureScales, imageName, type Scale } from "../backbone/index.js";
import { messageOf, UflowError } from "../error.js";
import { decodeImage } from "../image/decode.js";
import { preprocess } from "../image/preprocess.js";
import { Session, type SessionOptions, type Tensor } from "../onnx/session.js";
import { FeatureCache } from "./feature-cache.js";
import { throwIfStopped } from "./stop.js";

export interface FeatureTask extends Omit<SessionOptions, "device"> {
  images: readonly string[];
  backbone: Backbone;
  network: Uint8Array;
  inputSize: number;
  /** Stops between two images. */
  signal: AbortSignal;
}

/**
 * Runs the frozen backbone over all images once. The next image is decoded while the network runs.
 * @throws UflowError ERR_UFLOW_BAD_DATASET, after all images were tried, naming those that cannot be read: a model is
 * not trained on less than the user gave; ERR_UFLOW_ABORTED.
 */
export async function computeFeatures(
  task: FeatureTask,
  onImage: (done: number) => void,
): Promise<FeatureCache> {
  const { images, backbone, inputSize, threads, gate, weightsFolder } = task;
  const scales = featureScales(backbone, inputSize);
  const cache = new FeatureCache(scales, images.length);
  const session = await Session.create(task.network, { device: "auto", threads, gate, weightsFolder });
  try {
    const problems: string[] = [];
    let next = load(images[0]!, backbone, inputSize);
    for (let i = 0; i < images.length; i++) {
      throwIfStopped(task.signal);
      const current = await next;
      if (i + 1 < images.length) next = load(images[i + 1]!, backbone, inputSize);
      if (current instanceof UflowError) problems.push(current.message);
      else {
        const features = await session.run({
          [imageName]: { data: current, dims: [1, 3, inputSize, inputSize] },
        });
        cache.store(
          i,
          scales.map((scale, s) => dataOf(features[featureName(s)], scale)),
        );
      }
      onImage(i + 1);
    }
    if (problems.length > 0) throw unreadable(problems, images.length);
    return cache;
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

/** The network's input for one image, or why it cannot be read. */
async function load(path: string, backbone: Backbone, inputSize: number): Promise<Float32Array | UflowError> {
  try {
    const frame = await decodeImage(path);
    return preprocess(frame, { width: inputSize, height: inputSize, ...backbone.preprocessing });
  } catch (error) {
    return error instanceof UflowError
      ? error
      : new UflowError("ERR_UFLOW_BAD_IMAGE", messageOf(error), { cause: error });
  }
}

function unreadable(problems: readonly string[], total: number): UflowError {
  const shown = problems.slice(0, 5).join("\n  ");
  const more = problems.length > 5 ? `\n  … and ${problems.length - 5} more` : "";
  return new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `${problems.length} of ${total} training images cannot be read; repair or remove them:\n  ${shown}${more}`,
  );
}
