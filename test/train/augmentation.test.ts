import { describe, expect, it } from "vitest";
import { Random } from "#uflow/random.js";
import {
  augmentationSchema,
  picturesOf,
  picturesSeen,
  type Variant,
  varied,
} from "#uflow/train/augmentation.js";
import { checkTrainOptions } from "#uflow/train/options.js";

const still: Variant = { flipHorizontal: false, flipVertical: false, angle: 0, brightness: 1, contrast: 1 };

/** A picture from rows of grey values. */
const grey = (...rows: number[][]) => ({
  data: Uint8Array.from(rows.flat()),
  width: rows[0]!.length,
  height: rows.length,
  channels: 1 as const,
});
const rowsOf = ({ data, width, height }: ReturnType<typeof varied>) =>
  Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)]);

const square = grey([1, 2, 3], [4, 5, 6], [7, 8, 9]);

describe("a variant", () => {
  it.each([
    [
      "flipped horizontally",
      { flipHorizontal: true },
      [
        [3, 2, 1],
        [6, 5, 4],
        [9, 8, 7],
      ],
    ],
    [
      "flipped vertically",
      { flipVertical: true },
      [
        [7, 8, 9],
        [4, 5, 6],
        [1, 2, 3],
      ],
    ],
    [
      "turned by 90°, clockwise",
      { angle: 90 },
      [
        [7, 4, 1],
        [8, 5, 2],
        [9, 6, 3],
      ],
    ],
    [
      "turned by 180°",
      { angle: 180 },
      [
        [9, 8, 7],
        [6, 5, 4],
        [3, 2, 1],
      ],
    ],
    [
      "turned by 270°",
      { angle: 270 },
      [
        [3, 6, 9],
        [2, 5, 8],
        [1, 4, 7],
      ],
    ],
    [
      "turned the other way",
      { angle: -90 },
      [
        [3, 6, 9],
        [2, 5, 8],
        [1, 4, 7],
      ],
    ],
    [
      "flipped, then turned",
      { flipHorizontal: true, angle: 90 },
      [
        [9, 6, 3],
        [8, 5, 2],
        [7, 4, 1],
      ],
    ],
  ])("%s has the same pixels in other places", (_, change, expected) => {
    expect(rowsOf(varied(square, { ...still, ...change }))).toEqual(expected);
  });

  it("keeps the shape and goes on as in a mirror where the turned picture ends", () => {
    const wide = grey([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15]);
    expect(rowsOf(varied(wide, { ...still, angle: 90 }))).toEqual([
      [7, 12, 7, 2, 7],
      [8, 13, 8, 3, 8],
      [9, 14, 9, 4, 9],
    ]);
  });

  it("is interpolated at other angles: a ramp turned by 30° is the ramp in that direction", () => {
    const side = 41;
    const ramp = (slopeX: number, slopeY: number) =>
      grey(
        ...Array.from({ length: side }, (_, y) =>
          Array.from({ length: side }, (_, x) => Math.round(128 + slopeX * (x - 20) + slopeY * (y - 20))),
        ),
      );
    const turned = rowsOf(varied(ramp(4, 0), { ...still, angle: 30 }));
    const wanted = rowsOf(ramp(4 * Math.cos(Math.PI / 6), 4 * Math.sin(Math.PI / 6)));
    for (let y = 12; y < 29; y++) {
      for (let x = 12; x < 29; x++) expect(Math.abs(turned[y]![x]! - wanted[y]![x]!)).toBeLessThanOrEqual(1);
    }
  });

  it("keeps the channels of a pixel together", () => {
    const colours = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 2, height: 1, channels: 3 as const };
    expect([...varied(colours, { ...still, flipHorizontal: true }).data]).toEqual([4, 5, 6, 1, 2, 3]);
    expect([...varied({ ...colours, width: 1, height: 2 }, { ...still, angle: 45 }).data]).toHaveLength(6);
  });

  it("is brighter by a factor of the mean and richer by one of the distance to it, clipped", () => {
    const picture = grey([0, 50, 100, 250]);
    expect([...varied(picture, { ...still, brightness: 1.2 }).data]).toEqual([20, 70, 120, 255]);
    expect([...varied(picture, { ...still, contrast: 0.5 }).data]).toEqual([50, 75, 100, 175]);
    expect([...varied(picture, { ...still, brightness: 0.8, contrast: 1.5 }).data]).toEqual([0, 5, 80, 255]);
  });

  it("does not touch the picture that it is made of", () => {
    const before = square.data.slice();
    varied(square, { ...still, angle: 10, brightness: 1.1 });
    expect(square.data).toEqual(before);
  });
});

const all = augmentationSchema.parse({
  flipHorizontal: true,
  flipVertical: true,
  rotate: 20,
  light: 0.1,
  variants: 50,
});

