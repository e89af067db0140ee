import { open, readFile } from "node:fs/promises";
import sharp, { type Metadata } from "sharp";
import { messageOf, UflowError } from "../error.js";
import { imageOfFrame, type RawFrame, type RawImage } from "../kernels/index.js";
import { isBmp, readBmpHeader, readBmpPixels } from "./bmp.js";

export type { RawFrame, RawImage } from "../kernels/index.js";

/** A path, the bytes of an image file, pixels with channels interleaved, or a frame as a camera sends it. */
export type ImageSource = string | Uint8Array | RawImage | RawFrame;

/** Options of `decodeImage()`. */
export interface DecodeOptions {
  /** Larger images are refused from their header, before any pixel is decoded. Default 64 million pixels. */
  maxPixels?: number;
}

const defaultMaxPixels = 64_000_000;
/** Of what kernels take, and formats but PNG and BMP have. To decode a row of one pixel costs as much as one of thousands. */
const longestSide = 65_535;

/** What is read. SVG, which sharp reads too, is a program rather than a picture of a part, and stays out. */
const formats: readonly string[] = ["jpeg", "png", "webp", "tiff", "gif", "heif"];

/** Whole numbers only: sharp would clip floating-point pixels instead of scaling them. */
const depths: readonly string[] = ["uchar", "ushort"];

/**
 * Decodes an image to 8 bits per channel: grey stays grey (1 channel), everything else becomes sRGB (3 channels).
 * EXIF rotation is applied, of 16 bits the upper 8 are taken (65535 → 255), CMYK and embedded colour profiles are converted,
 * palettes are expanded, alpha is dropped without blending, and of several pages or frames the first is taken.
 *
 * @param source a path; the bytes of an image file; pixels, which are checked and returned as they are; or a camera's frame,
 * which is unpacked, gets its colours, and is reduced to 8 bits as files are (`imageOfFrame`)
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it is missing, not an image, damaged, truncated or too large: never a
 * picture of which a part is missing.
 */
export async function decodeImage(source: ImageSource, options: DecodeOptions = {}): Promise<RawImage> {
  const { maxPixels = defaultMaxPixels } = options;
  if (typeof source === "string") return decode(`"${source}"`, await readBytes(source), maxPixels);
  if (source instanceof Uint8Array) return decode(`of ${source.length} bytes`, source, maxPixels);
  checkSides(source, maxPixels);
  return isFrame(source) ? readFrame(source) : checkRaw(source);
}

/** The colour spaces of 16 bits per channel. */
const deepSpaces = ["grey16", "rgb16"] as const;
type DeepSpace = (typeof deepSpaces)[number];

/**
 * Decodes an image file whose values are no brightness but say what a pixel is, such as a mask: as `decodeImage`, but of 16
 * bits what is not 0 stays so, as 1 at least.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE
 */
export async function decodeLabels(path: string): Promise<RawImage> {
  const name = `"${path}"`;
  const bytes = await readBytes(path);
  const header = isBmp(bytes) ? undefined : await readHeader(name, bytes);
  const space = deepSpaces.find((deep) => deep === header?.space);
  if (!header || !space) return decode(name, bytes, defaultMaxPixels);
  checkSize(name, header, defaultMaxPixels);
  const { width, height, channels, data } = await readPixels(name, bytes, header, space);
  const deep = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const kept = Uint8Array.from(deep, (value) => (value === 0 ? 0 : Math.max(1, value >> 8)));
  return { data: kept, width, height, channels: channels === 1 ? 1 : 3 };
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
    const problem = code === "ENOENT" && path.includes("\ufffd") ? misread : readProblems[code ?? ""];
    throw bad(`"${path}"`, problem ?? messageOf(error), error);
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

/** Node gives a replacement character where a name is not UTF-8, and does not find the file by that. */
const misread = "its name is not written in UTF-8, so that it is not found; rename it";

const readProblems: Record<string, string> = {
  ENOENT: "there is no such file; check the path",
  ENOTDIR: "there is no such file; a part of its path is a file and no folder",
  ELOOP: "its links lead in a circle; make them point to a file",
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
  /** Some of them say how opaque pixels are; that is not looked at. */
  hasAlpha: boolean;
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
  return (await readImageStart(path)).header;
}

/**
 * The same, with the file as far as it was read.
 * @returns `content` undefined where the file is longer than what was read.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it is not an image that can be decoded.
 */
export async function readImageStart(
  path: string,
): Promise<{ header: ImageHeader; content: Uint8Array | undefined }> {
  const start = await readBytes(path, firstBytes);
  const header = await headerOf(path, start);
  return { header, content: start.length < firstBytes ? start : undefined };
}

async function headerOf(path: string, start: Uint8Array): Promise<ImageHeader> {
  const name = `"${path}"`;
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
    hasAlpha: header.hasAlpha,
    bits: header.depth === "uchar" ? 8 : 16,
    format: header.format,
  };
}

