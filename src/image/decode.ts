import { open, readFile } from "node:fs/promises";
import sharp, { type Metadata } from "sharp";
import { messageOf, UflowError } from "../error.js";
import type { RawImage } from "../kernels/index.js";
import { isBmp, readBmpHeader, readBmpPixels } from "./bmp.js";

export type { RawImage } from "../kernels/index.js";

/** Options of `decodeImage()`. */
export interface DecodeOptions {
  /** Larger images are refused from their header, before any pixel is decoded. Default 64 million pixels. */
  maxPixels?: number;
}

const defaultMaxPixels = 64_000_000;

/** What is read. SVG, which sharp reads too, is a program rather than a picture of a part, and stays out. */
const formats: readonly string[] = ["jpeg", "png", "webp", "tiff", "gif", "heif"];

/** Whole numbers only: sharp would clip floating-point pixels instead of scaling them. */
const depths: readonly string[] = ["uchar", "ushort"];

/**
 * Decodes an image to 8 bits per channel: grey stays grey (1 channel), everything else becomes sRGB (3 channels).
 * EXIF rotation is applied, 16 bits are scaled to 8 (65535 → 255), CMYK and embedded colour profiles are converted,
 * palettes are expanded, alpha is dropped without blending, and of several pages or frames the first is taken.
 *
 * @param source a path, the bytes of an image file, or pixels, which are checked and returned as they are
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it is missing, not an image, damaged, truncated or too large: never a
 * picture of which a part is missing.
 */
export async function decodeImage(
  source: string | Uint8Array | RawImage,
  options: DecodeOptions = {},
): Promise<RawImage> {
  const { maxPixels = defaultMaxPixels } = options;
  if (typeof source === "string") return decode(`"${source}"`, await readBytes(source), maxPixels);
  if (source instanceof Uint8Array) return decode(`of ${source.length} bytes`, source, maxPixels);
  return checkRaw(source, maxPixels);
}

async function decode(name: string, bytes: Uint8Array, maxPixels: number): Promise<RawImage> {
  if (isBmp(bytes)) return decodeBmp(name, bytes, maxPixels);
  const header = await readHeader(name, bytes);
  checkSize(name, header, maxPixels);
  const { width, height, channels, data } = await readPixels(name, bytes, header);
  if (channels !== 1 && channels !== 3) {
    throw bad(name, `it has ${header.channels} channels, which are no colours; export it as grey or RGB`);
  }
  return { data, width, height, channels };
}

function decodeBmp(name: string, bytes: Uint8Array, maxPixels: number): RawImage {
  const refuse = (reason: string) => bad(name, reason);
  const header = readBmpHeader(bytes, refuse);
  checkSize(name, header, maxPixels);
  return readBmpPixels(bytes, header, refuse);
}

/** All bytes, or at most so many from the beginning on. */
async function readBytes(path: string, most?: number): Promise<Uint8Array> {
  try {
    // The bytes are read here, not by libvips, whose cache would serve an old picture when a file is overwritten.
    return most === undefined ? await readFile(path) : await readStart(path, most);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw bad(`"${path}"`, readProblems[code ?? ""] ?? messageOf(error), error);
  }
}

