import { UflowError } from "../error.js";
import { resample } from "../kernels/index.js";
import { decodeImage, type RawImage } from "./decode.js";

/** Where a part is defective: one value per pixel, rows from the top. */
export interface Mask {
  /** 1 defective, 0 good. */
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * Reads a ground-truth mask (white is defective) and resizes it as images are resized, antialiased triangle filter;
 * a pixel is defective when more than half of it is. Any bright colour counts as white.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it cannot be read or holds no white, only dark values.
 */
export async function readMask(path: string, to: { width: number; height: number }): Promise<Mask> {
  const frame = await decodeImage(path);
  checkWhite(path, frame);
  const { width, height } = to;
  const pixels = width * height;
  const planes = resample(frame, { width, height });
  const data = new Uint8Array(pixels);
  planes.forEach((value, i) => {
    if (value > 0.5) data[i % pixels] = 1;
  });
  return { data, width, height };
}

/** A mask written as 0 and 1 would be read as "nothing is defective", and nobody would notice. */
function checkWhite(path: string, { data }: RawImage): void {
  const brightest = data.reduce((highest, value) => Math.max(highest, value), 0);
  if (brightest === 0 || brightest > 127) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_IMAGE",
    `Cannot read the mask "${path}": its brightest pixel is ${brightest} of 255; write defective pixels as 255`,
  );
}
