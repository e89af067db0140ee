import sharp, { type Sharp } from "sharp";
import { decodeImage } from "./decode.js";

/** Pixels on each side of a sketch. */
const side = 32;

/**
 * An image in small and in grey, stretched to 32 × 32 values of 0 … 255: enough to tell whether two images are the same picture, whatever
 * their formats and sizes. Large JPEG files are decoded in small at once.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it cannot be read.
 */
export async function sketch(path: string): Promise<Uint8Array> {
  const small = (image: Sharp) =>
    image
      .removeAlpha()
      .resize(side, side, { fit: "fill" })
      .toColourspace("b-w")
      .raw({ depth: "uchar" })
      .toBuffer();
  try {
    return await small(sharp(path));
  } catch {
    const { data, width, height, channels } = await decodeImage(path);
    return await small(sharp(data, { raw: { width, height, channels } }));
  }
}

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
