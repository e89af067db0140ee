/** Heights and widths of the maps inside of a network, as far as they follow from its inputs. */
import type { GraphProto, NodeProto } from "onnx-buf";

export type MapSize = readonly [height: number, width: number];

/** These keep the size of their first input. */
const keeping = new Set(
  "BatchNormalization Clip Elu Exp HardSigmoid HardSwish Identity LayerNormalization LeakyRelu Neg Relu Sigmoid Softplus Sqrt Tanh".split(
    " ",
  ),
);
/** These join inputs of one size, or of one size and single pixels. */
const joining = new Set(["Add", "Concat", "Div", "Mul", "Sub"]);
const picking = new Set(["Gather", "Split"]);

/**
 * Of each value [batch, channels, height, width] that is made of the network's inputs by operators that are known here: its
 * height and width. A value that is missing may be anything.
 */
export function mapSizes(graph: GraphProto): Map<string, MapSize> {
  const sizes = new Map<string, MapSize>();
  for (const { name, type } of graph.input) {
    if (type?.value.case !== "tensorType") continue;
    const dims = (type.value.value.shape?.dim ?? []).map(({ value }) => Number(value.value));
    if (dims.length === 4 && dims[2]! > 0 && dims[3]! > 0) sizes.set(name, [dims[2]!, dims[3]!]);
  }
  const ranks = new Map(graph.initializer.map(({ name, dims }) => [name, dims.length]));
  for (const node of graph.node) {
    const size = sizeOf(node, sizes, ranks);
    if (size) for (const name of node.output) sizes.set(name, size);
  }
  return sizes;
}

function sizeOf(
  node: NodeProto,
  sizes: ReadonlyMap<string, MapSize>,
  ranks: ReadonlyMap<string, number>,
): MapSize | undefined {
  const { opType, domain, input } = node;
  if (domain !== "" && domain !== "ai.onnx") return undefined;
  const first = sizes.get(input[0] ?? "");
  if (keeping.has(opType)) return first;
  const ofChannels = whole(node, "axis") === 1;
  if (joining.has(opType)) return opType === "Concat" && !ofChannels ? undefined : largest(input, sizes);
  if (first === undefined) return undefined;
  if (picking.has(opType)) return ofChannels && ranks.get(input[1] ?? "") === 1 ? first : undefined;
  if (opType === "Conv" || opType === "MaxPool" || opType === "AveragePool") return slidOver(node, first);
  const step = whole(node, "blocksize") ?? 1;
  if (opType === "DepthToSpace") return [first[0] * step, first[1] * step];
  if (opType === "SpaceToDepth") return [first[0] / step, first[1] / step];
  return undefined;
}

/** What is known of sums and the like: their inputs of one pixel are spread over those of more. */
function largest(names: readonly string[], sizes: ReadonlyMap<string, MapSize>): MapSize | undefined {
  const known = names.map((name) => sizes.get(name)).filter((size) => size !== undefined);
  return known.toSorted((a, b) => b[0] * b[1] - a[0] * a[1])[0];
}

/** A window that is moved over a map. */
function slidOver(node: NodeProto, size: MapSize): MapSize | undefined {
  const kernel = wholes(node, "kernel_shape");
  const [strides, dilations] = [wholes(node, "strides") ?? [1, 1], wholes(node, "dilations") ?? [1, 1]];
  const pads = wholes(node, "pads") ?? [0, 0, 0, 0];
  if (kernel?.length !== 2 || padsByItself(node) || whole(node, "ceil_mode")) return undefined;
  const [height, width] = size.map((length, axis) => {
    const reach = dilations[axis]! * (kernel[axis]! - 1) + 1;
    return Math.floor((length + pads[axis]! + pads[axis + 2]! - reach) / strides[axis]!) + 1;
  }) as [number, number];
  return [height, width];
}

/** Whether ONNX Runtime works out the padding (`auto_pad`). */
export function padsByItself({ attribute }: NodeProto): boolean {
  const mode = attribute.find(({ name }) => name === "auto_pad")?.s;
  return mode !== undefined && new TextDecoder().decode(mode) !== "NOTSET";
}

/** An attribute that is a whole number. */
export function whole({ attribute }: NodeProto, name: string): number | undefined {
  const found = attribute.find((one) => one.name === name);
  return found && Number(found.i);
}

/** An attribute that is a list of whole numbers. */
export function wholes({ attribute }: NodeProto, name: string): number[] | undefined {
  return attribute.find((one) => one.name === name)?.ints.map(Number);
}
