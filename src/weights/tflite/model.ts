/**
 * Reading TensorFlow Lite models: the tables of its published schema (version 3) that a plain convolutional network
 * uses, as plain objects. Field numbers are those of the schema.
 */
import { UflowError } from "../../error.js";
import { half } from "../float16.js";
import { FlatBuffer, type Table } from "./flatbuffer.js";

export interface TfliteTensor {
  name: string;
  shape: readonly number[];
  type: TfliteType;
  /** The constant's bytes, little-endian; empty when the tensor is computed. */
  bytes: Uint8Array;
}

export type TfliteType = "float32" | "float16" | "other";
export type TfliteActivation = "none" | "relu" | "relu6";
export type TflitePadding = "same" | "valid";

/** An operation; `inputs` and `outputs` index `TfliteModel.tensors`, −1 for an absent optional input. */
export type TfliteOperation = { inputs: readonly number[]; outputs: readonly number[] } & (
  | { kind: "add"; activation: TfliteActivation }
  | {
      kind: "conv" | "depthwise";
      activation: TfliteActivation;
      padding: TflitePadding;
      strides: [number, number];
      dilations: [number, number];
    }
  | { kind: "dequantize" }
  | { kind: "other"; code: number }
);

export interface TfliteModel {
  tensors: readonly TfliteTensor[];
  inputs: readonly number[];
  operations: readonly TfliteOperation[];
}

const types: Record<number, TfliteType> = { 0: "float32", 1: "float16" };
const activations: Record<number, TfliteActivation> = { 0: "none", 1: "relu", 3: "relu6" };
const codes = { add: 0, conv: 3, depthwise: 4, dequantize: 6 } as const;

/**
 * Reads the first graph of a `.tflite` file. Constants stay views of `bytes`.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the bytes are not such a file or point outside of themselves.
 */
export function readTflite(bytes: Uint8Array): TfliteModel {
  const file = new FlatBuffer(bytes);
  if (bytes.length < 8 || file.identifier() !== "TFL3") {
    throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", 'Expected a TensorFlow Lite file (identifier "TFL3")');
  }
  const model = file.root();
  const operatorCodes = model.tables(1).map((code) => code.int32(3, code.int8(0, 0)) || code.int8(0, 0));
  const buffers = model.tables(4).map((buffer) => buffer.bytes(0));
  const graph = model.tables(2)[0];
  if (!graph) throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", "The TensorFlow Lite file holds no graph");
  const tensors = graph.tables(0).map((tensor) => readTensor(tensor, buffers));
  const operations = graph.tables(3).map((operation) => readOperation(operation, operatorCodes));
  const indices = operations
    .flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
    .concat(graph.int32s(1));
  for (const index of indices) {
    if (index < -1 || index >= tensors.length) {
      throw new UflowError(
        "ERR_UFLOW_BAD_WEIGHTS",
        `The file names tensor ${index} but has only ${tensors.length}`,
      );
    }
  }
  return { tensors, inputs: graph.int32s(1), operations };
}

function readTensor(tensor: Table, buffers: readonly Uint8Array[]): TfliteTensor {
  const buffer = tensor.int32(2, 0);
  return {
    name: tensor.text(3),
    shape: tensor.int32s(0),
    type: types[tensor.int8(1, 0)] ?? "other",
    bytes: buffers[buffer] ?? new Uint8Array(0),
  };
}

function readOperation(operation: Table, operatorCodes: readonly number[]): TfliteOperation {
  const code = operatorCodes[operation.int32(0, 0)] ?? -1;
  const ends = { inputs: operation.int32s(1), outputs: operation.int32s(2) };
  const options = operation.table(4);
  switch (code) {
    case codes.add:
      return { ...ends, kind: "add", activation: activation(options?.int8(0, 0) ?? 0) };
    case codes.conv:
      return { ...ends, kind: "conv", ...convolution(options, { activation: 3, dilation: 4 }) };
    case codes.depthwise:
      return { ...ends, kind: "depthwise", ...convolution(options, { activation: 4, dilation: 5 }) };
    case codes.dequantize:
      return { ...ends, kind: "dequantize" };
    default:
      return { ...ends, kind: "other", code };
  }
}

/** Both kinds of convolution have the same options, some under other field numbers. Pairs are height, width. */
function convolution(options: Table | undefined, fields: { activation: number; dilation: number }) {
  if (!options) throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", "A convolution in the file has no options");
  const padding: TflitePadding = options.int8(0, 0) === 0 ? "same" : "valid";
  const strides: [number, number] = [options.int32(2, 0), options.int32(1, 0)];
  const dilations: [number, number] = [
    options.int32(fields.dilation + 1, 1),
    options.int32(fields.dilation, 1),
  ];
  if ([...strides, ...dilations].some((step) => step < 1)) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `A convolution in the file has strides ${strides} and dilations ${dilations}`,
    );
  }
  return {
    padding,
    strides,
    dilations,
    activation: activation(options.int8(fields.activation, 0)),
  };
}

function activation(code: number): TfliteActivation {
  const known = activations[code];
  if (!known) throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", `Unknown activation ${code} in the file`);
  return known;
}

/**
 * A constant as float32 numbers.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when it is of another type, or not of the size that its shape says.
 */
export function tfliteNumbers(tensor: TfliteTensor): Float32Array {
  const { name, shape, type, bytes } = tensor;
  const count = shape.reduce((product, size) => product * size, 1);
  const width = { float32: 4, float16: 2, other: 0 }[type];
  if (width === 0 || shape.some((size) => size < 0) || bytes.length !== count * width) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `Tensor "${name}" [${shape}] is not ${count} float numbers (${bytes.length} bytes)`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    numbers[i] = width === 4 ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true));
  }
  return numbers;
}
