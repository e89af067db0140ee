/** A foreign ONNX network as a backbone: its input and some of its values, renamed, and only the nodes between them. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { UflowError } from "../../error.js";
import { featureName, imageName } from "../features.js";
import type { OwnNetwork } from "./description.js";

/** A foreign network that has a graph. */
export type ForeignNetwork = ModelProto & { graph: GraphProto };

/**
 * Reads an ONNX file.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when it is none, or keeps its weights in files of their own.
 */
export function parseNetwork(fileName: string, bytes: Uint8Array): ForeignNetwork {
  const model = decoded(fileName, bytes);
  const { graph } = model;
  if (!graph || graph.node.length === 0) throw unusable(fileName, "it is no ONNX network");
  if (graph.initializer.some(({ externalData }) => externalData.length > 0)) {
    throw unusable(fileName, "its weights stand in another file; save it as one file, without external data");
  }
  return { ...model, graph };
}

function decoded(fileName: string, bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw unusable(fileName, "it is no ONNX network, or damaged", error);
  }
}

/**
 * The one input of a network, which must be images [batch, 3, height, width] of float32.
 * @returns its name, and its side where that is fixed, pixels.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS, saying how to export the network.
 */
export function imageInput(
  fileName: string,
  { graph }: ForeignNetwork,
): { name: string; side: number | undefined } {
  // Before version 4 of the format, constants were inputs too.
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  const [input] = inputs;
  if (!input || inputs.length > 1) {
    const names = inputs.map(({ name }) => name).join(", ");
    throw unusable(fileName, `it has ${inputs.length} inputs (${names}), where one, the image, is wanted`);
  }
  const { type, dims } = shapeOf(input);
  const shown = `its input "${input.name}" is ${DataType[type]?.toLowerCase()} [${dims.map((dim) => dim ?? "?").join(", ")}]`;
  if (type !== DataType.FLOAT) throw unusable(fileName, `${shown}, where float (of 32 bits) is wanted`);
  const [batch, channels, height, width] = dims;
  if (dims.length === 4 && width === 3 && channels !== 3) {
    throw unusable(
      fileName,
      `${shown}: channels last; export it with channels first, [batch, 3, height, width]`,
    );
  }
  if (dims.length !== 4 || (channels ?? 3) !== 3) {
    throw unusable(fileName, `${shown}, where [batch, 3, height, width] is wanted`);
  }
  if (batch !== undefined) {
    throw unusable(
      fileName,
      `${shown}: its batch is fixed; export it with one that may vary (torch.onnx.export: dynamic_axes={"${input.name}": {0: "batch"}})`,
    );
  }
  if (height !== width) throw unusable(fileName, `${shown}, which is not square`);
  return { name: input.name, side: height };
}

/** Dimensions that may vary are undefined. */
function shapeOf({ type }: ValueInfoProto): { type: DataType; dims: (number | undefined)[] } {
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  const dims = tensor?.shape?.dim ?? [];
  return {
    type: tensor?.elemType ?? DataType.UNDEFINED,
    dims: dims.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : undefined)),
  };
}

/** All values that nodes of the graph yield, in running order. */
export function yieldedValues({ graph }: ForeignNetwork): string[] {
  return graph.node.flatMap(({ output }) => output).filter((name) => name !== "");
}

/** The network from the image to these values, as ONNX: `image` in, `feature_0` … out, of whatever shapes they are. */
export function cutNetwork(network: ForeignNetwork, input: string, outputs: readonly string[]): Uint8Array {
  return toBinary(ModelProtoSchema, cut(network, input, outputs));
}

/** As every backbone's network: `image` [batch, 3, side, side] in, `feature_0` … of the expected shapes out. */
export function adaptedNetwork(
  network: ForeignNetwork,
  { input, outputs, strides, channels }: OwnNetwork,
  inputSize: number,
): Uint8Array {
  const model = cut(network, input, outputs);
  model.graph.input = [valueInfo(imageName, 3, inputSize)];
  model.graph.output = outputs.map((_, i) =>
    valueInfo(featureName(i), channels[i]!, inputSize / strides[i]!),
  );
  return toBinary(ModelProtoSchema, model);
}

function cut(network: ForeignNetwork, input: string, outputs: readonly string[]): ForeignNetwork {
  const { graph } = network;
  const { nodes, used } = neededNodes(graph.node, outputs);
  const names = new Map([
    [input, imageName],
    ...outputs.map((name, i): [string, string] => [name, featureName(i)]),
  ]);
  // All other values get a prefix, so that none is called like a feature.
  const rename = (name: string) => (name === "" ? "" : (names.get(name) ?? `own/${name}`));
  const kept = renamed({ ...graph, node: nodes }, rename);
  const isUsed = new Set([...used].map(rename));
  const initializer = kept.initializer.filter(({ name }) => isUsed.has(name));
  const sparseInitializer = kept.sparseInitializer.filter(({ values }) => isUsed.has(values?.name ?? ""));
  const output = outputs.map((_, i) => create(ValueInfoProtoSchema, { name: featureName(i) }));
  const image = kept.input.filter(({ name }) => name === imageName);
  return { ...network, graph: { ...kept, initializer, sparseInitializer, input: image, output } };
}

/** Every node from which an output can be reached, and all values that they take. */
function neededNodes(all: readonly NodeProto[], outputs: readonly string[]) {
  const used = new Set(outputs);
  const nodes: NodeProto[] = [];
  for (const node of all.toReversed()) {
    if (!node.output.some((name) => used.has(name))) continue;
    for (const name of takenBy(node)) used.add(name);
    nodes.push(node);
  }
  return { nodes: nodes.reverse(), used };
}

/** What a node takes, in the graphs inside of it as well (`If`, `Loop`), which see the values around them. */
function takenBy(node: NodeProto): string[] {
  const inside = graphsIn(node).flatMap((graph) => [
    ...graph.node.flatMap(takenBy),
    ...graph.output.map(({ name }) => name),
  ]);
  return [...node.input, ...inside];
}

const graphsIn = ({ attribute }: NodeProto): GraphProto[] =>
  attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));

/** The graph with all values renamed. What is said of values besides, their shapes for one, is left out: it can be inferred. */
function renamed(graph: GraphProto, rename: (name: string) => string): GraphProto {
  const named = <T extends { name: string }>(values: readonly T[]) =>
    values.map((value) => ({ ...value, name: rename(value.name) }));
  return {
    ...graph,
    node: graph.node.map((node) => ({
      ...node,
      input: node.input.map(rename),
      output: node.output.map(rename),
      attribute: node.attribute.map((attribute) => ({
        ...attribute,
        ...(attribute.g && { g: renamed(attribute.g, rename) }),
        graphs: attribute.graphs.map((inner) => renamed(inner, rename)),
      })),
    })),
    initializer: named(graph.initializer),
    sparseInitializer: graph.sparseInitializer.map((sparse) => ({
      ...sparse,
      ...(sparse.values && { values: { ...sparse.values, name: rename(sparse.values.name) } }),
    })),
    input: named(graph.input),
    output: named(graph.output),
    valueInfo: [],
    quantizationAnnotation: [],
  };
}

function valueInfo(name: string, channels: number, side: number): ValueInfoProto {
  const fixed = [channels, side, side].map((size) => ({
    value: { case: "dimValue", value: BigInt(size) } as const,
  }));
  const dim = [{ value: { case: "dimParam", value: "batch" } as const }, ...fixed];
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: DataType.FLOAT, shape: { dim } } } },
  });
}

export function unusable(fileName: string, problem: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_WEIGHTS", `"${fileName}" cannot be a backbone: ${problem}`, { cause });
}
