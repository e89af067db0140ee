import { UflowError } from "../error.js";
import type { RawImage } from "../kernels/index.js";

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** A rectangle of whole pixels of an image as it is seen, after its EXIF rotation; `x`, `y` is its upper left pixel. */
export interface Area extends Size {
  x: number;
  y: number;
}

/**
 * The part of an image that is looked at: the region, or all of it.
 * @param name of the image, for the message
 * @throws UflowError ERR_UFLOW_BAD_IMAGE where the image does not contain the region.
 */
export function areaOf(image: Size, region: Area | undefined, name = "the image"): Area {
  const { width, height } = image;
  if (!region) return { x: 0, y: 0, width, height };
  if (region.x + region.width <= width && region.y + region.height <= height) return region;
  throw new UflowError(
    "ERR_UFLOW_BAD_IMAGE",
    `Cannot look at ${name}: it has ${width} × ${height} pixels and does not contain the region of ${region.width} × ${region.height} at ${region.x}, ${region.y}; give images as the model was trained on, or another region`,
  );
}

/** The pixels of an area as an image: a copy, or the image itself where the area is all of it. */
export function cut(image: RawImage, { x, y, width, height }: Area): RawImage {
  if (width === image.width && height === image.height) return image;
  const { channels } = image;
  const length = width * channels;
  const data = new Uint8Array(height * length);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * channels;
    data.set(image.data.subarray(from, from + length), row * length);
  }
  return { data, width, height, channels };
}
