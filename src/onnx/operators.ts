/**
 * The ONNX operators (opset 17) that the engine uses, as functions that append a node and infer its shape.
 * Images are [batch, channels, height, width].
 */
import { UflowError } from "../error.js";
import { type Dimension, type Graph, known, type Shape, type Value } from "./graph.js";

export interface ConvolutionOptions {
  strides?: readonly [number, number];
  /** top, left, bottom, right; default: "same" for stride 1. */
  pads?: readonly [number, number, number, number];
  dilations?: readonly [number, number];
  group?: number;
}

/** 2-D convolution; weight [out, in / group, kernelHeight, kernelWidth], bias [out] or none. */
export function conv(
  g: Graph,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  options: ConvolutionOptions = {},
): Value {
  const [out, inGroup, kh, kw] = weight.shape.map(known) as [number, number, number, number];
  const strides = options.strides ?? [1, 1];
  const { dilations = [1, 1], group = 1 } = options;
  const pads = options.pads ?? [(kh - 1) >> 1, (kw - 1) >> 1, kh >> 1, kw >> 1];
  expect(
    x.shape[1] === inGroup * group,
    `convolution of ${x.shape[1]} channels by a weight [${weight.shape}]`,
  );
  const size = (i: 0 | 1, k: number) =>
    Math.floor((known(x.shape[2 + i]) + pads[i] + pads[i + 2]! - dilations[i] * (k - 1) - 1) / strides[i]) +
    1;
  const shape = [x.shape[0]!, out, size(0, kh), size(1, kw)];
  const attributes = {
    kernel_shape: [kh, kw],
    strides,
    pads,
    ...(options.dilations && { dilations }),
    group,
  };
  return g.node("Conv", bias ? [x, weight, bias] : [x, weight], shape, attributes);
}

export interface PoolingOptions {
  strides: readonly [number, number];
  /** top, left, bottom, right. */
  pads: readonly [number, number, number, number];
}

/** The maximum over windows of kernel[0] rows and kernel[1] columns. */
export function maxPool(
  g: Graph,
  x: Value,
  kernel: readonly [number, number],
  { strides, pads }: PoolingOptions,
): Value {
  const size = (i: 0 | 1) =>
    Math.floor((known(x.shape[2 + i]) + pads[i] + pads[i + 2]! - kernel[i]) / strides[i]) + 1;
  const shape = [...x.shape.slice(0, 2), size(0), size(1)];
  return g.node("MaxPool", [x], shape, { kernel_shape: kernel, strides, pads });
}

export const relu = (g: Graph, x: Value) => g.node("Relu", [x], x.shape);
export const tanh = (g: Graph, x: Value) => g.node("Tanh", [x], x.shape);
export const exp = (g: Graph, x: Value) => g.node("Exp", [x], x.shape);
export const log = (g: Graph, x: Value) => g.node("Log", [x], x.shape);
export const sqrt = (g: Graph, x: Value) => g.node("Sqrt", [x], x.shape);
export const neg = (g: Graph, x: Value) => g.node("Neg", [x], x.shape);
export const sigmoid = (g: Graph, x: Value) => g.node("Sigmoid", [x], x.shape);
/** ln(1 + eˣ), stable for large x. */
export const softplus = (g: Graph, x: Value) => g.node("Softplus", [x], x.shape);

export const add = (g: Graph, a: Value, b: Value) => g.node("Add", [a, b], broadcast(a.shape, b.shape));
export const sub = (g: Graph, a: Value, b: Value) => g.node("Sub", [a, b], broadcast(a.shape, b.shape));
export const mul = (g: Graph, a: Value, b: Value) => g.node("Mul", [a, b], broadcast(a.shape, b.shape));
export const div = (g: Graph, a: Value, b: Value) => g.node("Div", [a, b], broadcast(a.shape, b.shape));

/**
 * x·factor + offset with one number per channel in each, [1, channels, 1, 1], in one pass over x: a batch normalisation
 * whose statistics are 0 and 1.
 */
export function channelAffine(g: Graph, x: Value, factor: Value, offset: Value): Value {
  const channels = known(x.shape[1]);
  const perChannel = (value: Value) => reshape(g, value, [channels]);
  const mean = g.constant("mean", new Float32Array(channels), [channels]);
  const variance = g.constant("variance", new Float32Array(channels).fill(1), [channels]);
  const inputs = [x, perChannel(factor), perChannel(offset), mean, variance];
  return g.node("BatchNormalization", inputs, x.shape, { epsilon: { float: 0 } });
}

/** 1 where x > 0, else 0: one vectorised pass, of which Sign takes eight times as long. Below 3e-39 between 0 and 1. */
export const isPositive = (g: Graph, x: Value) =>
  g.node("HardSigmoid", [x], x.shape, { alpha: { float: 3e38 }, beta: { float: 0 } });

