import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { compose, type Part } from "#uflow/onnx/compose.js";
import { type ElementType, Graph, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";

const cpu = { device: "cpu", threads: 1 } as const;
const shape = ["batch", 2];

/** A network whose outputs are functions of its inputs. Inner names are the same in all of them. */
function part(
  name: string,
  inputs: readonly string[],
  outputs: Record<string, (g: Graph, inputs: Value[]) => Value>,
  declared: { shape?: readonly (number | string)[]; type?: ElementType } = {},
): Part {
  const g = new Graph();
  const values = inputs.map((input) => g.input(input, declared.shape ?? shape, declared.type));
  for (const [output, f] of Object.entries(outputs)) g.output(output, f(g, values));
  return { name, network: serialize(g), inputs, outputs: Object.keys(outputs) };
}

const timesPlus =
  (factor: number, shift: number) =>
  (g: Graph, [x]: Value[]) =>
    op.add(g, op.scale(g, x!, factor), g.scalar(shift));

const first = part("first", ["image"], { a: timesPlus(2, 1), b: timesPlus(3, 0), unused: timesPlus(9, 9) });
const second = part("second", ["a", "b"], {
  c: (g, [a, b]) => op.sub(g, op.scale(g, a!, 10), b!),
  d: (g, [a, b]) => op.mul(g, a!, b!),
});
const third = part("third", ["c", "image"], { e: (g, [c, image]) => op.add(g, c!, image!) });

async function runs(network: Uint8Array) {
  const session = await Session.create(network, cpu);
  const results = await session.run({ image: { data: Float32Array.of(1, 2), dims: [1, 2] } });
  await session.close();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]]));
}

/** The network after a change to its protobuf. */
function changed(original: Part, change: (model: ModelProto) => void): Part {
  const model = fromBinary(ModelProtoSchema, original.network);
  change(model);
  return { ...original, network: toBinary(ModelProtoSchema, model) };
}

describe("networks as one", () => {
  it("take what the ones before made, though all of their inner names are the same", async () => {
    expect(await runs(compose([first, second], ["c"])!)).toEqual({ c: [30 - 3, 50 - 6] });
    expect(await runs(compose([first, second], ["d", "c"])!)).toEqual({ c: [27, 44], d: [9, 30] });
  });

  it("yield what any of them makes, and take the inputs of the whole where nobody makes them", async () => {
    const wanted = { a: [3, 5], e: [28, 46] };
    expect(await runs(compose([first, second, third], ["a", "e"])!)).toEqual(wanted);
  });

  it("hand on values from inside", async () => {
    const open = { ...first, inner: () => ({ c: "Mul" }) };
    expect(await runs(compose([open, third], ["e"])!)).toEqual({ e: [3, 6] });
  });

  it("may list constants among their inputs, as old graphs do", async () => {
    const old = changed(first, ({ graph }) => {
      const { type } = graph!.input[0]!;
      for (const { name } of graph!.initializer) {
        graph!.input.push(create(ValueInfoProtoSchema, { name, type: type! }));
      }
    });
    expect(await runs(compose([old, second], ["c"])!)).toEqual({ c: [27, 44] });
  });

  it("may hold graphs in their nodes, which use values from outside", async () => {
    const branching = changed(
      part("branching", ["a", "b"], { c: (g, [a, b]) => op.add(g, a!, b!) }),
      ({ graph }) => {
        const [add] = graph!.node;
        const branch = (output: string) => ({
          name: "branch",
          node: [{ opType: "Mul", input: ["a", "b"], output: [output] }],
          output: [create(ValueInfoProtoSchema, { name: output, type: graph!.output[0]!.type! })],
        });
        const attribute = [
          { name: "then_branch", type: AttributeProto_AttributeType.GRAPH, g: branch("then") },
          { name: "else_branch", type: AttributeProto_AttributeType.GRAPH, g: branch("else") },
        ].map((content) => create(AttributeProtoSchema, content));
        const condition = { name: "condition", dataType: 9, rawData: Uint8Array.of(1) };
        graph!.initializer.push(create(TensorProtoSchema, condition));
        graph!.node[0] = create(NodeProtoSchema, {
          opType: "If",
          input: ["condition"],
          output: add!.output,
          attribute,
        });
      },
    );
    expect(await runs(compose([first, branching], ["c"])!)).toEqual({ c: [9, 30] });
  });

  it("stay apart where they cannot be one", () => {
    const size = first.network.length + second.network.length;
    expect(compose([first, second], ["c"], size)).toBeDefined();
    expect(compose([first, second], ["c"], size - 1)).toBeUndefined();
    const elsewhere = (one: Part) =>
      changed(one, ({ graph }) => {
        const tensor = create(TensorProtoSchema, {
          name: "far",
          dataLocation: TensorProto_DataLocation.EXTERNAL,
        });
        graph!.initializer.push(tensor);
      });
    expect(compose([elsewhere(first), second], ["c"])).toBeDefined();
    expect(compose([elsewhere(first), elsewhere(second)], ["c"])).toBeUndefined();
    const withFunctions = changed(second, (model) => {
      model.functions.push(create(FunctionProtoSchema, { name: "f", domain: "d" }));
    });
    expect(compose([first, withFunctions], ["c"])).toBeUndefined();
  });
});

const otherOperators = changed(second, (model) => {
  model.opsetImport[0]!.version = 18n;
});
const halfFloats = part("second", ["a", "b"], { c: (g, [a, b]) => op.add(g, a!, b!) }, { type: "float16" });
const wider = part("second", ["a", "b"], { c: (g, [a, b]) => op.add(g, a!, b!) }, { shape: ["batch", 3] });
const deeper = part("second", ["a", "b"], { c: (g, [a, b]) => op.add(g, a!, b!) }, { shape: [1, 2, 1] });

const misfits: [what: string, parts: Part[], message: RegExp][] = [
  ["no protobuf", [first, { ...second, network: Uint8Array.of(255, 255) }], /second.*cannot be decoded/],
  ["no graph", [first, { ...second, network: new Uint8Array() }], /second.*it has no graph/],
  [
    "another's outputs",
    [first, { ...second, outputs: ["z"] }],
    /second to make z of a, b, but it makes c, d/,
  ],
  ["another input", [first, { ...second, inputs: ["a"] }], /second to make c, d of a, but.* of a, b/],
  ["another operator set", [first, otherOperators], /first uses version 17 of "ai.onnx".*second uses 18/],
  ["another element type", [first, halfFloats], /The a of first .*type 1.*second takes .*type 10/],
  ["another shape", [first, wider], /The a of first .*\? × 2.*second takes .*\? × 3/],
  ["another rank", [first, deeper], /The a of first .*second takes .*1 × 2 × 1/],
];

it.each(misfits)("refuses a network with %s", (_, parts, message) => {
  const composing = () => compose(parts, ["c"]);
  expect(composing).toThrow(UflowError);
  expect(composing).toThrow(
    expect.objectContaining({ code: "ERR_UFLOW_NETWORK", message: expect.stringMatching(message) }),
  );
});
