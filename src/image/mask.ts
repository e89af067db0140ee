import { UflowError } from "../error.js";
import { NpyFrames } from "../input/npy-frames.js";
import { resample } from "../kernels/index.js";
import { type Area, cut, type Size } from "./area.js";
import { decodeLabels, type RawImage, readImageHeader } from "./decode.js";

/** Where a part is defective: one value per pixel, rows from the top. */
export interface Mask {
  /** 1 defective, 0 good. */
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * Where the ground truth of an image stands: an image in which white is defective; several of them, of which any may say
 * so; an image of labels, in which all but 0 is defective; one frame, counted from 0, of a NumPy file (frames, height,
 * width) of which the same is true; or one image per region, each of one grey on black.
 */
export type MaskSource =
  | string
  | readonly string[]
  | { labels: string }
  | { stack: string; frame: number }
  | RegionMasks;

/** Images of one region each; their grey says how much of it counts as all of it. */
export interface RegionMasks {
  regions: readonly string[];
  saturations: readonly Saturation[];
}

/** Of the regions of one grey. */
export interface Saturation {
  /** 1 … 255. */
  grey: number;
  /** Pixels, or, where it is relative, the part of the region. */
  threshold: number;
  relative: boolean;
}

/** The area of an image in the pixels of a picture of it that may have another size. */
export function scaledArea({ area, image }: ImagePart, picture: Size): Area {
  const [sx, sy] = [picture.width / image.width, picture.height / image.height];
  const x = Math.min(Math.round(area.x * sx), picture.width - 1);
  const y = Math.min(Math.round(area.y * sy), picture.height - 1);
  const width = Math.max(1, Math.round((area.x + area.width) * sx) - x);
  const height = Math.max(1, Math.round((area.y + area.height) * sy) - y);
  return { x, y, width, height };
}

/**
 * Whether a mask that may be smaller or larger is of its image's shape, as far as whole pixels can be. One of another shape
 * shows other places.
 */
export function sameShape(mask: Size, image: Size): boolean {
  const across = Math.abs(mask.width * image.height - mask.height * image.width);
  // Both sides of a smaller mask are rounded: what is left is about a pixel of it.
  return across < Math.max(image.width, image.height, mask.width, mask.height);
}

/** @throws UflowError ERR_UFLOW_BAD_IMAGE for a mask of another shape than its image's. */
export function checkShape(path: string, mask: Size, { image }: ImagePart): void {
  if (sameShape(mask, image)) return;
  throw bad(
    path,
    `it is ${mask.width} × ${mask.height}, and its image ${image.width} × ${image.height}; make it of the image's shape`,
  );
}

/** The files of a mask. */
export function maskPaths(source: MaskSource): readonly string[] {
  if (typeof source === "string") return [source];
  if ("labels" in source) return [source.labels];
  if ("regions" in source) return source.regions;
  return "stack" in source ? [source.stack] : source;
}

/** A part of an image, and the size of that image; pixels. */
export interface ImagePart {
  area: Area;
  image: Size;
}

/**
 * Reads a ground-truth mask and resizes it as images are resized, antialiased triangle filter; a pixel is defective when
 * more than half of it is. Any bright colour counts as white.
 * @param part of the image that is wanted; of a mask that is smaller or larger than it, to the nearest of the mask's pixels
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it cannot be read, holds no white, only dark values, is of several
 * images that differ in size, or of another shape than its image.
 */
export async function readMask(source: MaskSource, to: Size, part?: ImagePart): Promise<Mask> {
  const whole = await whereDefective(source);
  if (part) checkShape(maskPaths(source)[0]!, whole, part);
  const wanted = part ? cut(whole, scaledArea(part, whole)) : whole;
  return resized(wanted, to);
}

/** A pixel is set where more than half of it is white. */
export function resized(white: RawImage, { width, height }: Size): Mask {
  const grey = resample(white, { width, height }).subarray(0, width * height);
  return { data: Uint8Array.from(grey, (value) => (value > 0.5 ? 1 : 0)), width, height };
}

/** Its size, from the header of its file; of several images, that of the first. @throws UflowError ERR_UFLOW_BAD_IMAGE */
export async function maskSize(source: MaskSource): Promise<{ width: number; height: number }> {
  if (typeof source === "object" && "stack" in source) {
    await using stack = await openStack(source.stack);
    return { width: stack.width, height: stack.height };
  }
  const { width, height } = await readImageHeader(maskPaths(source)[0]!);
  return { width, height };
}

/** At the size of its files: 255 where it is defective, between that and 0 at blurred borders; one channel. */
async function whereDefective(source: MaskSource): Promise<RawImage> {
  if (typeof source === "string") return readWhite(source);
  if ("labels" in source) return readLabels(source.labels);
  if ("regions" in source) return union(await Promise.all(source.regions.map(readLabels)), source.regions);
  if ("stack" in source) return readFrame(source.stack, source.frame);
  return union(await Promise.all(source.map(readWhite)), source);
}

/**
 * An image in which white is meant, at its own size: one channel, the brightest of each pixel's.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it cannot be read, holds only dark values that are not black, or says by its
 * transparency what is meant.
 */
export async function readWhite(path: string): Promise<RawImage> {
  const mask = await readGrey(path);
  checkWhite(path, mask);
  await checkOpaque(path, mask);
  return mask;
}

async function readLabels(path: string): Promise<RawImage> {
  const { data, ...size } = await readGrey(path);
  return { ...size, data: data.map((value) => (value === 0 ? 0 : 255)) };
}

async function readFrame(path: string, frame: number): Promise<RawImage> {
  await using stack = await openStack(path);
  const { width, height } = stack;
  return { data: (await stack.read(frame)).map((value) => 255 * value), width, height, channels: 1 };
}

/** An image at its own size: one channel, the brightest of each pixel's. @throws UflowError ERR_UFLOW_BAD_IMAGE. */
export async function readGrey(path: string): Promise<RawImage> {
  return brightness(await decodeLabels(path));
}

const openStack = (path: string) => NpyFrames.open(path, (reason, cause) => bad(path, reason, cause));

/** The brightest channel of every pixel. */
function brightness({ data, width, height, channels }: RawImage): RawImage {
  if (channels === 1) return { data, width, height, channels };
  const brightest = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.max(data[i * channels]!, data[i * channels + 1]!, data[i * channels + 2]!),
  );
  return { data: brightest, width, height, channels: 1 };
}