describe("the pictures of a training", () => {
  const paths = ["a", "b", "c"];
  const learned = [0, 2];

  it("are the images themselves without augmentation", () => {
    expect(picturesOf(paths, learned, undefined, 1)).toEqual(paths.map((path) => ({ path, tile: 0 })));
    expect(picturesSeen(3, learned, undefined, 1, 5)).toEqual([0, 2]);
  });

  it("are all images, then the variants of those learned from, drawn by the seed within the range", () => {
    const pictures = picturesOf(paths, learned, all, 1);
    expect(pictures.slice(0, 3)).toEqual(paths.map((path) => ({ path, tile: 0 })));
    expect(pictures.slice(3).map(({ path }) => path)).toEqual([
      ...Array(49).fill("a"),
      ...Array(49).fill("c"),
    ]);
    const variants = pictures.flatMap(({ variant }) => variant ?? []);
    expect(new Set(variants.map((variant) => JSON.stringify(variant))).size).toBe(98);
    for (const { angle, brightness, contrast } of variants) {
      expect(Math.abs(angle)).toBeLessThanOrEqual(20);
      for (const factor of [brightness, contrast]) expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.1);
    }
    expect(Math.max(...variants.map(({ angle }) => angle))).toBeGreaterThan(15);
    expect(Math.min(...variants.map(({ angle }) => angle))).toBeLessThan(-15);
    expect(variants.filter(({ flipHorizontal }) => flipHorizontal).length).toBeGreaterThan(30);
    expect(picturesOf(paths, learned, all, 1)).toEqual(pictures);
    expect(picturesOf(paths, learned, all, 2)).not.toEqual(pictures);
  });

  it("are the tiles of each image, together, and each tile is drawn by itself", () => {
    const tiles = [2, 1, 3];
    const two = augmentationSchema.parse({ light: 0.1, variants: 2 });
    const plain = picturesOf(paths, learned, undefined, 1, tiles);
    const wanted = ["a0", "a1", "b0", "c0", "c1", "c2"];
    const names = (pictures: typeof plain) => pictures.map(({ path, tile }) => `${path}${tile}`);
    expect(names(plain)).toEqual(wanted);
    expect(picturesSeen(3, learned, undefined, 1, 5, tiles)).toEqual([0, 1, 3, 4, 5]);
    const pictures = picturesOf(paths, learned, two, 1, tiles);
    expect(names(pictures)).toEqual([...wanted, "a0", "a1", "c0", "c1", "c2"]);
    expect(pictures[6]!.variant).toBe(pictures[7]!.variant);
    const drawn = new Set<string>();
    for (let epoch = 0; epoch < 200; epoch++) {
      const seen = picturesSeen(3, learned, two, 1, epoch, tiles);
      expect(names(seen.map((picture) => pictures[picture]!))).toEqual(["a0", "a1", "c0", "c1", "c2"]);
      drawn.add(`${seen.map((picture) => picture >= 6)}`);
    }
    expect(drawn.size).toBe(2 ** 5);
  });

  it("have only those changes that were asked for", () => {
    const quarter = augmentationSchema.parse({ rotate: "quarter", variants: 64 });
    const variants = picturesOf(["a"], [0], quarter, 4).flatMap(({ variant }) => variant ?? []);
    expect(new Set(variants.map(({ angle }) => angle))).toEqual(new Set([0, 90, 180, 270]));
    for (const variant of variants) expect({ ...variant, angle: 0 }).toEqual(still);
  });

  it("are seen one per image learned from and epoch, drawn by seed and epoch", () => {
    const pictures = picturesOf(paths, learned, all, 7);
    const seen = (seed: number, epoch: number) => picturesSeen(3, learned, all, seed, epoch);
    const epochs = Array.from({ length: 400 }, (_, epoch) => seen(7, epoch));
    for (const [first, second] of epochs) {
      expect([pictures[first!]!.path, pictures[second!]!.path]).toEqual(["a", "c"]);
    }
    expect(new Set(epochs.flat()).size).toBeGreaterThan(98);
    expect(Math.max(...epochs.flat())).toBe(100);
    expect(epochs.some(([first]) => first === 0)).toBe(true);
    expect(seen(7, 1)).toEqual(epochs[1]);
    expect(seen(8, 1)).not.toEqual(epochs[1]);
  });
});

it("wrong options of the augmentation are named", () => {
  const check = (augment: unknown) => () =>
    checkTrainOptions({ data: "a", output: "b", augment: augment as object }, ["mobile"]);
  const random = new Random(1);
  expect(check({ rotate: 180 * random.uniform() + 1e-9 })().augment).toMatchObject({ variants: 4 });
  const wrong: [unknown, RegExp][] = [
    [{ variants: 3 }, /augment: expected at least one of flipHorizontal, flipVertical, rotate, light/],
    [{ flipHorizontal: false }, /at least one/],
    [{ rotate: 0, light: 0 }, /at least one/],
    [{ light: 0.6 }, /augment.light/],
    [{ rotate: 181 }, /augment.rotate/],
    [{ rotate: "half" }, /augment.rotate/],
    [{ flipVertical: true, variants: 1 }, /augment.variants.*received 1/],
    [{ flipVertical: true, tilt: 1 }, /unknown option "tilt"/],
    [true, /augment.*received true/],
  ];
  for (const [augment, message] of wrong) expect(check(augment), JSON.stringify(augment)).toThrow(message);
});
