import { readModel } from "../bundle/read.js";
import { decodeImage } from "../image/decode.js";
import { Preprocessor } from "../image/preprocess.js";
import { Network } from "../inspect/network.js";
import { checkInspectorOptions, type InspectorOptions } from "../inspect/options.js";
import { withWeightsFolder } from "../inspect/weights-folder.js";
import type { RawImage } from "../kernels/index.js";

/** Of one image: z [channels, height, width] by scale, finest first. */
export type Latents = readonly Float32Array[];

/**
 * What a model's flow makes of images before it is squared and summed, by a network opened for it alone. It runs on the
 * calling thread. Cost: `wide_resnet50_2` has 25 MB of latents per image.
 * @throws UflowError as `Inspector.open()` and `inspect()` do.
 */
export async function latentsOf(
  path: string,
  options: InspectorOptions,
  images: readonly RawImage[],
): Promise<Latents[]> {
  const { device, threads, precision, graphOptimizationLevel, maxPixels } = checkInspectorOptions(options);
  const model = await withWeightsFolder(await readModel(path));
  const { inputSize, preprocessing } = model.manifest;
  const network = await Network.open(model, {
    ...{ device, threads, precision, graphOptimizationLevel },
    latents: true,
  });
  try {
    const all: Latents[] = [];
    for (const image of images) {
      const frame = await decodeImage(image, { maxPixels });
      const input = new Preprocessor().picture(frame, {
        width: inputSize,
        height: inputSize,
        ...preprocessing,
      });
      all.push((await network.run([input]))[0]!.latents);
    }
    return all;
  } finally {
    await network.close();
  }
}
