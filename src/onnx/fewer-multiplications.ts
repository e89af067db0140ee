/** A network for few CPU threads whose large 3 × 3 convolutions take fewer multiplications. */
import { fromBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { renameInside } from "./compose.js";
import { encodeAnew } from "./encode-anew.js";
import { Graph } from "./graph.js";
import { type MapSize, mapSizes, padsByItself, whole, wholes } from "./map-sizes.js";
import { serialize } from "./serialize.js";
import { tile, winograd } from "./winograd.js";

/**
 * With fewer channels, the transforms of the maps take as long as what is saved. On smaller maps as much is saved, but there the
 * filters are many, and to transform them when a network is opened takes long and much memory: for all convolutions of
 * `wide_resnet50_2` 13 s and 1.1 GB, for those on maps of 56² pixels and more 2 s and 0.3 GB.
 */
const least = { channels: 128, filters: 28_000, pixels: 56 ** 2 };

interface Convolution {
  out: number;
  channels: number;
  size: MapSize;
}

/**
 * Writes convolutions of 3 × 3 with many channels as `winograd` does. Their results change by some 2·10⁻⁶ of the largest, and
 * once opened their weights take four times the memory.
 * @returns `network` itself where there are no such convolutions, or where it is no ONNX model.
 */
export function withFewerMultiplications(network: Uint8Array): Uint8Array {
  const model = decoded(network);
  const { graph } = model ?? {};
  if (!model || !graph) return network;
  const sizes = mapSizes(graph);
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const further: TensorProto[] = [];
  let found = 0;
  const nodes = graph.node.flatMap((node) => {
    const convolution = convolutionOf(node, constants, sizes);
    if (!convolution) return [node];
    const { node: instead, initializer } = inPlaceOf(node, convolution, `winograd${found++}/`);
    further.push(...initializer);
    return instead;
  });
  if (found === 0) return network;
  return encodeAnew(network, model, { ...graph, node: nodes, initializer: further });
}

/** ONNX Runtime says what is wrong with a network that is none. */
function decoded(network: Uint8Array): ModelProto | undefined {
  try {
    return fromBinary(ModelProtoSchema, network);
  } catch {
    return undefined;
  }
}

/** A node that is to be written anew. */
function convolutionOf(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
  sizes: ReadonlyMap<string, MapSize>,
): Convolution | undefined {
  if (node.opType !== "Conv" || node.domain !== "" || !slidesByOne(node)) return undefined;
  const [input, weightName, biasName = ""] = node.input;
  const [weight, size] = [constants.get(weightName!), sizes.get(input!)];
  if (!weight || !size || !isInside(weight) || (biasName !== "" && !constants.has(biasName)))
    return undefined;
  const [out, channels, ...kernel] = weight.dims.map(Number) as [number, number, ...number[]];
  const [height, width] = size;
  const worthwhile =
    channels >= least.channels && out * channels >= least.filters && height * width >= least.pixels;
  const fits = kernel.every((side) => side === 3) && height % tile === 0 && width % tile === 0;
  return worthwhile && fits ? { out, channels, size } : undefined;
}

/** Of one group, over each pixel, with one zero around the map. */
function slidesByOne(node: NodeProto): boolean {
  const isOnes = (name: string) => (wholes(node, name) ?? [1]).every((one) => one === 1);
  const padded = wholes(node, "pads") ?? [0];
  return (
    (whole(node, "group") ?? 1) === 1 &&
    isOnes("strides") &&
    isOnes("dilations") &&
    padded.every((zeros) => zeros === 1) &&
    !padsByItself(node)
  );
}

const isInside = ({ dataType, dataLocation }: TensorProto) =>
  dataType === DataType.FLOAT && dataLocation !== DataLocation.EXTERNAL;

/** What takes the place of a node. */
function inPlaceOf(
  node: NodeProto,
  { out, channels, size: [height, width] }: Convolution,
  prefix: string,
): GraphProto {
  const g = new Graph();
  const x = g.input("x", ["batch", channels, height, width]);
  const weight = g.input("weight", [out, channels, 3, 3]);
  const bias = node.input[2] ? g.input("bias", [out]) : g.constant("none", new Float32Array(out), [out]);
  g.output("y", winograd(g, x, weight, bias));
  const { graph } = fromBinary(ModelProtoSchema, serialize(g));
  const outer = new Map([
    ["x", node.input[0]!],
    ["weight", node.input[1]!],
    ["bias", node.input[2] ?? ""],
    ["y", node.output[0]!],
  ]);
  renameInside(graph!, (name) => outer.get(name) ?? prefix + name, prefix);
  return graph!;
}
