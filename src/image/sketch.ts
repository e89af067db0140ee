import sharp from "sharp";
import { messageOf, UflowError } from "../error.js";
import type { RawImage } from "../kernels/index.js";
import { decodeImage, readImageHeader } from "./decode.js";

/** Pixels on each side of a sketch. */
const side = 32;

/**
 * An image in small and in grey, stretched to 32 × 32 values of 0 … 255: enough to tell whether two images are the same picture, whatever
 * their formats and sizes. Large JPEG files are decoded in small at once.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it cannot be read.
 */
export async function sketch(path: string): Promise<Uint8Array> {
  // What is no image to us, as a program that draws one, is not decoded either.
  const { format } = await readImageHeader(path);
  const image = format === "bmp" ? ofPixels(await decodeImage(path)) : sharp(path);
  try {
    return await image
      .removeAlpha()
      .resize(side, side, { fit: "fill" })
      .toColourspace("b-w")
      .raw({ depth: "uchar" })
      .toBuffer();
  } catch (error) {
    throw new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot decode "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const ofPixels = ({ data, width, height, channels }: RawImage) =>
  sharp(data, { raw: { width, height, channels } });

/** Root of the mean squared difference of two sketches, 0 … 255; Infinity where it is more than `most`. */
export function sketchDistance(a: Uint8Array, b: Uint8Array, most = Number.POSITIVE_INFINITY): number {
  const limit = most ** 2 * a.length;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += (a[i]! - b[i]!) ** 2;
    if (sum > limit) return Number.POSITIVE_INFINITY;
  }
  return Math.sqrt(sum / a.length);
}
