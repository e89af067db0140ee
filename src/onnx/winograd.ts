/**
 * Convolutions of 3 × 3 with fewer multiplications: Winograd's F(4 × 4, 3 × 3), 36 in place of 144 for 4 × 4 results.
 * A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.
 *
 * For one tile, with 6 × 6 inputs d and a filter g, the results are Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Polynomials are evaluated at
 * 0, ±¾, ±1½ and ∞, which rounds less than the usual 0, ±1, ±2, ∞.
 */
import { type Graph, known, type Value } from "./graph.js";
import * as op from "./operators.js";

/** Rows and columns of results in a tile. */
export const tile = 4;
export const reach = tile + 2;
const points = [0, 0.75, -0.75, 1.5, -1.5];

/** Channels are filled up to multiples of this: the most that one vector holds. */
const block = 16;

/** The product of (x − root), lowest power first. */
function polynomial(roots: readonly number[]): number[] {
  let product = [1];
  for (const root of roots) product = [0, ...product].map((power, i) => power - root * (product[i] ?? 0));
  return product;
}

const others = (j: number) => points.filter((_, i) => i !== j);

/** [6, 6], the last row for ∞. */
export const inputTransform = [...points.map((_, j) => [...polynomial(others(j)), 0]), polynomial(points)];
/** [6, 3]. */
const filterTransform = [
  ...points.map((x, j) => {
    const scale = others(j).reduce((product, other) => product * (x - other), 1);
    return [1 / scale, x / scale, x ** 2 / scale];
  }),
  [0, 0, 1],
];
/** [4, 6]. */
export const outputTransform = Array.from({ length: tile }, (_, i) => [
  ...points.map((x) => x ** i),
  i === tile - 1 ? 1 : 0,
]);
/** What the output transform makes ones of: weights of Lagrange's interpolation at 1. */
const ones = inputTransform.map((row, j) =>
  j < points.length ? row.reduce((sum, c) => sum + c, 0) * filterTransform[j]![0]! : 0,
);

/**
 * Appends the convolution of x [batch, in, height, width], padded with one zero on each side, by weight [out, in, 3, 3] and
 * bias [out]; height and width are multiples of `tile`. Weight and bias should be constants: what depends on them only is then
 * computed once, when ONNX Runtime opens the graph, and takes four times their memory.
 *
 * Everything up to the products stays in the layout of blocks of channels that ONNX Runtime has for CPUs: the input transform is
 * a convolution per channel along each axis, the products one 1 × 1 convolution in 36 groups. Results differ from `conv` by
 * some 2·10⁻⁶ of the largest.
 */
export function winograd(g: Graph, x: Value, weight: Value, bias: Value): Value {
  const [batch, channels, height, width] = [x.shape[0]!, ...x.shape.slice(1).map(known)] as [
    string,
    number,
    number,
    number,
  ];
  const out = known(weight.shape[0]);
  const padded = { in: multipleOf(block, channels), out: multipleOf(block, out) };
  const [down, across] = [height / tile, width / tile];

  const filled = padded.in === channels ? x : op.gather(g, x, 1, cyclic(padded.in, channels));
  const transformed = alongAxis(g, alongAxis(g, filled, 1), 0);
  const products = op.conv(g, transformed, filters(g, weight, padded), biases(g, bias, padded.out), {
    group: reach ** 2,
  });

  const flat = op.reshape(g, products, [batch, reach ** 2, padded.out * down * across]);
  const results = op.matmul(g, g.constant("output", crossed(outputTransform), [tile ** 2, reach ** 2]), flat);
  return inPlace(g, results, { batch, out, down, across, height, width, planes: padded.out });
}

