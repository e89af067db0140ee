import { readTflite, type TfliteModel, tfliteNumbers } from "#uflow/weights/tflite/model.js";

/** A map in TensorFlow's order: rows, columns, channels. */
class Plain {
  constructor(
    readonly data: Float64Array,
    readonly side: number,
    readonly channels: number,
  ) {}

  /** In the engine's order: channels, rows, columns. */
  planar(): Float32Array {
    const pixels = this.side ** 2;
    return Float32Array.from(
      this.data,
      (_, i) => this.data[(i % pixels) * this.channels + Math.floor(i / pixels)]!,
    );
  }
}

/**
 * Every map that a TensorFlow Lite file's convolutions and sums make of one square picture (planar RGB): plain loops
 * in float64, written from TensorFlow's documentation. It stops at the first operation that is something else.
 */
export function plainNetwork(file: Uint8Array, image: Float32Array, side: number): Plain[] {
  const model = readTflite(file);
  const pixels = side ** 2;
  const picture = Float64Array.from(image, (_, i) => image[(i % 3) * pixels + Math.floor(i / 3)]!);
  const maps = new Map([[model.inputs[0]!, new Plain(picture, side, 3)]]);
  for (const operation of model.operations) {
    const { kind, inputs, outputs } = operation;
    if (kind === "dequantize") continue;
    if (kind === "other") break;
    const x = maps.get(inputs[0]!)!;
    const y =
      kind === "add"
        ? new Plain(
            x.data.map((value, i) => value + maps.get(inputs[1]!)!.data[i]!),
            x.side,
            x.channels,
          )
        : convolved(
            x,
            constantOf(model, inputs[1]!),
            constantOf(model, inputs[2]!).data,
            kind,
            operation.strides[0],
          );
    const bounded =
      operation.activation === "relu6" ? y.data.map((value) => Math.min(Math.max(value, 0), 6)) : y.data;
    maps.set(outputs[0]!, new Plain(bounded, y.side, y.channels));
  }
  return [...maps.values()];
}

function constantOf({ tensors, operations }: TfliteModel, index: number) {
  const cast = operations.find(({ kind, outputs }) => kind === "dequantize" && outputs[0] === index)!;
  const tensor = tensors[cast.inputs[0]!]!;
  return { data: tfliteNumbers(tensor), shape: tensor.shape };
}

/** Weights of a convolution are [out, row, column, in], of a depthwise one [1, row, column, out]. */
function convolved(
  x: Plain,
  weight: { data: Float32Array; shape: readonly number[] },
  bias: Float32Array,
  kind: "conv" | "depthwise",
  stride: number,
): Plain {
  const kernel = weight.shape[1]!;
  const side = Math.ceil(x.side / stride);
  const before = Math.floor(Math.max((side - 1) * stride + kernel - x.side, 0) / 2);
  const out = bias.length;
  const y = new Float64Array(side * side * out);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      for (let o = 0; o < out; o++) {
        let sum = bias[o]!;
        for (let i = 0; i < kernel; i++)
          for (let j = 0; j < kernel; j++) {
            const [yy, xx] = [row * stride + i - before, column * stride + j - before];
            if (yy < 0 || xx < 0 || yy >= x.side || xx >= x.side) continue;
            const from = (yy * x.side + xx) * x.channels;
            if (kind === "depthwise") sum += x.data[from + o]! * weight.data[(i * kernel + j) * out + o]!;
            else
              for (let c = 0; c < x.channels; c++)
                sum += x.data[from + c]! * weight.data[((o * kernel + i) * kernel + j) * x.channels + c]!;
          }
        y[(row * side + column) * out + o] = sum;
      }
  return new Plain(y, side, out);
}
