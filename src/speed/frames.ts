import { decodeImage, type RawImage } from "../image/decode.js";
import { findImages } from "../image/find-images.js";
import { makePart } from "../sample/index.js";

/** Decoded images, to be streamed round and round. */
export interface Frames {
  source: string;
  images: RawImage[];
  /** Milliseconds of decoding one; null where there was nothing to decode. */
  decode: number | null;
}

/** As many as vary what the kernels see, and fit in memory at any size. */
const most = 16;

/** @throws UflowError ERR_UFLOW_BAD_IMAGE where the folder has none, or one that cannot be read. */
export async function readFrames(folder: string): Promise<Frames> {
  const paths = await findImages([folder]);
  const taken = Math.min(most, paths.length);
  const images: RawImage[] = [];
  const start = performance.now();
  for (let i = 0; i < taken; i++)
    images.push(await decodeImage(paths[Math.floor((i * paths.length) / taken)]!));
  const decode = (performance.now() - start) / taken;
  return { source: `${taken} images of "${folder}"`, images, decode };
}

/** Parts of a generated line: good ones. */
export function generatedFrames(side: number): Frames {
  const images = Array.from(
    { length: most },
    (_, index) => makePart("plate", { side, seed: 0, index, defect: "good" }).image,
  );
  return { source: "generated images", images, decode: null };
}

export function* roundAndRound<T>(items: readonly T[], goOn: () => boolean): Generator<T> {
  for (let i = 0; goOn(); i++) yield items[i % items.length]!;
}
