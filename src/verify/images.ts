import { createHash } from "node:crypto";
import { relative, sep } from "node:path";
import { type PlainError, UflowError } from "../error.js";
import { decodeImage, type RawImage } from "../image/decode.js";
import { findImages } from "../image/find-images.js";
import { generatedImages } from "./generated-images.js";

/** An image that can be had again and again, so that not all need be in memory. */
export interface TestImage {
  /** Path below the folder, with slashes; or what was generated. */
  name: string;
  width: number;
  height: number;
  channels: number;
  /** Of the decoded pixels: of "width height channels\n" and the bytes, rows from the top, channels interleaved. */
  sha256: string;
  /** @throws UflowError ERR_UFLOW_BAD_IMAGE when it is no longer the same. */
  load: () => Promise<RawImage>;
}

export type ImageError = PlainError & { image: string };

interface Source {
  name: string;
  read: () => Promise<RawImage>;
}

/**
 * The images of a folder, `count` of them evenly spread in natural order; without a folder generated ones.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when there is none, or none that can be read.
 */
export async function testImages(
  folder: string | undefined,
  { count, seed, signal }: { count: number; seed: number; signal?: AbortSignal | undefined },
): Promise<{ images: TestImage[]; errors: ImageError[] }> {
  const sources = folder === undefined ? generated(count, seed) : await below(folder, count);
  const images: TestImage[] = [];
  const errors: ImageError[] = [];
  for (const source of sources) {
    signal?.throwIfAborted();
    try {
      images.push(await examine(source));
    } catch (error) {
      if (!(error instanceof UflowError)) throw error;
      errors.push({ image: source.name, code: error.code, message: error.message });
    }
  }
  if (images.length > 0) return { images, errors };
  throw new UflowError(
    "ERR_UFLOW_BAD_IMAGE",
    `None of the ${errors.length} images of "${folder}" can be read; the first: ${errors[0]!.message}`,
  );
}

const generated = (count: number, seed: number): Source[] =>
  generatedImages(count, seed).map(({ name, make }) => ({ name, read: async () => make() }));

async function below(folder: string, count: number): Promise<Source[]> {
  const paths = await findImages([folder]);
  const taken = Math.min(count, paths.length);
  return Array.from({ length: taken }, (_, i) => {
    const path = paths[Math.floor((i * paths.length) / taken)]!;
    const name = relative(folder, path).split(sep).join("/");
    return { name: name || path, read: () => decodeImage(path) };
  });
}

async function examine({ name, read }: Source): Promise<TestImage> {
  const image = await read();
  const sha256 = pixelSum(image);
  const load = async () => {
    const again = await read();
    if (pixelSum(again) === sha256) return again;
    throw new UflowError("ERR_UFLOW_BAD_IMAGE", `The image "${name}" was changed meanwhile; verify again`);
  };
  const { width, height, channels } = image;
  return { name, width, height, channels, sha256, load };
}

function pixelSum({ data, width, height, channels }: RawImage): string {
  return createHash("sha256").update(`${width} ${height} ${channels}\n`).update(data).digest("hex");
}
