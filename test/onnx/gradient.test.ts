import { describe, expect, it } from "vitest";
import { gradients } from "#uflow/onnx/gradient.js";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";

const random = new Random(5);
const numbers = (count: number, low = -1, high = 1) =>
  Float32Array.from({ length: count }, () => random.between(low, high));

/** Scalar functions of one tensor, one per differentiable operator. */
const cases: Record<
  string,
  { shape: number[]; low?: number; high?: number; f: (g: Graph, x: Value) => Value }
> = {
  "Add with broadcasting": {
    shape: [1, 3, 1, 1],
    f: (g, x) => square(g, op.add(g, g.constant("c", numbers(24), [2, 3, 2, 2]), x)),
  },
  Sub: { shape: [2, 3], f: (g, x) => square(g, op.sub(g, g.constant("c", numbers(6), [2, 3]), x)) },
  "Mul by itself": { shape: [2, 3], f: (g, x) => square(g, op.mul(g, x, x)) },
  Exp: { shape: [2, 3], f: (g, x) => square(g, op.exp(g, x)) },
  Log: { shape: [2, 3], low: 0.5, high: 2, f: (g, x) => square(g, op.log(g, x)) },
  Tanh: { shape: [2, 3], f: (g, x) => square(g, op.tanh(g, x)) },
  Softplus: { shape: [2, 3], f: (g, x) => square(g, op.softplus(g, x)) },
  Relu: { shape: [2, 3], f: (g, x) => square(g, op.relu(g, x)) },
  "Split and Concat in another order": {
    shape: [1, 5, 2, 2],
    f: (g, x) => {
      const [a, b] = op.split(g, x, 1, [2, 3]) as [Value, Value];
      return square(g, op.mul(g, op.concat(g, [b, a], 1), g.constant("c", numbers(20), [1, 5, 2, 2])));
    },
  },
  "Split of which one part is unused": {
    shape: [1, 5, 2, 2],
    f: (g, x) => square(g, op.split(g, x, 1, [2, 3])[1]!),
  },
  "Gather as a permutation": {
    shape: [1, 4, 2, 2],
    f: (g, x) =>
      square(g, op.mul(g, op.gather(g, x, 1, [2, 0, 3, 1]), g.constant("c", numbers(16), [1, 4, 2, 2]))),
  },
  DepthToSpace: {
    shape: [1, 8, 2, 3],
    f: (g, x) => square(g, op.mul(g, op.depthToSpace(g, x), g.constant("c", numbers(48), [1, 2, 4, 6]))),
  },
  "an affine of channels to its input": {
    shape: [2, 3, 2, 2],
    f: (g, x) => square(g, op.channelAffine(g, x, channels(g), channels(g))),
  },
  "an affine of channels to its factors": {
    shape: [1, 3, 1, 1],
    f: (g, x) => square(g, op.channelAffine(g, g.constant("c", numbers(24), [2, 3, 2, 2]), x, channels(g))),
  },
  "an affine of channels to its offsets": {
    shape: [1, 3, 1, 1],
    f: (g, x) => square(g, op.channelAffine(g, g.constant("c", numbers(24), [2, 3, 2, 2]), channels(g), x)),
  },
  "Conv to its input": {
    shape: [2, 3, 4, 5],
    f: (g, x) =>
      square(g, op.conv(g, x, g.constant("w", numbers(54), [2, 3, 3, 3]), g.constant("b", numbers(2), [2]))),
  },
  "Conv to its 3×3 weight": {
    shape: [2, 3, 3, 3],
    f: (g, x) =>
      square(g, op.conv(g, g.constant("i", numbers(120), [2, 3, 4, 5]), x, g.constant("b", numbers(2), [2]))),
  },
  "Conv to its 1×1 weight": {
    shape: [2, 3, 1, 1],
    f: (g, x) =>
      square(g, op.conv(g, g.constant("i", numbers(120), [2, 3, 4, 5]), x, g.constant("b", numbers(2), [2]))),
  },
  "Conv to its bias": {
    shape: [2],
    f: (g, x) =>
      square(
        g,
        op.conv(g, g.constant("i", numbers(120), [2, 3, 4, 5]), g.constant("w", numbers(6), [2, 3, 1, 1]), x),
      ),
  },
};

function channels(g: Graph): Value {
  return g.constant("channels", numbers(3), [1, 3, 1, 1]);
}

/** Σ x² / 2: its gradient is not constant, so that wrong places show. */
function square(g: Graph, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return op.scale(g, op.sum(g, op.mul(g, x, x), axes, false), 0.5);
}

describe("the gradient of", () => {
  it.each(Object.entries(cases))("%s equals central differences", async (_, { shape, low, high, f }) => {
    const g = new Graph();
    const x = g.input("x", shape);
    const loss = f(g, x);
    g.output("gradient", gradients(g, loss, [x])[0]!);
    g.output("loss", loss);
    const session = await Session.create(serialize(g), { device: "cpu", threads: 1 });
    const count = shape.reduce((product, size) => product * size, 1);
    const at = numbers(count, low, high);
    const run = (data: Float32Array) => session.run({ x: { data, dims: shape } });
    const gradient = (await run(at)).gradient!.data;
    const h = 1e-2;
    for (let i = 0; i < count; i++) {
      const [up, down] = [at.slice(), at.slice()];
      up[i]! += h;
      down[i]! -= h;
      const difference = (await run(up)).loss!.data[0]! - (await run(down)).loss!.data[0]!;
      expect(gradient[i]!).toBeCloseTo(difference / (up[i]! - down[i]!), 1);
    }
  });

  it("an operator without a rule is refused by name", () => {
    const g = new Graph();
    const x = g.input("x", [3]);
    const loss = op.sum(g, op.sqrt(g, x), [0], false);
    expect(() => gradients(g, loss, [x])).toThrow(/No gradient of Sqrt/);
  });

  it("a loss that does not depend on the parameter is refused", () => {
    const g = new Graph();
    const x = g.input("x", [3]);
    const y = g.input("y", [3]);
    expect(() => gradients(g, square(g, y), [x])).toThrow(/does not depend on "x"/);
  });
});
