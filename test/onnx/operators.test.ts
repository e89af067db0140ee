import { describe, expect, it } from "vitest";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { expectClose } from "../closeness.js";
import { loadGolden } from "../fixtures/golden.js";

/** Applies an operator to one tensor; its first dimension is the batch. Shapes are held to those inferred. */
async function apply(
  data: Float32Array,
  dims: readonly number[],
  operator: (g: Graph, x: Value) => Value,
): Promise<Float32Array> {
  const g = new Graph();
  const y = operator(g, g.input("x", ["batch", ...dims.slice(1)]));
  g.output("y", y);
  const session = await Session.create(serialize(g), { device: "cpu", threads: 1 });
  const result = await session.run({ x: { data, dims } });
  await session.close();
  expect(result.y!.dims.slice(1)).toEqual(y.shape.slice(1));
  return result.y!.data;
}

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i);

it("resizes by cubic interpolation as PyTorch does", async () => {
  const golden = loadGolden("onnx/resize_cubic");
  const { data, shape } = golden.tensor("image");
  const half = await apply(data as Float32Array, shape, (g, x) => op.resizeCubic(g, x, 0.5));
  expectClose(half, golden.tensor("half").data, 5e-6);
});

it("takes the maximum of windows that padding never wins", async () => {
  const negative = ramp(25).map((value) => value - 100);
  const pooled = await apply(negative, [1, 1, 5, 5], (g, x) =>
    op.maxPool(g, x, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  );
  expect(Array.from(pooled, (value) => value + 100)).toEqual([6, 8, 9, 16, 18, 19, 21, 23, 24]);
});

it("multiplies stacks of matrices, of which one may be shared", async () => {
  const shared = (g: Graph) => g.constant("a", Float32Array.of(1, 10), [1, 2]);
  const product = await apply(ramp(8), [2, 2, 2], (g, x) => op.matmul(g, shared(g), x));
  expect(Array.from(product)).toEqual([20, 31, 64, 75]);
});

it("applies a linear layer to rows", async () => {
  const y = await apply(Float32Array.of(1, 2, 3, 4), [2, 2], (g, x) =>
    op.linear(
      g,
      x,
      g.constant("w", Float32Array.of(1, 0, 0, 1, 1, 1), [3, 2]),
      g.constant("b", Float32Array.of(10, 20, 30), [3]),
    ),
  );
  expect(Array.from(y)).toEqual([11, 22, 33, 13, 24, 37]);
});

it("computes softmax along the last axis, and GELU with the exact error function", async () => {
  const s = await apply(Float32Array.of(0, Math.log(3), 500, 500), [2, 2], op.softmax);
  expectClose(s, [0.25, 0.75, 0.5, 0.5], 1e-6);
  // x·Φ(x) from tables of the normal distribution; the approximation with tanh is off by 1e-4 at -2.
  const y = await apply(Float32Array.of(-2, -1, 0, 1, 2), [1, 5], op.gelu);
  expectClose(y, [-0.0455002639, -0.1586552539, 0, 0.8413447461, 1.9544997361], 1e-6);
});

describe("shapes that do not fit", () => {
  it.each<[string, (g: Graph, x: Value) => Value]>([
    ["matmul", (g, x) => op.matmul(g, x, x)],
    ["linear", (g, x) => op.linear(g, x, g.constant("w", ramp(6), [2, 3]), g.constant("b", ramp(2), [2]))],
    ["reshape", (g, x) => op.reshape(g, x, ["one", "two"])],
  ])("are refused by %s", (_, operator) => {
    const g = new Graph();
    expect(() => operator(g, g.input("x", ["batch", 4]))).toThrow(
      expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }),
    );
  });
});
