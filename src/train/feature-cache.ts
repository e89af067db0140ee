import { freemem } from "node:os";
import type { Scale } from "../backbone/index.js";
import { UflowError } from "../error.js";
import type { Tensor } from "../onnx/session.js";

/**
 * The features of all training images, computed once: the backbone is frozen, so they never change. One block of
 * memory per scale, image after image.
 */
export class FeatureCache {
  private readonly blocks: Float32Array[];

  /** @throws UflowError ERR_UFLOW_MEMORY, before any work, when the features would not fit into memory. */
  constructor(
    private readonly scales: readonly Scale[],
    readonly images: number,
  ) {
    const bytes = 4 * images * scales.reduce((sum, scale) => sum + sizeOf(scale), 0);
    const limit = 0.8 * freemem();
    if (bytes > limit) {
      throw new UflowError(
        "ERR_UFLOW_MEMORY",
        `The features of ${images} images need ${gigabytes(bytes)}, and ${gigabytes(limit)} of memory can be had. Use fewer images or a smaller input size.`,
      );
    }
    this.blocks = scales.map((scale) => new Float32Array(images * sizeOf(scale)));
  }

  /** Stores the features of one image: one tensor per scale, batch 1. */
  store(image: number, features: readonly Float32Array[]): void {
    this.blocks.forEach((block, i) => {
      block.set(features[i]!, image * sizeOf(this.scales[i]!));
    });
  }

  /** The features of several images as one batch per scale, [batch, channels, height, width]. */
  batch(images: readonly number[]): Tensor[] {
    return this.scales.map((scale, i) => {
      const size = sizeOf(scale);
      const data = new Float32Array(images.length * size);
      images.forEach((image, row) => {
        data.set(this.blocks[i]!.subarray(image * size, (image + 1) * size), row * size);
      });
      return { data, dims: [images.length, scale.channels, scale.height, scale.width] };
    });
  }
}

const sizeOf = ({ channels, height, width }: Scale) => channels * height * width;
const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
