/** Several networks as one: what one yields the next takes, and nothing leaves the session in between. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type OperatorSetIdProto,
  type ValueInfoProto,
} from "onnx-buf";
import { messageOf, UflowError } from "../error.js";

/** A network and what is wanted of it. */
export interface Part {
  /** How errors call it. */
  name: string;
  /** The bytes of an ONNX model. */
  network: Uint8Array;
  /** All of its inputs, by name. */
  inputs: readonly string[];
  /** Those of its outputs that are used. */
  outputs: readonly string[];
  /** Finds values inside of its graph that later parts may take as well: the name for them → the name inside. */
  inner?: (graph: GraphProto) => Readonly<Record<string, string>>;
}

/**
 * Networks that are larger together are not composed: encoding takes almost three times their size for a moment, which
 * would be a lot to pay for features that need not be copied. (Protobuf itself ends at 2 GiB.)
 */
const sizeLimit = 512 * 2 ** 20;

/**
 * Joins networks by name: an input is what an earlier part yields under that name, else an input of the whole.
 * `outputs` names what the whole yields; nodes that only served other outputs run no more. Cost: the parts are
 * encoded once more, with all their weights.
 *
 * Weights of one of the parts may be in other files, and stay there.
 *
 * @returns the bytes of an ONNX model; undefined where the parts can only run one by one: they are larger than
 * `limit` bytes together, more than one keeps weights in other files, or one brings functions of its own.
 * @throws UflowError ERR_UFLOW_NETWORK when a part is no ONNX model, has other inputs or outputs than it should, or does
 * not fit the others in type, shape or operator set.
 */
export function compose(
  parts: readonly Part[],
  outputs: readonly string[],
  limit = sizeLimit,
): Uint8Array<ArrayBuffer> | undefined {
  const size = parts.reduce((sum, { network }) => sum + network.length, 0);
  if (size > limit) return undefined;
  const models = parts.map(decode);
  if (models.some(({ functions }) => functions.length > 0)) return undefined;
  // A session looks for such files in one folder.
  if (models.filter(({ graph }) => keepsWeightsElsewhere(graph!)).length > 1) return undefined;
  const whole = create(ModelProtoSchema, {
    irVersion: BigInt(Math.max(...models.map(({ irVersion }) => Number(irVersion)))),
    producerName: "uflow",
    opsetImport: commonOperators(parts, models),
    graph: { name: "uflow" },
  });
  const known = new Map<string, Known>();
  parts.forEach((part, i) => {
    append(whole.graph!, part, models[i]!.graph!, { prefix: `${i}/`, known, outputs });
  });
  return toBinary(ModelProtoSchema, whole);
}

/** @throws UflowError ERR_UFLOW_NETWORK when a network does not make the wanted outputs of exactly the wanted inputs. */
export function expectInterface(
  { name, inputs, outputs }: Omit<Part, "network">,
  actual: { inputs: readonly string[]; outputs: readonly string[] },
): void {
  const fits =
    actual.inputs.length === inputs.length &&
    inputs.every((input) => actual.inputs.includes(input)) &&
    outputs.every((output) => actual.outputs.includes(output));
  if (fits) return;
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `Expected ${name} to make ${outputs.join(", ")} of ${inputs.join(", ")}, but it makes ${actual.outputs.join(", ")} of ${actual.inputs.join(", ")}: the model file is not what its manifest says; train it again`,
  );
}

function decode(part: Part): ModelProto {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, part.network);
  } catch (error) {
    throw noModel(part, messageOf(error), error);
  }
  if (!model.graph) throw noModel(part, "it has no graph");
  if (model.opsetImport.length === 0) throw noModel(part, "it names no operator set");
  expectInterface(part, {
    inputs: trueInputs(model.graph).map(({ name }) => name),
    outputs: model.graph.output.map(({ name }) => name),
  });
  return model;
}

function noModel({ name }: Part, reason: string, cause?: unknown): UflowError {
  return new UflowError(
    "ERR_UFLOW_NETWORK",
    `Expected ${name} to be a network for ONNX Runtime but it cannot be decoded (${reason}): the model file was not written by this engine; train it again`,
    { cause },
  );
}

/** Old graphs list their constants among the inputs. */
function trueInputs({ input, initializer }: GraphProto): ValueInfoProto[] {
  const constants = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !constants.has(name));
}

function keepsWeightsElsewhere({ initializer }: GraphProto): boolean {
  return initializer.some(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL);
}