function bmpHeader(name: string, start: Uint8Array): ImageHeader {
  const { width, height, bits, colours } = readBmpHeader(start, (reason) => bad(name, reason));
  return { width, height, channels: colours > 0 ? 1 : bits / 8, hasAlpha: false, bits: 8, format: "bmp" };
}

async function readHeader(name: string, bytes: Uint8Array): Promise<Metadata> {
  if (bytes.length === 0)
    throw bad(name, "it is empty; was it copied completely, or its memory handed over before?");
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error) => {
      throw bad(name, notAnImage, error);
    });
  if (!formats.includes(header.format)) throw bad(name, notAnImage);
  if (header.compression === "hevc") throw bad(name, phonesFormat);
  if (!depths.includes(header.depth)) {
    throw bad(name, `its pixels are of type "${header.depth}"; export it with 8 or 16 bits per channel`);
  }
  return header;
}

const notAnImage =
  "it is not an image of a format that is read, or its header is damaged; give JPEG, PNG, TIFF, WebP, GIF, AVIF or BMP";

/** sharp reads its header and, for the codec's patents, none of its pixels. */
const phonesFormat =
  'it is HEIC, as phones write it, which is not read; export it as JPEG, or set the phone\'s camera to JPEG ("most compatible")';

function checkSize(
  name: string,
  { width, height }: { width: number; height: number },
  maxPixels: number,
): void {
  if (width * height > maxPixels) {
    throw bad(
      name,
      `it has ${width} × ${height} pixels, more than the limit of ${maxPixels}; make it smaller or raise maxPixels (--max-pixels)`,
    );
  }
  if (Math.max(width, height) > longestSide) {
    throw bad(
      name,
      `it has ${width} × ${height} pixels, a side more than ${longestSide}; cut it into pieces`,
    );
  }
}

/** @param deep with 16 bits per channel, in this colour space; else with 8 */
async function readPixels(name: string, bytes: Uint8Array, { space }: Metadata, deep?: DeepSpace) {
  // "warning" is the strictest level: libjpeg only warns of broken data and goes on with grey.
  const image = sharp(bytes, { failOn: "warning", limitInputPixels: false })
    .autoOrient()
    .toColourspace(deep ?? "srgb");
  const opaque = space === "b-w" || space === "grey16" ? image.extractChannel(0) : image.removeAlpha();
  try {
    const { data, info } = await opaque
      .raw({ depth: deep ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels };
  } catch (error) {
    const reason = messageOf(error).trim().split("\n")[0];
    throw bad(name, `it is damaged or truncated (${reason}); copy or export it again`, error);
  }
}

const asPixels = "given as pixels";

/** What pixels and frames have in common. */
function checkSides(image: RawImage | RawFrame, maxPixels: number): void {
  if (typeof image !== "object" || image === null) {
    throw bad(
      "",
      `expected a path, a Uint8Array, { data, width, height, channels } or { data, width, height, format }, but received ${typeof image}`,
    );
  }
  const { width, height } = image;
  if (!isSide(width) || !isSide(height)) {
    throw bad(asPixels, `width and height must be whole numbers from 1, but are ${width} and ${height}`);
  }
  checkSize(asPixels, image, maxPixels);
}

function checkRaw(image: RawImage): RawImage {
  const { data, width, height, channels } = image;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw bad(
      asPixels,
      `channels must be 1, 3 or 4, but is ${channels}; a camera's frame has a format instead`,
    );
  }
  if (!(data instanceof Uint8Array)) throw bad(asPixels, "data must be a Uint8Array of interleaved channels");
  const wanted = width * height * channels;
  if (data.length !== wanted) {
    throw bad(asPixels, `${width} × ${height} × ${channels} is ${wanted} bytes, but data has ${data.length}`);
  }
  return image;
}

const isFrame = (image: RawImage | RawFrame): image is RawFrame => (image as RawFrame).format !== undefined;

function readFrame(frame: RawFrame): RawImage {
  if ((frame as Partial<RawImage>).channels !== undefined) {
    throw bad(
      asPixels,
      "it has channels and a format; give channels of plain pixels, or the format of a frame",
    );
  }
  try {
    return imageOfFrame(frame);
  } catch (error) {
    if (error instanceof UflowError && error.code !== "ERR_UFLOW_MEMORY") {
      throw bad("given as a frame", error.message, error);
    }
    throw error;
  }
}

const isSide = (value: number) => Number.isInteger(value) && value > 0;

function bad(name: string, problem: string, cause?: unknown): UflowError {
  const image = name ? `the image ${name}` : "the image";
  return new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot read ${image}: ${problem}`, { cause });
}
