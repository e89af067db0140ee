import { UflowError } from "../error.js";
import type { Energy } from "../kernels/index.js";

/** Neighbours up to this many pixels away, horizontally and vertically, can count as correlated. */
const maximumLag = 8;

/** Products of all pairs of pixels that are `dx`, `dy` apart. */
interface PairSums {
  dx: number;
  dy: number;
  pairs: number;
  /** Σ of both ends. */
  sum: number;
  product: number;
}

/** Sums over the pixels of one scale, over any number of images: what the fit needs, and no more. */
export interface Moments {
  pixels: number;
  sum: number;
  square: number;
  /** One half of the plane of offsets; the other half is the same by symmetry. */
  pairs: readonly PairSums[];
}

/**
 * The sums of one map. O(pixels · 144).
 * @throws UflowError ERR_UFLOW_BAD_TENSOR where an energy is negative, NaN or infinite.
 */
export function momentsOf({ data, width, height }: Energy): Moments {
  if (data.length !== width * height || data.length === 0) {
    throw new UflowError(
      "ERR_UFLOW_BAD_TENSOR",
      `Expected the energies of a map of ${width} × ${height} pixels but received ${data.length} numbers`,
    );
  }
  let sum = 0;
  let square = 0;
  for (const [i, e] of data.entries()) {
    if (!(e >= 0 && e < Infinity)) {
      throw new UflowError("ERR_UFLOW_BAD_TENSOR", `Expected energies ≥ 0 but received ${e} at pixel ${i}`);
    }
    sum += e;
    square += e * e;
  }
  const pairs = offsets(width, height).map(([dx, dy]) => pairSums(data, width, height, dx, dy));
  return { pixels: data.length, sum, square, pairs };
}

/** Sums of both together (sign 1), or of the first without the second that is part of it (sign −1). Of the same size of map. */
export function combine(a: Moments, b: Moments, sign: 1 | -1 = 1): Moments {
  return {
    pixels: a.pixels + sign * b.pixels,
    sum: a.sum + sign * b.sum,
    square: a.square + sign * b.square,
    pairs: a.pairs.map((pair, i) => ({
      dx: pair.dx,
      dy: pair.dy,
      pairs: pair.pairs + sign * b.pairs[i]!.pairs,
      sum: pair.sum + sign * b.pairs[i]!.sum,
      product: pair.product + sign * b.pairs[i]!.product,
    })),
  };
}

/** Up to `maximumLag`, and to half of the map, beyond which too few pairs are left. */
function offsets(width: number, height: number): [dx: number, dy: number][] {
  const right = Math.min(maximumLag, width >> 1);
  const down = Math.min(maximumLag, height >> 1);
  const all: [number, number][] = [];
  for (let dy = 0; dy <= down; dy++) {
    for (let dx = dy === 0 ? 1 : -right; dx <= right; dx++) all.push([dx, dy]);
  }
  return all;
}

function pairSums(data: Float32Array, width: number, height: number, dx: number, dy: number): PairSums {
  const left = Math.max(0, -dx);
  const right = Math.min(width, width - dx);
  let sum = 0;
  let product = 0;
  for (let y = 0; y < height - dy; y++) {
    for (let i = y * width + left, end = y * width + right; i < end; i++) {
      const a = data[i]!;
      const b = data[i + dy * width + dx]!;
      sum += a + b;
      product += a * b;
    }
  }
  return { dx, dy, pairs: (right - left) * (height - dy), sum, product };
}