async function readStart(path: string, most: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const readProblems: Record<string, string> = {
  ENOENT: "there is no such file; check the path",
  ENOTDIR: "there is no such file; a part of its path is a file and no folder",
  EISDIR: "it is a folder; give the path of one image",
  EACCES: "there is no permission to read it; change its permissions or the user",
  EPERM: "there is no permission to read it; change its permissions or the user",
};

/** Size, depth and kind of an image file. */
export interface ImageHeader {
  /** Pixels, as the image is seen: turned as its EXIF data say. */
  width: number;
  height: number;
  /** As stored, alpha included. */
  channels: number;
  /** Per channel. */
  bits: number;
  format: string;
}

/** Headers are at the beginning, but for those of TIFF, and of photos with much about the camera before the picture. */
const firstBytes = 65536;

/**
 * Reads the header of an image file, and of most files no more than that. A header that can be read says nothing of the rest.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it is not an image that can be decoded.
 */
export async function readImageHeader(path: string): Promise<ImageHeader> {
  const name = `"${path}"`;
  const start = await readBytes(path, firstBytes);
  if (isBmp(start)) return bmpHeader(name, start);
  const header = await readHeader(name, start).catch(async (error) => {
    if (start.length < firstBytes) throw error;
    return readHeader(name, await readBytes(path));
  });
  const { width, height } = header.autoOrient;
  return {
    width,
    height,
    channels: header.channels,
    bits: header.depth === "uchar" ? 8 : 16,
    format: header.format,
  };
}

function bmpHeader(name: string, start: Uint8Array): ImageHeader {
  const { width, height, bits, colours } = readBmpHeader(start, (reason) => bad(name, reason));
  return { width, height, channels: colours > 0 ? 1 : bits / 8, bits: 8, format: "bmp" };
}

async function readHeader(name: string, bytes: Uint8Array): Promise<Metadata> {
  if (bytes.length === 0) throw bad(name, "it is empty; was it copied completely?");
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error) => {
      throw bad(name, notAnImage, error);
    });
  if (!formats.includes(header.format)) throw bad(name, notAnImage);
  if (!depths.includes(header.depth)) {
    throw bad(name, `its pixels are of type "${header.depth}"; export it with 8 or 16 bits per channel`);
  }
  return header;
}

const notAnImage =
  "it is not an image, or its header is damaged; give JPEG, PNG, TIFF, WebP, GIF, AVIF or BMP";

function checkSize(
  name: string,
  { width, height }: { width: number; height: number },
  maxPixels: number,
): void {
  if (width * height <= maxPixels) return;
  throw bad(
    name,
    `it has ${width} × ${height} pixels, more than the limit of ${maxPixels}; make it smaller or raise maxPixels (--max-pixels)`,
  );
}

async function readPixels(name: string, bytes: Uint8Array, { space }: Metadata) {
  // "warning" is the strictest level: libjpeg only warns of broken data and goes on with grey.
  const image = sharp(bytes, { failOn: "warning", limitInputPixels: false })
    .autoOrient()
    .toColourspace("srgb");
  const opaque = space === "b-w" || space === "grey16" ? image.extractChannel(0) : image.removeAlpha();
  try {
    const { data, info } = await opaque.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels };
  } catch (error) {
    const reason = messageOf(error).trim().split("\n")[0];
    throw bad(name, `it is damaged or truncated (${reason}); copy or export it again`, error);
  }
}

function checkRaw(image: RawImage, maxPixels: number): RawImage {
  const name = "given as pixels";
  if (typeof image !== "object" || image === null) {
    throw bad(
      "",
      `expected a path, a Uint8Array or { data, width, height, channels }, but received ${typeof image}`,
    );
  }
  const { data, width, height, channels } = image;
  if (!isSide(width) || !isSide(height)) {
    throw bad(name, `width and height must be whole numbers from 1, but are ${width} and ${height}`);
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw bad(name, `channels must be 1, 3 or 4, but is ${channels}`);
  }
  if (!(data instanceof Uint8Array)) throw bad(name, "data must be a Uint8Array of interleaved channels");
  checkSize(name, image, maxPixels);
  const wanted = width * height * channels;
  if (data.length !== wanted) {
    throw bad(name, `${width} × ${height} × ${channels} is ${wanted} bytes, but data has ${data.length}`);
  }
  return image;
}

const isSide = (value: number) => Number.isInteger(value) && value > 0;

function bad(name: string, problem: string, cause?: unknown): UflowError {
  const image = name ? `the image ${name}` : "the image";
  return new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot read ${image}: ${problem}`, { cause });
}