/** 1 where x ≥ threshold, else 0 (also for NaN). */
export function atLeast(g: Graph, x: Value, threshold: number): Value {
  const reached = g.node("GreaterOrEqual", [x, g.scalar(threshold)], x.shape);
  return g.node("Cast", [reached], x.shape, { to: 1 });
}

/** Restricts to [low, high]; the clipped ReLU of mobile networks is clip(x, 0, 6). */
export function clip(g: Graph, x: Value, low: number, high: number): Value {
  return g.node("Clip", [x, g.scalar(low), g.scalar(high)], x.shape);
}

/** x times a constant. */
export const scale = (g: Graph, x: Value, factor: number) => mul(g, x, g.scalar(factor));

/** Cuts along an axis into parts of the given sizes. */
export function split(g: Graph, x: Value, axis: number, sizes: readonly number[]): Value[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(x.shape[axis] === total, `split of [${x.shape}] along axis ${axis} into ${sizes}`);
  const shapes = sizes.map((size) => x.shape.with(axis, size));
  return g.nodeOfMany("Split", [x, g.integers(sizes)], shapes, { axis });
}

/** Joins along an axis. */
export function concat(g: Graph, parts: readonly Value[], axis: number): Value {
  const size = parts.reduce((sum, part) => sum + known(part.shape[axis]), 0);
  return g.node("Concat", parts, parts[0]!.shape.with(axis, size), { axis });
}

/** Picks entries along an axis: out[i] = x[indices[i]]. */
export function gather(g: Graph, x: Value, axis: number, indices: ArrayLike<number>): Value {
  const picked = g.integers(Array.from(indices));
  return g.node("Gather", [x, picked], x.shape.with(axis, indices.length), { axis });
}

/** Takes x[start … start + length) along each of the axes. */
export function slice(
  g: Graph,
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  lengths: readonly number[],
): Value {
  let shape = x.shape;
  axes.forEach((axis, i) => {
    expect(starts[i]! + lengths[i]! <= known(shape[axis]), `slice beyond axis ${axis} of [${x.shape}]`);
    shape = shape.with(axis, lengths[i]!);
  });
  const ends = starts.map((start, i) => start + lengths[i]!);
  return g.node("Slice", [x, g.integers(starts), g.integers(ends), g.integers(axes)], shape);
}

/** Zero padding of height and width by the same amount on all sides. */
export function padSpatially(g: Graph, x: Value, amount: number): Value {
  const [n, c, h, w] = x.shape as [Dimension, Dimension, number, number];
  const pads = [0, 0, amount, amount, 0, 0, amount, amount];
  return g.node("Pad", [x, g.integers(pads)], [n, c, h + 2 * amount, w + 2 * amount]);
}

export function transpose(g: Graph, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis]!);
  return g.node("Transpose", [x], shape, { perm: permutation });
}

/** The same numbers in another shape, of which one dimension may be symbolic: it takes what the others leave. */
export function reshape(g: Graph, x: Value, shape: Shape): Value {
  expect(shape.filter((dimension) => typeof dimension === "string").length <= 1, `reshape to [${shape}]`);
  const sizes = shape.map((dimension) => (typeof dimension === "string" ? -1 : dimension));
  return g.node("Reshape", [x, g.integers(sizes)], shape);
}

/** Matrix products over the last two axes; the axes before them broadcast. */
export function matmul(g: Graph, a: Value, b: Value): Value {
  expect(a.shape.at(-1) === b.shape.at(-2), `product of [${a.shape}] and [${b.shape}]`);
  const stack = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return g.node("MatMul", [a, b], [...stack, a.shape.at(-2)!, b.shape.at(-1)!]);
}

/** x·weightᵀ + bias for rows x [rows, in]; weight [out, in], bias [out]. */
export function linear(g: Graph, x: Value, weight: Value, bias: Value): Value {
  expect(x.shape.length === 2 && x.shape[1] === weight.shape[1], `rows [${x.shape}] by [${weight.shape}]`);
  return g.node("Gemm", [x, weight, bias], [x.shape[0]!, weight.shape[0]!], { transB: 1 });
}

/** exp(x) / Σ exp(x) along the last axis. */
export const softmax = (g: Graph, x: Value) => g.node("Softmax", [x], x.shape, { axis: -1 });

/** x·Φ(x) with the exact error function, written such that ONNX Runtime fuses it into one kernel. */
export function gelu(g: Graph, x: Value): Value {
  const erf = g.node("Erf", [div(g, x, g.scalar(Math.SQRT2))], x.shape);
  return scale(g, mul(g, x, add(g, erf, g.scalar(1))), 0.5);
}

