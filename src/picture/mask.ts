import sharp from "sharp";
import type { Layer, Size } from "./frame.js";

/** Where a part is or seems defective: 1, elsewhere 0; rows from the top. */
export interface MaskMap extends Size {
  data: Uint8Array;
}

/**
 * A mask as a PNG, 0 and 255, at the size of the original image: every pixel gets the value of the mask's pixel in
 * which its centre lies.
 */
export async function renderMask(mask: MaskMap, { width, height }: Size): Promise<Buffer> {
  const data = new Uint8Array(width * height);
  const columns = Uint32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * mask.width) / width));
  for (let y = 0; y < height; y++) {
    const from = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    const to = y * width;
    for (let x = 0; x < width; x++) data[to + x] = mask.data[from + columns[x]!]! * 255;
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