export function union(masks: readonly RawImage[], paths: readonly string[]): RawImage {
  const [first, ...others] = masks;
  if (!first) throw bad("", "the list of its images is empty");
  const data = first.data.slice();
  others.forEach((mask, i) => {
    if (mask.width !== first.width || mask.height !== first.height) {
      throw bad(
        paths[i + 1]!,
        `it is ${mask.width} × ${mask.height}, and ${paths[0]} ${first.width} × ${first.height}`,
      );
    }
    mask.data.forEach((value, pixel) => {
      if (value > data[pixel]!) data[pixel] = value;
    });
  });
  return { ...first, data };
}

/** A mask written as 0 and 1 would be read as "nothing is defective", and nobody would notice. */
function checkWhite(path: string, { data }: RawImage): void {
  const brightest = data.reduce((highest, value) => Math.max(highest, value), 0);
  if (brightest === 0 || brightest > 127) return;
  throw bad(path, `its brightest pixel is ${brightest} of 255; write white as 255, or in 16 bits as 65535`);
}

/** Transparency is dropped: a mask that is painted in it would be read as "all of it is defective". */
async function checkOpaque(path: string, { data }: RawImage): Promise<void> {
  if (!data.every((value) => value > 127) || !(await readImageHeader(path)).hasAlpha) return;
  throw bad(path, "it is white all over and has transparent pixels; write white on opaque black");
}

export function bad(path: string, problem: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot read the mask "${path}": ${problem}`, { cause });
}
