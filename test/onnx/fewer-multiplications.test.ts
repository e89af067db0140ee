import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { TensorProto_DataLocation as DataLocation, ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { withFewerMultiplications } from "#uflow/onnx/fewer-multiplications.js";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { relativeError } from "../flow/golden-flow.js";

const random = new Random(5);
const [channels, side] = [168, 56];
const x = {
  data: Float32Array.from({ length: channels * side ** 2 }, () => random.normal()),
  dims: [1, channels, side, side],
};
const filters = (count: number) => Float32Array.from({ length: count }, () => 0.03 * random.normal());

/** A network of one convolution, or of what a test makes of its parts. */
function network(
  build: (g: Graph, x: Value) => Value = (g, value) => convolution(g, value),
  shape: readonly number[] = [channels, side, side],
): Uint8Array {
  const g = new Graph();
  g.output("y", build(g, g.input("x", ["batch", ...shape])));
  return serialize(g);
}

function convolution(
  g: Graph,
  value: Value,
  options: op.ConvolutionOptions & { out?: number; kernel?: number; bias?: boolean } = {},
): Value {
  const { out = channels, kernel = 3, bias = true, ...others } = options;
  const inn = (value.shape[1] as number) / (others.group ?? 1);
  const weight = g.constant("weight", filters(out * inn * kernel ** 2), [out, inn, kernel, kernel]);
  return op.conv(g, value, weight, bias ? g.constant("bias", filters(out), [out]) : undefined, others);
}

/** How many convolutions of 3 × 3 a network has. */
const count = (bytes: Uint8Array) =>
  fromBinary(ModelProtoSchema, bytes).graph!.node.filter(
    ({ opType, attribute }) =>
      opType === "Conv" &&
      attribute.find(({ name }) => name === "kernel_shape")!.ints.every((size) => size === 3n),
  ).length;

async function run(bytes: Uint8Array, level: "all" | "disabled" = "disabled", threads = 1) {
  const session = await Session.create(bytes, { device: "cpu", threads, graphOptimizationLevel: level });
  const { y } = await session.run({ x });
  await session.close();
  return y!.data;
}

describe("a network with fewer multiplications", () => {
  it("gives what the network gives, through layers that keep, halve and join maps", async () => {
    const bytes = network((g, value) => {
      const hidden = op.relu(g, convolution(g, value));
      const [first, second] = op.split(g, convolution(g, hidden, { out: 2 * channels, bias: false }), 1, [
        channels,
        channels,
      ]) as [Value, Value];
      const joined = op.concat(g, [op.mul(g, first, op.exp(g, op.tanh(g, second))), value], 1);
      const picked = op.gather(
        g,
        joined,
        1,
        Array.from({ length: 200 }, (_, i) => i + 50),
      );
      return convolution(g, picked, { out: 150 });
    });
    const fewer = withFewerMultiplications(bytes);
    expect([count(bytes), count(fewer)]).toEqual([3, 0]);
    const [exact, found] = [await run(bytes), await run(fewer)];
    expect(relativeError(found, exact)).toBeLessThan(1e-5);
    expect(found).not.toEqual(exact);
  });

  it("takes several images at once", async () => {
    const session = await Session.create(withFewerMultiplications(network()), { device: "cpu", threads: 1 });
    const other = x.data.map((value) => value ** 2);
    const both = Float32Array.from([...x.data, ...other]);
    const { y } = await session.run({ x: { data: both, dims: [2, channels, side, side] } });
    const { y: second } = await session.run({ x: { data: other, dims: x.dims } });
    await session.close();
    expect(relativeError(y!.data.subarray(x.data.length), second!.data)).toBeLessThan(1e-5);
  });

  it.each<[string, Uint8Array]>([
    ["a stride", network((g, v) => convolution(g, v, { strides: [2, 2], pads: [1, 1, 1, 1] }))],
    ["gaps", network((g, v) => convolution(g, v, { dilations: [2, 2], pads: [2, 2, 2, 2] }))],
    ["no padding", network((g, v) => convolution(g, v, { pads: [0, 0, 0, 0] }))],
    ["groups", network((g, v) => convolution(g, v, { group: 2, out: 336 }))],
    ["another kernel", network((g, v) => convolution(g, v, { kernel: 1 }))],
    ["few channels", network((g, v) => convolution(g, v), [64, side, side])],
    ["small maps", network((g, v) => convolution(g, v), [channels, 28, 28])],
    ["maps that tiles do not fill", network((g, v) => convolution(g, v), [channels, 58, 60])],
    ["maps of unknown size", network((g, v) => convolution(g, op.resizeCubic(g, v, 1)))],
  ])("leaves convolutions with %s as they are", (_, bytes) => {
    expect(withFewerMultiplications(bytes)).toBe(bytes);
  });

  it("leaves weights that are not constants, or stand in another file, and what is no network", () => {
    const g = new Graph();
    const weight = g.input("weight", [channels, channels, 3, 3]);
    g.output("y", op.conv(g, g.input("x", ["batch", channels, side, side]), weight, undefined));
    const model = fromBinary(ModelProtoSchema, network());
    for (const tensor of model.graph!.initializer) tensor.dataLocation = DataLocation.EXTERNAL;
    for (const bytes of [serialize(g), toBinary(ModelProtoSchema, model), Uint8Array.of(1, 2, 3)]) {
      expect(withFewerMultiplications(bytes)).toBe(bytes);
    }
  });

  it.runIf(process.arch === "x64")("is what a session with few threads runs", async () => {
    const bytes = network();
    const fewer = await run(withFewerMultiplications(bytes));
    const exact = await run(bytes);
    const difference = relativeError(fewer, exact);
    expect(relativeError(await run(bytes, "all", 2), fewer)).toBeLessThan(difference);
    expect(relativeError(await run(bytes, "all", 5), exact)).toBeLessThan(difference);
  });
});
