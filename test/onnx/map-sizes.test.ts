import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import { mapSizes } from "#uflow/onnx/map-sizes.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";

/** Of the outputs of a graph of one input [batch, 8, 20, 24]. */
function sizesOf(build: (g: Graph, x: Value) => Record<string, Value>) {
  const g = new Graph();
  const outputs = build(g, g.input("x", ["batch", 8, 20, 24]));
  for (const [name, value] of Object.entries(outputs)) g.output(name, value);
  const sizes = mapSizes(fromBinary(ModelProtoSchema, serialize(g)).graph!);
  return Object.entries(outputs).map(([name, { shape }]) => ({ name, shape, size: sizes.get(name) }));
}

describe("the sizes of maps inside of a network", () => {
  it("are those that the builder of graphs infers", () => {
    const weight = (g: Graph, kernel: number[]) =>
      g.constant("w", new Float32Array(64 * kernel[0]! * kernel[1]!), [8, 8, ...kernel]);
    const found = sizesOf((g, x) => {
      const mean = g.node("ReduceMean", [x], ["batch", 8, 1, 1], { axes: [2, 3], keepdims: 1 });
      const strided = op.conv(g, x, weight(g, [3, 5]), undefined, { strides: [2, 3], pads: [0, 1, 2, 3] });
      return {
        strided,
        dilated: op.conv(g, x, weight(g, [3, 3]), undefined, { dilations: [2, 4], pads: [1, 0, 0, 2] }),
        pooled: op.maxPool(g, x, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
        shuffled: op.depthToSpace(g, x),
        unshuffled: op.spaceToDepth(g, x),
        centred: op.relu(g, op.sub(g, mean, x)),
        joined: op.concat(g, [strided, op.tanh(g, strided)], 1),
        picked: op.gather(g, x, 1, [3, 1]),
        cut: op.split(g, x, 1, [3, 5])[1]!,
        scaled: op.scale(g, x, 2),
      };
    });
    for (const { name, shape, size } of found) expect({ name, size }).toEqual({ name, size: shape.slice(2) });
  });

  it("are not guessed", () => {
    const found = sizesOf((g, x) => ({
      resized: op.relu(g, op.resizeCubic(g, x, 0.5)),
      turned: op.transpose(g, x, [0, 1, 3, 2]),
      shorter: op.split(g, x, 2, [7, 13])[0]!,
      rows: op.gather(g, x, 2, [0, 1]),
      stacked: op.concat(g, [x, x], 2),
      sliced: op.slice(g, x, [2], [0], [4]),
    }));
    for (const { name, size } of found) expect({ name, size }).toEqual({ name, size: undefined });
  });
});
