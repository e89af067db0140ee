import sharp, { type OverlayOptions, type Sharp } from "sharp";
import type { Area } from "../image/area.js";
import type { RawImage } from "../kernels/index.js";

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** A picture in memory, 8 bits, RGB or RGBA interleaved, rows from the top. */
export interface Layer extends Size {
  data: Uint8Array;
  channels: 3 | 4;
}

/** The size to which a picture is reduced so that neither side is longer than `limit`; never enlarged. */
export function reducedSize({ width, height }: Size, limit: number): Size {
  const scale = Math.min(1, limit / Math.max(width, height));
  return { width: atLeastOne(width * scale), height: atLeastOne(height * scale) };
}

/** The largest size of these proportions inside a box; enlarged if need be. */
export function containedSize({ width, height }: Size, box: Size): Size {
  const scale = Math.min(box.width / width, box.height / height);
  return { width: atLeastOne(width * scale), height: atLeastOne(height * scale) };
}

const atLeastOne = (pixels: number) => Math.max(1, Math.round(pixels));

/** A decoded image as sharp wants it, as RGB; alpha is dropped. */
export function openFrame({ data, width, height, channels }: RawImage): Sharp {
  const raw = { width, height, channels };
  return sharp(data, { raw, limitInputPixels: false }).removeAlpha().toColourspace("srgb");
}

/** A layer as sharp wants it. */
export function openPicture({ data, width, height, channels }: Layer): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** A layer as sharp wants it in `composite`. */
export function openLayer({ data, width, height, channels }: Layer, left = 0, top = 0): OverlayOptions {
  const input = Buffer.from(data.buffer, data.byteOffset, data.length);
  return { input, raw: { width, height, channels }, left, top, limitInputPixels: false };
}

/** Drawings (SVG elements) of this size, as sharp wants them in `composite`. */
export function drawing(elements: string, { width, height }: Size, left = 0, top = 0): OverlayOptions {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${elements}</svg>`;
  return { input: Buffer.from(svg), left, top, limitInputPixels: false };
}

/** Stretches a layer over a picture of this size, smoothly. */
export async function stretch(layer: Layer, { width, height }: Size): Promise<Layer> {
  const data = await openPicture(layer)
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .raw()
    .toBuffer();
  return { data, width, height, channels: layer.channels };
}

/** A layer that covers a part of an image, stretched over that part of a picture of it of this size. */
export async function stretchOver(
  layer: Layer,
  { area, image }: { area: Area | undefined; image: Size },
  { width, height }: Size,
): Promise<Layer> {
  if (!area || (area.width === image.width && area.height === image.height))
    return stretch(layer, { width, height });
  const [sx, sy] = [width / image.width, height / image.height];
  const left = Math.min(Math.round(area.x * sx), width - 1);
  const top = Math.min(Math.round(area.y * sy), height - 1);
  const part = {
    width: Math.max(1, Math.round((area.x + area.width) * sx) - left),
    height: Math.max(1, Math.round((area.y + area.height) * sy) - top),
  };
  const background = { r: 0, g: 0, b: 0, alpha: layer.channels === 4 ? 0 : 1 };
  const data = await openPicture(await stretch(layer, part))
    .extend({ left, top, right: width - left - part.width, bottom: height - top - part.height, background })
    .raw()
    .toBuffer();
  return { data, width, height, channels: layer.channels };
}

/** Layers and drawings put on a plain ground, the first below. */
export async function assemble(size: Size, background: string, layers: OverlayOptions[]): Promise<Layer> {
  const ground = sharp({ create: { ...size, channels: 3, background }, limitInputPixels: false });
  const data = await ground.composite(layers).removeAlpha().raw().toBuffer();
  return { data, ...size, channels: 3 };
}
