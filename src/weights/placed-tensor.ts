import { quoted } from "../input/quoted.js";
import { allocated, type RandomAccessFile } from "../input/random-access-file.js";
import { type DType, numberFormat } from "./dtype.js";

/** A tensor that lies in a file, possibly as a view: rows apart, transposed, or one row for many. */
export interface PlacedTensor {
  dtype: DType;
  shape: readonly number[];
  /** Steps from one element to the next along each dimension, in elements. */
  strides: readonly number[];
  /** Byte of the file at which the first element stands. */
  start: number;
}

/** What a format's reader finds: where the tensors lie, and what else the file says. */
export interface WeightDirectory {
  tensors: ReadonlyMap<string, PlacedTensor>;
  metadata: ReadonlyMap<string, unknown>;
}

/** The longest rank that is read; PyTorch itself allows 64. */
const highestRank = 64;

/**
 * Number of elements of a shape: 1 for a scalar's, [].
 * @returns undefined where that is no shape: not whole, negative, too many dimensions or 2^53 elements and more.
 */
export function elementCount(shape: readonly unknown[]): number | undefined {
  if (shape.length > highestRank) return undefined;
  if (!shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) return undefined;
  if (shape.includes(0)) return 0;
  const count = (shape as number[]).reduce((product, size) => product * size, 1);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** Strides of a tensor without gaps, row-major. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.push(stride);
    stride *= size;
  }
  return strides.reverse();
}

/** How far the last element lies from the first one, in elements. The tensor has at least one. */
export function reach({ shape, strides }: Pick<PlacedTensor, "shape" | "strides">): number {
  return shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
}

/** All tensors of a file may hold as many elements as the file has bytes, and these. */
const allowance = 2 ** 24;

/**
 * Refuses tensors that would fill any memory from a small file: views may show the same bytes more than once (shared
 * weights, expanded ones), but not without end.
 */
export function checkTotal(file: RandomAccessFile, tensors: ReadonlyMap<string, PlacedTensor>): void {
  let total = 0;
  for (const [name, { shape }] of tensors) {
    total += elementCount(shape)!;
    if (total > file.size + allowance) {
      throw file.refuse(`${quoted(name)} [${shape}] is far larger than the file that should hold it`);
    }
  }
}

/**
 * The elements in row-major order, as float32. Beside them, no more is held in memory than a block of the file, or,
 * where the tensor is a view with gaps, the bytes from its first to its last element.
 * @throws UflowError: what `file.refuse` makes; ERR_UFLOW_MEMORY.
 */
export async function readFloats(file: RandomAccessFile, tensor: PlacedTensor): Promise<Float32Array> {
  const numbers = allocated(() => new Float32Array(elementCount(tensor.shape)!));
  await fill(numbers, file, tensor);
  return numbers;
}

/** As `readFloats`, for whole numbers. Those of 64 bits are rounded beyond 2^53. */
export async function readIntegers(file: RandomAccessFile, tensor: PlacedTensor): Promise<Float64Array> {
  const numbers = allocated(() => new Float64Array(elementCount(tensor.shape)!));
  await fill(numbers, file, tensor);
  return numbers;
}

type Numbers = Float32Array | Float64Array;

async function fill(numbers: Numbers, file: RandomAccessFile, tensor: PlacedTensor): Promise<void> {
  if (numbers.length === 0) return;
  const gapless = rowMajor(tensor.shape);
  const inOrder = tensor.shape.every((size, i) => size === 1 || tensor.strides[i] === gapless[i]);
  await (inOrder ? copy(numbers, file, tensor) : gather(numbers, file, tensor));
}

/** Bytes read at a time. */
const blockBytes = 2 ** 22;

async function copy(numbers: Numbers, file: RandomAccessFile, { dtype, start }: PlacedTensor): Promise<void> {
  const { size, get } = numberFormat(dtype);
  const block = new Uint8Array(Math.min(numbers.length * size, blockBytes));
  const view = new DataView(block.buffer);
  for (let first = 0; first < numbers.length; first += block.length / size) {
    const count = Math.min(numbers.length - first, block.length / size);
    await file.readInto(block.subarray(0, count * size), start + first * size);
    for (let i = 0; i < count; i++) numbers[first + i] = get(view, i * size);
  }
}

async function gather(numbers: Numbers, file: RandomAccessFile, tensor: PlacedTensor): Promise<void> {
  const { size, get } = numberFormat(tensor.dtype);
  const { shape, strides } = tensor;
  const bytes = await file.read(tensor.start, (reach(tensor) + 1) * size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = get(view, at * size);
    // Counts up like the digits of a number, the last dimension first.
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d]!;
      if (++index[d]! < shape[d]!) break;
      at -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
  }
}
