/**
 * Convolutions by filters that a training changes at each step. Those of 3 × 3 with many channels take fewer multiplications, by
 * Winograd's algorithm as in winograd.ts, but of matrix products alone: their gradients are matrix products too, as few, of
 * what the convolution has transformed already.
 */
import { type Graph, known, type Value } from "./graph.js";
import * as op from "./operators.js";
import { inputTransform, outputTransform, reach, tile, transformedFilters } from "./winograd.js";

/** What is convolved. */
export interface Maps {
  images: number;
  channels: number;
  height: number;
  width: number;
}

/**
 * With fewer channels, the transforms of the maps take as long as what is saved; with fewer tiles, those of the filters do.
 * bench/learned-convolution.mjs measures it.
 */
const least = { channels: 128, tiles: 48 };

/** Whether a convolution of 3 × 3 and its gradients take less time by Winograd's algorithm, on a CPU. */
export function takesFewerMultiplications({ images, channels, height, width }: Maps): boolean {
  return channels >= least.channels && images * tilesAlong(height) * tilesAlong(width) >= least.tiles;
}

/** Appends the convolution of x [images, in, height, width] in the form that takes less time, "same" padding, odd kernels. */
export function learnedConvolution(g: Graph, x: Value, weight: Value, bias: Value): Value {
  const [images, channels, height, width] = x.shape.map(known) as [number, number, number, number];
  const isLarge = takesFewerMultiplications({ images, channels, height, width });
  const how = weight.shape[2] === 3 && weight.shape[3] === 3 && isLarge ? winogradByProducts : op.conv;
  return how(g, x, weight, bias);
}

/**
 * Appends the convolution of x [images, in, height, width], padded with one zero on each side, by weight [out, in, 3, 3] and
 * bias [out]. Results and gradients differ from those of `conv` by some 2·10⁻⁶ of the largest. From a convolution to its
 * gradients, the transformed filters are kept, four times the weight, and 2¼ times x.
 *
 * Channels stand last, so that what is moved is whole runs of them, and each transform along an axis is one matrix, with the
 * padding and what the last tile has beyond the map in it.
 */
export function winogradByProducts(g: Graph, x: Value, weight: Value, bias: Value): Value {
  const tiles = tilesOf(g, x);
  const products = op.matmul(g, tiles, filtersOf(g, weight));
  const [images, , height, width] = x.shape.map(known) as [number, number, number, number];
  return mapsOf(g, products, bias, { images, channels: known(weight.shape[0]), height, width });
}

/** Bᵀ d B of each tile d: [36, tiles of all images, in]. */
function tilesOf(g: Graph, x: Value): Value {
  const [images, channels, height, width] = x.shape.map(known) as [number, number, number, number];
  const [down, across] = [tilesAlong(height), tilesAlong(width)];
  const vectors = images * channels;
  const pixels = op.transpose(g, op.reshape(g, x, [images, channels, height * width]), [2, 0, 1]);
  const rows = op.matmul(g, toTiles(g, height), op.reshape(g, pixels, [height, width * vectors]));
  const both = op.matmul(g, toTiles(g, width), op.reshape(g, rows, [reach * down, width, vectors]));
  const tiles = innerExchanged(g, both, [reach, down, reach, across * vectors]);
  return op.reshape(g, tiles, [reach ** 2, down * across * images, channels]);
}

/** The transformed filters: [36, in, out]. */
function filtersOf(g: Graph, weight: Value): Value {
  const [out, channels] = weight.shape.map(known) as [number, number];
  const filters = op.reshape(g, transformedFilters(g, weight), [reach ** 2, out, channels]);
  return op.transpose(g, filters, [0, 2, 1]);
}

/** Aᵀ m A of each tile m of products [36, tiles of all images, out], with the bias: [images, out, height, width]. */
function mapsOf(g: Graph, products: Value, bias: Value, { images, channels, height, width }: Maps): Value {
  const [down, across] = [tilesAlong(height), tilesAlong(width)];
  const vectors = images * channels;
  const tiles = innerExchanged(g, products, [reach, reach, down, across * vectors]);
  const rows = op.reshape(g, tiles, [reach * down, reach * across, vectors]);
  const wide = op.reshape(g, op.matmul(g, fromTiles(g, width), rows), [reach * down, width * vectors]);
  const pixels = op.reshape(g, op.matmul(g, fromTiles(g, height), wide), [height * width, images, channels]);
  const maps = op.transpose(g, op.add(g, pixels, bias), [1, 2, 0]);
  return op.reshape(g, maps, [images, channels, height, width]);
}

/** The same numbers in this shape, with its second and third axis exchanged. */
function innerExchanged(g: Graph, x: Value, shape: readonly number[]): Value {
  return op.transpose(g, op.reshape(g, x, shape), [0, 2, 1, 3]);
}

/** What makes an axis of pixels one of points and tiles, [6 · tiles, size]. */
function toTiles(g: Graph, size: number): Value {
  const count = tilesAlong(size);
  const matrix = new Float32Array(reach * count * size);
  inputTransform.forEach((row, point) => {
    for (let number = 0; number < count; number++) {
      row.forEach((factor, tap) => {
        const pixel = number * tile + tap - 1;
        if (pixel >= 0 && pixel < size) matrix[(point * count + number) * size + pixel] = factor;
      });
    }
  });
  return g.constant("to_tiles", matrix, [reach * count, size]);
}

/** What makes an axis of points and tiles one of pixels, [size, 6 · tiles]. */
function fromTiles(g: Graph, size: number): Value {
  const count = tilesAlong(size);
  const matrix = new Float32Array(size * reach * count);
  for (let pixel = 0; pixel < size; pixel++) {
    outputTransform[pixel % tile]!.forEach((factor, point) => {
      matrix[(pixel * reach + point) * count + Math.floor(pixel / tile)] = factor;
    });
  }
  return g.constant("from_tiles", matrix, [size, reach * count]);
}

const tilesAlong = (size: number) => Math.ceil(size / tile);
