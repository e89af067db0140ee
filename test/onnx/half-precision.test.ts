import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, TensorProto_DataLocation, TensorProto_DataType } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import { toHalfPrecision } from "#uflow/onnx/half-precision.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { relativeError } from "../flow/golden-flow.js";

const cpu = { device: "cpu", threads: 1 } as const;
const random = new Random(6);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const shape = [1, 4, 6, 6];
const x = { data: numbers(144), dims: shape };

function network(build: (g: Graph, x: Value) => Value): Uint8Array {
  const g = new Graph();
  g.output("y", build(g, g.input("x", shape)));
  return serialize(g);
}

function convolved(g: Graph, value: Value, factor = 1): Value {
  const weight = g.constant(
    "weight",
    numbers(144).map((w) => factor * w),
    [4, 4, 3, 3],
  );
  return op.conv(g, value, weight, g.constant("bias", numbers(4), [4]));
}

async function run(bytes: Uint8Array) {
  const session = await Session.create(bytes, cpu);
  const { y } = await session.run({ x });
  await session.close();
  return y!.data;
}

const decoded = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);

/** What the inputs of each operator of a kind are named; a value in float16 has that in its name. */
function inputsOf(bytes: Uint8Array, kind: string): string[] {
  return decoded(bytes).graph!.node.flatMap(({ opType, input }) =>
    opType === kind ? input.slice(0, 1) : [],
  );
}

const isHalf = (name: string) => name.endsWith(":float16");

describe("a network in float16", () => {
  it("gives the same up to its precision, and is half as large", async () => {
    const exact = network((g, value) => op.add(g, op.relu(g, convolved(g, convolved(g, value))), value));
    const half = toHalfPrecision("n", exact);
    const error = relativeError(await run(half), await run(exact));
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(3e-3);
    const { initializer } = decoded(half).graph!;
    expect(initializer.every(({ dataType }) => dataType === TensorProto_DataType.FLOAT16)).toBe(true);
  });

  it("is the same of a view into other bytes, which a Buffer may be", async () => {
    const exact = network((g, value) => convolved(g, value));
    const wide = Buffer.alloc(exact.length + 13, 0x7f);
    wide.set(exact, 5);
    const view = wide.subarray(5, 5 + exact.length);
    expect(await run(toHalfPrecision("n", view))).toEqual(await run(toHalfPrecision("n", exact)));
  });

  it("keeps in float32 what sums, or leaves the range", async () => {
    const bytes = network((g, value) => {
      const a = convolved(g, value);
      const squares = op.mul(g, a, a);
      return op.sumOfChannels(g, op.exp(g, op.scale(g, op.standardiseImage(g, squares, 1e-5), 0.1)));
    });
    const half = toHalfPrecision("n", bytes);
    for (const kind of ["Mul", "MatMul", "Exp", "ReduceMean", "Div"]) {
      expect(inputsOf(half, kind).some(isHalf), kind).toBe(false);
    }
    expect(inputsOf(half, "Conv").every(isHalf)).toBe(true);
    expect(relativeError(await run(half), await run(bytes))).toBeLessThan(5e-3);
  });

  it("squares numbers whose squares float16 cannot hold", async () => {
    const bytes = network((g, value) => {
      const a = convolved(g, value, 300);
      return op.mul(g, a, a);
    });
    const got = await run(toHalfPrecision("n", bytes));
    expect(Math.max(...got)).toBeGreaterThan(65504);
    expect(relativeError(got, await run(bytes))).toBeLessThan(5e-3);
  });

  it("keeps a product in float32 whose weights float16 cannot hold", async () => {
    const bytes = network((g, value) => convolved(g, value, 60_000));
    const half = toHalfPrecision("n", bytes);
    expect(inputsOf(half, "Conv").some(isHalf)).toBe(false);
    expect(await run(half)).toEqual(await run(bytes));
  });
});

function changed(bytes: Uint8Array, change: (model: ModelProto) => void): Uint8Array {
  const model = decoded(bytes);
  change(model);
  return toBinary(ModelProtoSchema, model);
}

const plain = network((g, value) => convolved(g, value));

it.each([
  ["no protobuf", Uint8Array.of(255, 255), /cannot be decoded/],
  ["no graph", new Uint8Array(), /no graph/],
  [
    "weights in another file",
    changed(plain, ({ graph }) => {
      graph!.initializer[0]!.dataLocation = TensorProto_DataLocation.EXTERNAL;
    }),
    /another file/,
  ],
] as const)("refuses a network with %s", (_, bytes, message) => {
  const converting = () => toHalfPrecision("flow.onnx", bytes);
  expect(converting).toThrow(UflowError);
  expect(converting).toThrow(
    expect.objectContaining({ code: "ERR_UFLOW_NETWORK", message: expect.stringMatching(message) }),
  );
});
