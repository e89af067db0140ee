import sharp from "sharp";
import { decodeImage } from "../image/decode.js";
import { readWhite } from "../image/mask.js";
import type { RawImage } from "../kernels/index.js";

/**
 * Points in pixels of an image; as in `Region.contour` they count from the upper left corner of the first pixel, so that a
 * contour that was found can be ignored as it is. Where a polygon crosses itself, what is enclosed twice is outside.
 */
export type Polygon = [x: number, y: number][];

/** Where nothing is ever reported: in any of the polygons, and where the mask is white. */
export interface IgnoreOptions {
  polygons?: Polygon[] | undefined;
  /** Path of an image of the size of those that are inspected: white is ignored, black is not. */
  mask?: string | undefined;
}

/** Ignored areas in memory. */
export interface IgnoredAreas {
  polygons: readonly Polygon[];
  /** One channel; beyond the middle is ignored. */
  mask?: RawImage | undefined;
}

/** @throws UflowError ERR_UFLOW_BAD_IMAGE when the mask cannot be read, or has only dark pixels that are not black. */
export async function readIgnored({ polygons = [], mask }: IgnoreOptions): Promise<IgnoredAreas> {
  return { polygons, ...(mask !== undefined && { mask: await readWhite(mask) }) };
}

/** A mask as it is kept in a model: a PNG of one bit per pixel. */
export function encodeIgnoreMask({ data, width, height }: RawImage): Promise<Buffer> {
  const raw = { width, height, channels: 1 as const };
  return sharp(
    data.map((value) => (value > 127 ? 255 : 0)),
    { raw, limitInputPixels: false },
  )
    .toColourspace("b-w")
    .png({ palette: true, colours: 2 })
    .toBuffer();
}

/** What `encodeIgnoreMask` wrote. @throws UflowError ERR_UFLOW_BAD_IMAGE when it is none. */
export async function decodeIgnoreMask(bytes: Uint8Array): Promise<RawImage> {
  const { data, width, height, channels } = await decodeImage(bytes);
  const first = Uint8Array.from({ length: width * height }, (_, i) => data[i * channels]!);
  return { data: first, width, height, channels: 1 };
}