/** The operator sets of all parts. The same set in two versions means two meanings of a node, so it is refused. */
function commonOperators(parts: readonly Part[], models: readonly ModelProto[]): OperatorSetIdProto[] {
  const sets = new Map<string, { set: OperatorSetIdProto; part: string }>();
  models.forEach(({ opsetImport }, i) => {
    for (const set of opsetImport) {
      const domain = set.domain === "ai.onnx" ? "" : set.domain;
      const before = sets.get(domain);
      if (before && before.set.version !== set.version) {
        throw new UflowError(
          "ERR_UFLOW_NETWORK",
          `Expected networks of one operator set but ${before.part} uses version ${before.set.version} of "${domain || "ai.onnx"}" and ${parts[i]!.name} uses ${set.version}: export the backbone with the other's version`,
        );
      }
      sets.set(domain, { set, part: parts[i]!.name });
    }
  });
  return [...sets.values()].map(({ set }) => set);
}

/** A value that later parts may take: what the whole calls it, and what is declared of it. */
interface Known {
  name: string;
  /** The part that makes it, or takes it first. */
  part: string;
  info: ValueInfoProto | undefined;
}

interface Joint {
  /** Put before every name inside of the part; no name of the whole's inputs and outputs begins like it. */
  prefix: string;
  known: Map<string, Known>;
  outputs: readonly string[];
}

function append(whole: GraphProto, part: Part, graph: GraphProto, { prefix, known, outputs }: Joint): void {
  const outer = new Map(part.outputs.filter((name) => outputs.includes(name)).map((name) => [name, name]));
  for (const input of trueInputs(graph)) {
    const source = known.get(input.name);
    if (source) expectSameTensor(source, part.name, input);
    else {
      whole.input.push(input);
      known.set(input.name, { name: input.name, part: part.name, info: input });
    }
    outer.set(input.name, source?.name ?? input.name);
  }
  const rename = (name: string) => outer.get(name) ?? (name && prefix + name);
  for (const output of graph.output) {
    if (!part.outputs.includes(output.name)) continue;
    known.set(output.name, { name: rename(output.name), part: part.name, info: output });
    if (outputs.includes(output.name)) whole.output.push(output);
  }
  for (const [name, inside] of Object.entries(part.inner?.(graph) ?? {})) {
    known.set(name, { name: rename(inside), part: part.name, info: undefined });
  }
  renameInside(graph, rename, prefix);
  whole.node.push(...graph.node);
  whole.initializer.push(...graph.initializer);
  whole.sparseInitializer.push(...graph.sparseInitializer);
}

/** Renames every value of a graph and of the graphs in it, which may use values from outside; nodes get the prefix. */
export function renameInside(graph: GraphProto, rename: (name: string) => string, prefix: string): void {
  for (const tensor of graph.initializer) tensor.name = rename(tensor.name);
  for (const { values } of graph.sparseInitializer) if (values) values.name = rename(values.name);
  for (const node of graph.node) {
    node.name &&= prefix + node.name;
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
    for (const inner of graphsOf(node)) {
      for (const value of [...inner.input, ...inner.output, ...inner.valueInfo])
        value.name = rename(value.name);
      renameInside(inner, rename, prefix);
    }
  }
}

function graphsOf({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ type, g, graphs }) => (type === AttributeType.GRAPH && g ? [g] : graphs));
}

/** What both declare must agree; what is not declared is left to ONNX Runtime. */
function expectSameTensor(source: Known, part: string, wanted: ValueInfoProto): void {
  const [given, expected] = [tensorOf(source.info), tensorOf(wanted)];
  if (!given || !expected) return;
  const [type, dims] = [given.elemType, given.shape?.dim];
  const same =
    type === expected.elemType &&
    (!dims || !expected.shape || sameShape(dims.map(sizeOf), expected.shape.dim.map(sizeOf)));
  if (same) return;
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `The ${wanted.name} of ${source.part} (${describe(given)}) is not the one that ${part} takes (${describe(expected)}): they are not networks of one model; train it again`,
  );
}

function tensorOf(info: ValueInfoProto | undefined) {
  const type = info?.type?.value;
  return type?.case === "tensorType" ? type.value : undefined;
}

type Tensor = NonNullable<ReturnType<typeof tensorOf>>;
type Dimension = NonNullable<Tensor["shape"]>["dim"][number];

/** The size of a dimension; undefined where it is known only when the graph runs. */
function sizeOf({ value }: Dimension): bigint | undefined {
  return value.case === "dimValue" ? value.value : undefined;
}

function sameShape(a: readonly (bigint | undefined)[], b: readonly (bigint | undefined)[]): boolean {
  return (
    a.length === b.length && a.every((size, i) => size === undefined || b[i] === undefined || size === b[i])
  );
}

function describe({ elemType, shape }: Tensor): string {
  const sizes = shape?.dim.map((dimension) => sizeOf(dimension) ?? "?").join(" × ");
  return `element type ${elemType}, ${sizes ?? "any shape"}`;
}
