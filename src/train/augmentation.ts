import { z } from "zod";
import type { RawImage } from "../image/decode.js";
import { Random } from "../random.js";

/**
 * Ways in which good parts may look otherwise than in the images at hand; at least one is needed besides `variants`. Choose
 * those that occur in production only: once turned parts are learned, a part that lies wrong is no defect any more.
 */
export interface Augmentation {
  /** Left and right are exchanged in every other variant. */
  flipHorizontal?: boolean;
  /** Top and bottom are exchanged in every other variant. */
  flipVertical?: boolean;
  /** Turned about the centre by up to so many degrees either way, 180 is any angle; or by 0, 90, 180 or 270: `quarter`. */
  rotate?: number | "quarter";
  /** Brightness and contrast are changed by up to this part of themselves, 0 … 0.5. */
  light?: number;
  /** Pictures made of every image, itself included, 2 … 64. Default 4. Time and room for features grow with it. */
  variants?: number;
}

const kinds = ["flipHorizontal", "flipVertical", "rotate", "light"] as const;

export const augmentationSchema = z
  .strictObject({
    flipHorizontal: z.boolean().default(false),
    flipVertical: z.boolean().default(false),
    rotate: z.union([z.literal("quarter"), z.number().min(0).max(180)]).default(0),
    light: z.number().min(0).max(0.5).default(0),
    variants: z.int().min(2).max(64).default(4),
  })
  .refine((augmentation) => kinds.some((kind) => augmentation[kind]), {
    error: `expected at least one of ${kinds.join(", ")}`,
  });

export type CheckedAugmentation = z.infer<typeof augmentationSchema>;

/** What makes one picture of an image another. */
export interface Variant {
  /** Left and right exchanged, before it is turned. */
  flipHorizontal: boolean;
  /** Top and bottom exchanged, before it is turned. */
  flipVertical: boolean;
  /** Degrees, clockwise. */
  angle: number;
  /** Factor of the mean. */
  brightness: number;
  /** Factor of the distance to the mean. */
  contrast: number;
}

/** One picture whose features are computed: a tile of an image file, mostly all of it, or of a variant of it. */
export interface Picture {
  path: string;
  /** Which of its tiles, from 0. */
  tile: number;
  variant?: Variant | undefined;
}

/**
 * All pictures whose features a training needs: first the tiles of every image as it is, one image after the other (with one
 * tile each, picture i is image i), then those of the variants of the images that are learned from. What is held out has none.
 * @param tiles per image; default: one each
 */
export function picturesOf(
  paths: readonly string[],
  learned: readonly number[],
  augmentation: CheckedAugmentation | undefined,
  seed: number,
  tiles: readonly number[] = paths.map(() => 1),
): Picture[] {
  const tilesOf = (image: number, variant?: Variant): Picture[] =>
    Array.from({ length: tiles[image]! }, (_, tile) => ({
      path: paths[image]!,
      tile,
      ...(variant && { variant }),
    }));
  const images = paths.flatMap((_, image) => tilesOf(image));
  if (!augmentation) return images;
  const variants = learned.flatMap((image) => {
    const random = Random.stream(seed, `variants of image ${image}`);
    return Array.from({ length: augmentation.variants - 1 }, () =>
      tilesOf(image, draw(augmentation, random)),
    ).flat();
  });
  return [...images, ...variants];
}

/** The pictures of each image as it is, by their places in `picturesOf`. */
export function picturesByImage(tiles: readonly number[]): number[][] {
  let next = 0;
  return tiles.map((count) => Array.from({ length: count }, () => next++));
}

/**
 * Which pictures an epoch sees, by their places in `picturesOf`: of each tile of each image that is learned from the image
 * itself or any variant, drawn by seed and epoch.
 * @param images how many there are, held out or not
 * @param tiles per image; default: one each
 */
export function picturesSeen(
  images: number,
  learned: readonly number[],
  augmentation: CheckedAugmentation | undefined,
  seed: number,
  epoch: number,
  tiles: readonly number[] = Array(images).fill(1),
): number[] {
  const ofImage = picturesByImage(tiles);
  if (!augmentation) return learned.flatMap((image) => ofImage[image]!);
  const { variants } = augmentation;
  const random = Random.stream(seed, `variants of epoch ${epoch}`);
  let firstVariant = tiles.reduce((sum, count) => sum + count, 0);
  return learned.flatMap((image) => {
    const count = tiles[image]!;
    const first = firstVariant;
    firstVariant += count * (variants - 1);
    return ofImage[image]!.map((picture, tile) => {
      const variant = random.below(variants);
      return variant === 0 ? picture : first + (variant - 1) * count + tile;
    });
  });
}

