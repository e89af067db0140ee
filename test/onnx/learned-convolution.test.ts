import { describe, expect, it } from "vitest";
import { gradients } from "#uflow/onnx/gradient.js";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import { learnedConvolution, winogradByProducts } from "#uflow/onnx/learned-convolution.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";

const random = new Random(7);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());

interface Case {
  images: number;
  channels: number;
  out: number;
  height: number;
  width: number;
}

type Convolution = (g: Graph, x: Value, weight: Value, bias: Value) => Value;

/** A convolution and the gradients of Σ dy·y with respect to all that enters it. */
function graphOf({ images, channels, out, height, width }: Case, how: Convolution): Graph {
  const g = new Graph();
  const x = g.input("x", [images, channels, height, width]);
  const weight = g.input("weight", [out, channels, 3, 3]);
  const bias = g.input("bias", [out]);
  const dy = g.input("dy", [images, out, height, width]);
  const y = how(g, x, weight, bias);
  const slopes = gradients(g, op.sum(g, op.mul(g, y, dy), [0, 1, 2, 3], false), [x, weight, bias]);
  g.output("y", y);
  ["dx", "dweight", "dbias"].forEach((name, i) => {
    g.output(name, slopes[i]!);
  });
  return g;
}

const has = (g: Graph, operator: string) => g.nodes.some((node) => node.operator === operator);

describe("a convolution by matrix products", () => {
  it.each<Case>([
    { images: 1, channels: 16, out: 32, height: 8, width: 8 },
    { images: 3, channels: 5, out: 7, height: 12, width: 4 },
    { images: 2, channels: 6, out: 3, height: 14, width: 9 },
    { images: 2, channels: 1, out: 1, height: 1, width: 3 },
    { images: 2, channels: 130, out: 40, height: 10, width: 16 },
  ])("gives what the convolution gives, and its gradients: %o", async (one) => {
    const shapes = Object.fromEntries(graphOf(one, op.conv).inputs.map(({ name, shape }) => [name, shape]));
    const inputs = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const dims = shape as number[];
        return [name, { data: numbers(dims.reduce((product, size) => product * size, 1)), dims }];
      }),
    );
    const results = [];
    for (const how of [op.conv, winogradByProducts]) {
      const session = await Session.create(serialize(graphOf(one, how)), { device: "cpu", threads: 1 });
      results.push(await session.run(inputs));
      await session.close();
    }
    const [exact, found] = results as [(typeof results)[0], (typeof results)[0]];
    for (const [name, { data, dims }] of Object.entries(exact)) {
      expect(found[name]!.dims, name).toEqual(dims);
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const difference = data.reduce((most, v, i) => Math.max(most, Math.abs(v - found[name]!.data[i]!)), 0);
      expect(difference / largest, name).toBeLessThan(5e-6);
    }
    expect(found.y!.data).not.toEqual(exact.y!.data);
  });
});

describe("a convolution that is learned", () => {
  const large = { images: 3, channels: 128, out: 8, height: 16, width: 16 };

  it.each([
    [large, "MatMul"],
    [{ ...large, images: 2 }, "Conv"],
    [{ ...large, channels: 127 }, "Conv"],
  ])("is that of the operator where it is small: %o is %s", (one, operator) => {
    const g = new Graph();
    const x = g.input("x", [one.images, one.channels, one.height, one.width]);
    learnedConvolution(g, x, g.input("weight", [one.out, one.channels, 3, 3]), g.input("bias", [one.out]));
    expect([has(g, "Conv"), has(g, "MatMul")]).toEqual([operator === "Conv", operator === "MatMul"]);
  });

  it("is that of the operator for a kernel of 1 × 1", () => {
    const g = new Graph();
    const x = g.input("x", [3, 128, 16, 16]);
    learnedConvolution(g, x, g.input("weight", [8, 128, 1, 1]), g.input("bias", [8]));
    expect(g.nodes.map(({ operator }) => operator)).toEqual(["Conv"]);
  });
});
