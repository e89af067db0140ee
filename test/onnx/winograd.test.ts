import { describe, expect, it } from "vitest";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { winograd } from "#uflow/onnx/winograd.js";
import { Random } from "#uflow/random.js";

const random = new Random(3);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());

interface Case {
  batch: number;
  channels: number;
  out: number;
  height: number;
  width: number;
}

async function convolved(
  { batch, channels, out, height, width }: Case,
  { x, w, b }: Record<"x" | "w" | "b", Float32Array>,
  how: (g: Graph, x: Value, weight: Value, bias: Value) => Value,
): Promise<Float32Array> {
  const g = new Graph();
  const input = g.input("x", ["batch", channels, height, width]);
  const [weight, bias] = [g.constant("w", w, [out, channels, 3, 3]), g.constant("b", b, [out])];
  g.output("y", how(g, input, weight, bias));
  const session = await Session.create(serialize(g), { device: "cpu", threads: 1 });
  const { y } = await session.run({ x: { data: x, dims: [batch, channels, height, width] } });
  await session.close();
  expect(y!.dims).toEqual([batch, out, height, width]);
  return y!.data;
}

describe("a convolution by Winograd's algorithm", () => {
  it.each<Case>([
    { batch: 1, channels: 16, out: 32, height: 8, width: 8 },
    { batch: 1, channels: 5, out: 7, height: 12, width: 4 },
    { batch: 3, channels: 24, out: 16, height: 4, width: 20 },
    { batch: 2, channels: 200, out: 40, height: 16, width: 8 },
  ])("gives what the convolution gives: %o", async (one) => {
    const { batch, channels, out, height, width } = one;
    const tensors = {
      x: numbers(batch * channels * height * width),
      w: numbers(out * channels * 9),
      b: numbers(out).map((value) => 20 * value),
    };
    const [exact, found] = [await convolved(one, tensors, op.conv), await convolved(one, tensors, winograd)];
    const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
    expect(difference / largest).toBeLessThan(5e-6);
    expect(difference).toBeGreaterThan(0);
  });
});
