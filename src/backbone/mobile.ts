/**
 * The embedded backbones: the first stages (strides 4, 8, 16, and 32 of `mobile4`) of a pretrained EfficientNet-Lite0, read
 * from the TensorFlow Lite file of an npm package. docs/results.md says why this file and this input scaling.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { messageOf, UflowError } from "../error.js";
import { Graph, known, type Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import {
  readTflite,
  type TfliteModel,
  type TfliteOperation,
  tfliteNumbers,
} from "../weights/tflite/model.js";
import { featureName, imageName } from "./features.js";

const weightsFile = "@mediapipe/objectron/object_detection_3d_cup.tflite";

/** A feature map that leaves the network: the last bottleneck of these channels at this stride. */
export interface MobileOutput {
  stride: number;
  channels: number;
}

/** What the backbone `mobile` yields, finest first. */
export const mobileOutputs: readonly MobileOutput[] = [
  { stride: 4, channels: 24 },
  { stride: 8, channels: 40 },
  { stride: 16, channels: 112 },
];

/** What `mobile4` yields, finest first. The file ends here, without the last block of 320 channels. */
export const mobile4Outputs: readonly MobileOutput[] = [...mobileOutputs, { stride: 32, channels: 192 }];

/** The bytes of the weights file that npm installed. */
export async function mobileWeights(): Promise<Uint8Array> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(weightsFile));
  } catch (error) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `The weights of the backbones "mobile" and "mobile4" are missing (${messageOf(error)}). Install the package again: npm install uflow`,
      { cause: error },
    );
  }
}

/**
 * The backbone as the bytes of an ONNX model: `image` [batch, 3, size, size] in, `feature_0` … out, one per output.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the file is not the expected network.
 */
export function mobileNetwork(
  weights: Uint8Array,
  inputSize: number,
  outputs: readonly MobileOutput[] = mobileOutputs,
): Uint8Array<ArrayBuffer> {
  const model = readTflite(weights);
  const g = new Graph();
  const image = g.input(imageName, ["batch", 3, inputSize, inputSize]);
  const bottlenecks = appendAll(g, model, image);
  outputs.forEach(({ stride, channels }, scale) => {
    const feature = bottlenecks.findLast((y) => y.shape[1] === channels && y.shape[2] === inputSize / stride);
    if (!feature) {
      throw new UflowError(
        "ERR_UFLOW_BAD_WEIGHTS",
        `The weights hold no ${channels}-channel map at stride ${stride}: they are not an EfficientNet-Lite0`,
      );
    }
    g.output(featureName(scale), feature);
  });
  return serialize(g);
}

/** Appends what can be computed from the image. @returns the ends of the blocks, in the order of the file. */
function appendAll(g: Graph, model: TfliteModel, image: Value): Value[] {
  const computed = new Map<number, Value>([[model.inputs[0] ?? -1, image]]);
  const bottlenecks: Value[] = [];
  for (const operation of model.operations) {
    const y = appendChecked(g, model, computed, operation);
    if (!y) continue;
    computed.set(operation.outputs[0]!, y);
    if (isBottleneck(operation)) bottlenecks.push(y);
  }
  return bottlenecks;
}

/** Shapes that do not fit are the file's. */
function appendChecked(...args: Parameters<typeof append>): Value | undefined {
  try {
    return append(...args);
  } catch (error) {
    if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_BAD_TENSOR") throw error;
    throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", `The weights contradict themselves: ${error.message}`, {
      cause: error,
    });
  }
}

/** Linear ends of the inverted residual blocks: a projection without activation, or a sum with the block's input. */
function isBottleneck(operation: TfliteOperation): boolean {
  return (operation.kind === "conv" || operation.kind === "add") && operation.activation === "none";
}

/** Appends one operation; undefined where it is no part of the feature extractor (its head, or a constant's cast). */
function append(
  g: Graph,
  model: TfliteModel,
  computed: ReadonlyMap<number, Value>,
  operation: TfliteOperation,
): Value | undefined {
  const x = computed.get(operation.inputs[0]!);
  if (!x) return undefined;
  switch (operation.kind) {
    case "add": {
      const y = computed.get(operation.inputs[1]!);
      return y && activate(g, op.add(g, x, y), operation.activation);
    }
    case "conv":
    case "depthwise":
      return activate(g, convolve(g, model, x, operation), operation.activation);
    default:
      return undefined;
  }
}

type Convolution = Extract<TfliteOperation, { kind: "conv" | "depthwise" }>;

function convolve(g: Graph, model: TfliteModel, x: Value, operation: Convolution): Value {
  const weight = constant(model, operation.inputs[1]!);
  const bias = constant(model, operation.inputs[2]!);
  if (weight.shape.length !== 4) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `The weights use a convolution by a constant of shape [${weight.shape}]`,
    );
  }
  const [first, kh, kw, last] = weight.shape as [number, number, number, number];
  const depthwise = operation.kind === "depthwise";
  const [out, inn] = depthwise ? [last, 1] : [first, last];
  if (operation.dilations.some((dilation) => dilation !== 1) || operation.padding !== "same") {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      "The weights use a convolution that is dilated or not padded",
    );
  }
  const w = g.constant("weight", channelsFirst(weight.data, [out, inn, kh, kw], depthwise), [
    out,
    inn,
    kh,
    kw,
  ]);
  const b = g.constant("bias", bias.data, [out]);
  const [top, bottom] = samePadding(known(x.shape[2]), kh, operation.strides[0]);
  const [left, right] = samePadding(known(x.shape[3]), kw, operation.strides[1]);
  return op.conv(g, x, w, b, {
    strides: operation.strides,
    pads: [top, left, bottom, right],
    group: depthwise ? known(x.shape[1]) : 1,
  });
}

/** TensorFlow's "same": as many outputs as strides fit, the odd padding row behind. */
function samePadding(size: number, kernel: number, stride: number): [number, number] {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  return [total >> 1, total - (total >> 1)];
}

/** [out, kh, kw, in] (or [1, kh, kw, out] of a depthwise convolution) to ONNX's [out, in, kh, kw]. */
function channelsFirst(
  data: Float32Array,
  [out, inn, kh, kw]: readonly [number, number, number, number],
  depthwise: boolean,
): Float32Array {
  const result = new Float32Array(data.length);
  const pixels = kh * kw;
  for (let o = 0; o < out; o++) {
    for (let p = 0; p < pixels; p++) {
      for (let i = 0; i < inn; i++) {
        const from = depthwise ? p * out + o : (o * pixels + p) * inn + i;
        result[(o * inn + i) * pixels + p] = data[from]!;
      }
    }
  }
  return result;
}

/** A constant, looked up through the operation that widens it from float16. */
function constant(model: TfliteModel, index: number): { data: Float32Array; shape: readonly number[] } {
  const tensor = model.tensors[index];
  if (!tensor) throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", "A convolution in the file lacks a constant");
  if (tensor.bytes.length > 0) return { data: tfliteNumbers(tensor), shape: tensor.shape };
  const cast = model.operations.find(({ kind, outputs }) => kind === "dequantize" && outputs[0] === index);
  const source = cast && model.tensors[cast.inputs[0]!];
  if (!source)
    throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", `"${tensor.name}" in the file is not a constant`);
  return { data: tfliteNumbers(source), shape: source.shape };
}

function activate(g: Graph, x: Value, activation: "none" | "relu" | "relu6"): Value {
  if (activation === "none") return x;
  return activation === "relu" ? op.relu(g, x) : op.clip(g, x, 0, 6);
}
