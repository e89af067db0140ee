import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { UflowError } from "../error.js";
import type { Attribute, Constant, ElementType, Graph, Node, Value } from "./graph.js";

const irVersion = 8n;
const opset = 17n;
const dataTypes: Record<ElementType, DataType> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
};

/**
 * The graph as the bytes of an ONNX model (IR version 8, opset 17). Nodes that no output needs are left out.
 * `weightsFile` is the name of the file with the graph's external constants, where it has any.
 */
export function serialize(graph: Graph, weightsFile?: string): Uint8Array<ArrayBuffer> {
  const nodes = neededNodes(graph);
  const used = new Set(nodes.flatMap((node) => node.inputs.map((input) => input.name)));
  const { renamed, copies } = outputNames(graph, nodes);
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "uflow",
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "uflow",
      node: [...nodes.map((node) => nodeProto(node, renamed)), ...copies],
      initializer: [...graph.constants.values()]
        .filter(({ value }) => used.has(value.name))
        .map((constant) => tensorProto(constant, weightsFile)),
      input: graph.inputs.map((value) => valueProto(value.name, value)),
      output: graph.outputs.map(({ name, value }) => valueProto(name, value)),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/**
 * Outputs carry the names that the caller chose. A node's result is simply renamed, since a graph that ends on
 * an Identity copies; only a value that is an input or already has an outer name needs that copy.
 */
function outputNames(graph: Graph, nodes: readonly Node[]) {
  const yielded = new Set(nodes.flatMap((node) => node.outputs.map((output) => output.name)));
  const renamed = new Map<string, string>();
  const copies: NodeProto[] = [];
  for (const { name, value } of graph.outputs) {
    if (yielded.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, name);
    else {
      const input = [renamed.get(value.name) ?? value.name];
      copies.push(create(NodeProtoSchema, { name, opType: "Identity", input, output: [name] }));
    }
  }
  return { renamed, copies };
}

/** Every node from which an output can be reached, in running order. */
function neededNodes(graph: Graph): Node[] {
  const needed = new Set(graph.outputs.map(({ value }) => value.name));
  const kept: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output.name))) continue;
    for (const input of node.inputs) needed.add(input.name);
    kept.push(node);
  }
  return kept.reverse();
}

function nodeProto(node: Node, renamed: ReadonlyMap<string, string>): NodeProto {
  const outer = ({ name }: Value) => renamed.get(name) ?? name;
  return create(NodeProtoSchema, {
    name: node.outputs[0]!.name,
    opType: node.operator,
    input: node.inputs.map(outer),
    output: node.outputs.map(outer),
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
  });
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if ("float" in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function tensorProto({ value, data }: Constant, weightsFile: string | undefined): TensorProto {
  const described = {
    name: value.name,
    dataType: dataTypes[value.type],
    dims: value.shape.map((dimension) => BigInt(dimension)),
  };
  if (ArrayBuffer.isView(data)) {
    const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return create(TensorProtoSchema, { ...described, rawData });
  }
  if (weightsFile === undefined) {
    throw new UflowError("ERR_UFLOW_NETWORK", `The graph keeps "${value.name}" in a file that is not named`);
  }
  const place = { location: weightsFile, offset: `${data.offset}`, length: `${data.bytes}` };
  return create(TensorProtoSchema, {
    ...described,
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries(place).map(([key, value]) => ({ key, value })),
  });
}

function valueProto(name: string, value: Value): ValueInfoProto {
  const dim = value.shape.map((dimension) => ({
    value:
      typeof dimension === "number"
        ? ({ case: "dimValue", value: BigInt(dimension) } as const)
        : ({ case: "dimParam", value: dimension } as const),
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataTypes[value.type], shape: { dim } } } },
  });
}
