import sharp from "sharp";
import type { Area } from "../image/area.js";
import type { Layer, Size } from "./frame.js";

/** Where a part is or seems defective: 1, elsewhere 0; rows from the top. */
export interface MaskMap extends Size {
  data: Uint8Array;
}

/**
 * A mask as a PNG, 0 and 255, at the size of the original image: every pixel gets the value of the mask's pixel in
 * which its centre lies.
 * @param area of the image that the mask covers; the others get 0. Default: all of it
 */
export async function renderMask(
  mask: MaskMap,
  { width, height }: Size,
  area: Area = { x: 0, y: 0, width, height },
): Promise<Buffer> {
  const data = new Uint8Array(width * height);
  const columns = Uint32Array.from({ length: area.width }, (_, x) =>
    Math.floor(((x + 0.5) * mask.width) / area.width),
  );
  for (let y = 0; y < area.height; y++) {
    const from = Math.floor(((y + 0.5) * mask.height) / area.height) * mask.width;
    const to = (area.y + y) * width + area.x;
    for (let x = 0; x < area.width; x++) data[to + x] = mask.data[from + columns[x]!]! * 255;
  }
  const raw = { width, height, channels: 1 as const };
  return sharp(data, { raw, limitInputPixels: false }).toColourspace("b-w").png().toBuffer();
}

/** A mask in white on black. */
export function maskPicture({ data, width, height }: MaskMap): Layer {
  const pixels = new Uint8Array(data.length * 3);
  data.forEach((value, i) => {
    pixels.fill(value * 255, i * 3, i * 3 + 3);
  });
  return { data: pixels, width, height, channels: 3 };
}