/** Every variant takes the same numbers from the generator, whatever is asked for. */
function draw({ flipHorizontal, flipVertical, rotate, light }: CheckedAugmentation, random: Random): Variant {
  const [left, top, turn] = [random.uniform() < 0.5, random.uniform() < 0.5, random.uniform()];
  return {
    flipHorizontal: flipHorizontal && left,
    flipVertical: flipVertical && top,
    angle: rotate === "quarter" ? 90 * Math.floor(4 * turn) : rotate * (2 * turn - 1),
    brightness: random.between(1 - light, 1 + light),
    contrast: random.between(1 - light, 1 + light),
  };
}

/**
 * A variant of a picture, of the same size. Where the turned picture does not reach, it goes on as in a mirror. Flips,
 * half turns and, of square pictures, quarter turns move pixels unchanged; other angles interpolate bilinearly.
 * A megapixel in colour takes some 0.1 s.
 */
export function varied(frame: RawImage, variant: Variant): RawImage {
  const moved = isStill(variant) ? frame : turned(frame, variant);
  const { brightness, contrast } = variant;
  return brightness === 1 && contrast === 1 ? moved : relit(moved, brightness, contrast);
}

const isStill = ({ flipHorizontal, flipVertical, angle }: Variant) =>
  !flipHorizontal && !flipVertical && angle === 0;

/** Each pixel is taken from where the inverse map puts its centre. */
function turned(frame: RawImage, { flipHorizontal, flipVertical, angle }: Variant): RawImage {
  const { width, height, channels } = frame;
  const data = new Uint8Array(frame.data.length);
  const { cos, sin } = direction(angle);
  const [signX, signY] = [flipHorizontal ? -1 : 1, flipVertical ? -1 : 1];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - centreX, y - centreY];
      const fromX = mirrored(centreX + signX * (cos * dx + sin * dy), width - 1);
      const fromY = mirrored(centreY + signY * (cos * dy - sin * dx), height - 1);
      interpolate(frame, fromX, fromY, data, at);
      at += channels;
    }
  }
  return { ...frame, data };
}

/** Exact for quarter turns, which Math.cos(π/2) is not. */
function direction(angle: number): { cos: number; sin: number } {
  const turn = ((angle % 360) + 360) % 360;
  if (turn % 90 === 0) {
    const quarter = turn / 90;
    return { cos: [1, 0, -1, 0][quarter]!, sin: [0, 1, 0, -1][quarter]! };
  }
  const radians = (turn * Math.PI) / 180;
  return { cos: Math.cos(radians), sin: Math.sin(radians) };
}

/** Reflects a position at both ends of 0 … last, whose pixels are not repeated. */
function mirrored(position: number, last: number): number {
  if (position >= 0 && position <= last) return position;
  if (last === 0) return 0;
  const around = Math.abs(position) % (2 * last);
  return around <= last ? around : 2 * last - around;
}

/** Writes the channels at a position between pixels; the array cuts off what is left after the half, which rounds. */
function interpolate(frame: RawImage, x: number, y: number, into: Uint8Array, at: number): void {
  const { data, width, height, channels } = frame;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - left, y - top];
  const right = left + 1 < width ? channels : 0;
  const below = top + 1 < height ? width * channels : 0;
  const from = (top * width + left) * channels;
  for (let c = from; c < from + channels; c++) {
    const upper = data[c]! + fx * (data[c + right]! - data[c]!);
    const lower = data[c + below]! + fx * (data[c + below + right]! - data[c + below]!);
    into[at + c - from] = upper + fy * (lower - upper) + 0.5;
  }
}

/** mean·brightness + (value − mean)·contrast, clipped to what 8 bits hold; the mean is that of all values. */
function relit(frame: RawImage, brightness: number, contrast: number): RawImage {
  const { data } = frame;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  const mean = sum / data.length;
  const curve = Uint8ClampedArray.from(
    { length: 256 },
    (_, value) => mean * brightness + (value - mean) * contrast,
  );
  return { ...frame, data: data.map((value) => curve[value]!) };
}