/**
 * Bicubic interpolation (A = −0.75, no antialiasing, the corners of both grids coincide) to `factor` times the height
 * and width, rounded down.
 */
export function resizeCubic(g: Graph, x: Value, factor: number): Value {
  const [n, c, h, w] = x.shape as [Dimension, Dimension, number, number];
  const scales = g.constant("scales", Float32Array.of(1, 1, factor, factor), [4]);
  const shape = [n, c, Math.floor(h * factor), Math.floor(w * factor)];
  const noRegion = g.constant("region", new Float32Array(0), [0]);
  return g.node("Resize", [x, noRegion, scales], shape, {
    mode: "cubic",
    coordinate_transformation_mode: "align_corners",
    cubic_coeff_a: { float: -0.75 },
    exclude_outside: 0,
  });
}

/** Sum over axes, which stay with length 1 when `keep`. */
export function sum(g: Graph, x: Value, axes: readonly number[], keep = true): Value {
  const shape = keep
    ? x.shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return g.node("ReduceSum", [x, g.integers(axes)], shape, { keepdims: keep ? 1 : 0 });
}

/** out[n, c, 2y + i, 2x + j] = in[n, 4c + 2i + j, y, x]: the invertible upsampling of the flow. */
export function depthToSpace(g: Graph, x: Value): Value {
  const [n, c, h, w] = x.shape as [Dimension, number, number, number];
  expect(c % 4 === 0, `depth to space of ${c} channels, which is not a multiple of 4`);
  return g.node("DepthToSpace", [x], [n, c / 4, 2 * h, 2 * w], { blocksize: 2, mode: "CRD" });
}

/** out[n, (2i + j)·C + c, y, x] = in[n, c, 2y + i, 2x + j]. */
export function spaceToDepth(g: Graph, x: Value): Value {
  const [n, c, h, w] = x.shape as [Dimension, number, number, number];
  return g.node("SpaceToDepth", [x], [n, 4 * c, h / 2, w / 2], { blocksize: 2 });
}

/** Layer normalisation over all axes but the batch, with weight and bias of the shape of one image. */
export function layerNorm(g: Graph, x: Value, weight: Value, bias: Value, epsilon: number): Value {
  return g.node("LayerNormalization", [x, weight, bias], x.shape, { axis: 1, epsilon: { float: epsilon } });
}

/**
 * Layer normalisation over all axes but the batch, without weight and bias, from its formula. ONNX Runtime's CPU kernel of
 * LayerNormalization takes an image in one serial float32 sum. Here it is the mean of the channels' means: some four times
 * as fast and, on maps of 24×64² to 64×112², 20 to 600 times nearer to the exact result.
 */
export function standardiseImage(g: Graph, x: Value, epsilon: number): Value {
  const centred = sub(g, x, meanOfImage(g, x));
  const variance = meanOfImage(g, mul(g, centred, centred));
  return div(g, centred, sqrt(g, add(g, variance, g.scalar(epsilon))));
}

/** Mean over channels and pixels, [batch, 1, 1, 1]. */
function meanOfImage(g: Graph, x: Value): Value {
  const [batch, channels] = x.shape as [Dimension, Dimension];
  const perChannel = g.node("ReduceMean", [x], [batch, channels, 1, 1], { axes: [2, 3], keepdims: 1 });
  return g.node("ReduceMean", [perChannel], [batch, 1, 1, 1], { axes: [1], keepdims: 1 });
}

/**
 * Sum over channels, [batch, 1, height, width], as a product with a row of ones: ONNX Runtime's CPU kernel of ReduceSum
 * takes some 6 to 20 times as long.
 */
export function sumOfChannels(g: Graph, x: Value): Value {
  const [batch, c, h, w] = x.shape as [Dimension, number, number, number];
  const pixels = g.node("Reshape", [x, g.integers([0, c, h * w])], [batch, c, h * w]);
  const ones = g.constant("ones", new Float32Array(c).fill(1), [1, c]);
  const sums = g.node("MatMul", [ones, pixels], [batch, 1, h * w]);
  return g.node("Reshape", [sums, g.integers([0, 1, h, w])], [batch, 1, h, w]);
}

function broadcast(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const offset = long.length - short.length;
  return long.map((dimension, axis) => {
    const other = axis < offset ? 1 : short[axis - offset]!;
    expect(dimension === other || dimension === 1 || other === 1, `broadcast of [${a}] and [${b}]`);
    return dimension === 1 ? other : dimension;
  });
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new UflowError("ERR_UFLOW_BAD_TENSOR", `Shapes do not fit: ${what}`);
}
