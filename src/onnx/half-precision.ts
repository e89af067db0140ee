/** A network with its products in float16, for devices that are fast in it, and all else in float32. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";
import { messageOf, UflowError } from "../error.js";
import { halfBits } from "../weights/float16.js";

/** Products with weights: most of the work, and their sums are kept in float32 by what runs them. */
const products = new Set(["Conv", "Gemm", "MatMul"]);

/** Run in float16 where all that they work on is so already. */
const followers = new Set(
  (
    "Add AveragePool Clip Concat Flatten HardSwish Identity LeakyRelu MatMul MaxPool Mul Pad Relu Reshape Sigmoid " +
    "Slice Split Transpose"
  ).split(" "),
);

/** Magnitudes from here on round to infinity in float16. */
const halfLimit = 65520;

/**
 * Rewrites a float32 network so that products with weights, and what only passes their results on, run in float16.
 * Normalisations, exponentials, squares, sums and whatever works on a float32 value stay in float32, as do products whose
 * weights are too large. So do inputs and outputs: the network is used as before. Weights take half of the memory.
 *
 * ONNX Runtime has hardly any float16 kernels for x86 CPUs: there it casts around every node, which is slower than float32.
 * @param name how errors call the network
 * @throws UflowError ERR_UFLOW_NETWORK when it cannot be decoded, or keeps its weights in another file.
 */
export function toHalfPrecision(name: string, network: Uint8Array): Uint8Array<ArrayBuffer> {
  const refused = (reason: string, cause?: unknown) =>
    new UflowError("ERR_UFLOW_NETWORK", `Cannot run ${name} in float16: ${reason}; use precision "float32"`, {
      cause,
    });
  let model: ReturnType<typeof fromBinary<typeof ModelProtoSchema>>;
  try {
    model = fromBinary(ModelProtoSchema, network);
  } catch (error) {
    throw refused(`it cannot be decoded (${messageOf(error)})`, error);
  }
  const { graph } = model;
  if (!graph) throw refused("it has no graph");
  if (graph.initializer.some(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL)) {
    throw refused("its weights are in another file");
  }
  new Halving(graph).run();
  return toBinary(ModelProtoSchema, model);
}

const halfName = (name: string) => `${name}:float16`;

/**
 * One pass over the nodes in running order. A value that is made in float16 keeps its name in float32 as well, by a cast
 * that ONNX Runtime drops where nobody needs it.
 */
class Halving {
  private readonly constants: Map<string, TensorProto>;
  /** Values that there are in float16. */
  private readonly halves = new Set<string>();
  private readonly nodes: NodeProto[] = [];

  constructor(private readonly graph: GraphProto) {
    this.constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  }

  run(): void {
    for (const node of this.graph.node) {
      if (this.fits(node)) this.appendHalf(node);
      else this.nodes.push(node);
    }
    this.graph.node = this.nodes;
    const used = new Set(this.nodes.flatMap(namesUsed));
    for (const { name } of this.graph.output) used.add(name);
    this.graph.initializer = [...this.constants.values()].filter(({ name }) => used.has(name));
    this.graph.valueInfo = [];
  }

  private fits({ opType, domain, input }: NodeProto): boolean {
    if (domain !== "" && domain !== "ai.onnx") return false;
    const constants = input.flatMap((name) => this.constants.get(name) ?? []);
    if (!constants.every(fitsHalf)) return false;
    const weight = this.constants.get(input[1]!);
    if (products.has(opType) && weight?.dataType === DataType.FLOAT) return true;
    const values = input.filter((name) => name !== "" && !this.constants.has(name));
    const square = opType === "Mul" && input[0] === input[1];
    return (
      followers.has(opType) && !square && values.length > 0 && values.every((name) => this.halves.has(name))
    );
  }

  private appendHalf(node: NodeProto): void {
    node.input = node.input.map((name) => this.half(name));
    const outputs = node.output;
    node.output = outputs.map((name) => name && halfName(name));
    this.nodes.push(node);
    for (const name of outputs) {
      if (name === "") continue;
      this.halves.add(name);
      this.nodes.push(cast(halfName(name), name, DataType.FLOAT));
    }
  }

  /** The name of a node's input in float16, which is made here where there is none yet; other types stay as they are. */
  private half(name: string): string {
    if (name === "") return name;
    const constant = this.constants.get(name);
    if (constant && constant.dataType !== DataType.FLOAT) return name;
    if (this.halves.has(name)) return halfName(name);
    this.halves.add(name);
    if (constant) this.constants.set(halfName(name), halved(constant));
    else this.nodes.push(cast(name, halfName(name), DataType.FLOAT16));
    return halfName(name);
  }
}

function cast(from: string, to: string, type: DataType): NodeProto {
  const attribute = [{ name: "to", type: AttributeType.INT, i: BigInt(type) }];
  return create(NodeProtoSchema, {
    name: `cast to ${to}`,
    opType: "Cast",
    input: [from],
    output: [to],
    attribute,
  });
}

/** What a node takes, and the graphs inside of it, which may take values from outside. */
function namesUsed({ input, attribute }: NodeProto): string[] {
  const inner = attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
  const taken = inner.flatMap((graph) => [
    ...graph.node.flatMap(namesUsed),
    ...graph.output.map(({ name }) => name),
  ]);
  return [...input, ...taken];
}

function fitsHalf(tensor: TensorProto): boolean {
  if (tensor.dataType !== DataType.FLOAT) return true;
  return floats(tensor).every((value) => Math.abs(value) < halfLimit);
}

function halved(tensor: TensorProto): TensorProto {
  const bits = Uint16Array.from(floats(tensor), halfBits);
  return create(TensorProtoSchema, {
    name: halfName(tensor.name),
    dataType: DataType.FLOAT16,
    dims: tensor.dims,
    rawData: new Uint8Array(bits.buffer),
  });
}

/** The values of a float32 tensor, from whichever field holds them. */
function floats({ rawData, floatData }: TensorProto): Float32Array {
  if (rawData.length === 0) return Float32Array.from(floatData);
  // A copy begins where float32 may begin. (`slice()` of a Buffer would be none.)
  return new Float32Array(new Uint8Array(rawData).buffer, 0, rawData.length >> 2);
}