/** The input transform along the rows' axis (0) or the columns': six times the channels, a sixth for each point. */
function alongAxis(g: Graph, x: Value, axis: 0 | 1): Value {
  const channels = known(x.shape[1]);
  const parts = inputTransform.map((row, j) => {
    // The first and the last have every other tap, from the padding on or up to it; the rest the four in the middle.
    const taps = [...row.keys()].filter((tap) => row[tap] !== 0);
    const [before, after] = [j === 0 ? 1 : 0, j === reach - 1 ? 1 : 0];
    const kernel = Float32Array.from(
      { length: channels * taps.length },
      (_, i) => row[taps[i % taps.length]!]!,
    );
    const shape = axis === 0 ? [channels, 1, taps.length, 1] : [channels, 1, 1, taps.length];
    return op.conv(g, x, g.constant("input", kernel, shape), undefined, {
      group: channels,
      strides: axis === 0 ? [tile, 1] : [1, tile],
      dilations: axis === 0 ? [taps[1]! - taps[0]!, 1] : [1, taps[1]! - taps[0]!],
      pads: axis === 0 ? [before, 0, after, 0] : [0, before, 0, after],
    });
  });
  return op.concat(g, parts, 1);
}

/** The transformed filters as weights of 36 groups, [36 · out, in, 1, 1]; zeros for the channels that were filled up. */
function filters(g: Graph, weight: Value, padded: { in: number; out: number }): Value {
  const [out, channels] = weight.shape.map(known) as [number, number];
  const zeros = (shape: number[]) =>
    g.constant("zeros", new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);
  let w = weight;
  if (padded.in > channels) w = op.concat(g, [w, zeros([out, padded.in - channels, 3, 3])], 1);
  if (padded.out > out) w = op.concat(g, [w, zeros([padded.out - out, padded.in, 3, 3])], 0);
  return op.reshape(g, transformedFilters(g, w), [reach ** 2 * padded.out, padded.in, 1, 1]);
}

/** G g Gᵀ of each filter of a weight [out, in, 3, 3]: [36, out · in]. */
export function transformedFilters(g: Graph, weight: Value): Value {
  const [out, channels] = weight.shape.map(known) as [number, number];
  const taps = op.transpose(g, op.reshape(g, weight, [out * channels, 9]), [1, 0]);
  return op.matmul(g, g.constant("filter", crossed(filterTransform), [reach ** 2, 9]), taps);
}

/** A bias is a constant to be added to all of a tile: it is added to the products such that the output transform makes it so. */
function biases(g: Graph, bias: Value, paddedOut: number): Value {
  const out = known(bias.shape[0]);
  const fill = g.constant("zeros", new Float32Array(paddedOut - out), [paddedOut - out]);
  const filled = paddedOut > out ? op.concat(g, [bias, fill], 0) : bias;
  const shares = g.constant("ones", crossed(ones.map((share) => [share])), [reach ** 2, 1]);
  return op.reshape(g, op.mul(g, shares, op.reshape(g, filled, [1, paddedOut])), [reach ** 2 * paddedOut]);
}

interface Tiles {
  batch: string;
  /** Channels of the results. */
  out: number;
  /** Tiles in a column and in a row. */
  down: number;
  across: number;
  height: number;
  width: number;
  /** Channels that there are, the filled up ones too. */
  planes: number;
}

/**
 * Results [batch, 4 · 4, planes · down · across] as a map [batch, out, height, width]. Columns are moved by a transposition, and
 * then whole rows by a Gather, which ONNX Runtime runs in all threads, unlike DepthToSpace.
 */
function inPlace(
  g: Graph,
  results: Value,
  { batch, out, down, across, height, width, planes }: Tiles,
): Value {
  const split = op.reshape(g, results, [batch, tile, tile, planes * down * across]);
  const interleaved = op.transpose(g, split, [0, 1, 3, 2]);
  const rows = op.reshape(g, interleaved, [batch, tile * planes * down, width]);
  const order = Int32Array.from(
    { length: out * height },
    (_, i) => (i % tile) * planes * down + Math.floor(i / tile),
  );
  return op.reshape(g, op.gather(g, rows, 1, order), [batch, out, height, width]);
}

/** The Kronecker product of a matrix with itself: of what is done along the rows' axis and along the columns'. */
function crossed(matrix: readonly (readonly number[])[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    matrix.flatMap((row) => matrix.flatMap((other) => row.flatMap((a) => other.map((b) => a * b)))),
  );
}

const multipleOf = (step: number, count: number) => Math.ceil(count / step) * step;
const cyclic = (length: number, period: number) => Int32Array.from({ length }, (_, i) => i % period);
