/**
 * Reverse-mode differentiation of a graph: a table from operator to rule, each rule writing the gradient with
 * ordinary inference operators, so that the training step runs in the same runtime as the inspection.
 */
import { UflowError } from "../error.js";
import { type Graph, known, type Node, type Shape, type Value } from "./graph.js";
import * as op from "./operators.js";

/** Appends the gradients of a scalar `loss` with respect to each of `parameters`; the batch size must be static. */
export function gradients(g: Graph, loss: Value, parameters: readonly Value[]): Value[] {
  const forward = [...g.nodes];
  const varying = dependents(forward, parameters);
  const adjoints = new Map<string, Value>([[loss.name, g.scalar(1)]]);
  for (const node of forward.reverse()) {
    const dOutputs = node.outputs.map((output) => adjoints.get(output.name));
    if (!dOutputs.some(Boolean)) continue;
    const rule = rules[node.operator];
    node.inputs.forEach((input, index) => {
      if (!varying.has(input.name)) return;
      const contribution = rule?.(g, node, dOutputs, index);
      if (!contribution) {
        throw new UflowError("ERR_UFLOW_NETWORK", `No gradient of ${node.operator} for its input ${index}`);
      }
      const before = adjoints.get(input.name);
      adjoints.set(input.name, before ? op.add(g, before, contribution) : contribution);
    });
  }
  return parameters.map((parameter) => {
    const adjoint = adjoints.get(parameter.name);
    if (!adjoint) {
      throw new UflowError("ERR_UFLOW_NETWORK", `The loss does not depend on "${parameter.name}"`);
    }
    return adjoint;
  });
}

/** Names of all values that change when one of `roots` changes. */
function dependents(nodes: readonly Node[], roots: readonly Value[]): Set<string> {
  const names = new Set(roots.map((root) => root.name));
  for (const node of nodes) {
    if (node.inputs.some((input) => names.has(input.name))) {
      for (const output of node.outputs) names.add(output.name);
    }
  }
  return names;
}

/** The gradient that flows to input `index` of a node, given those of its outputs. */
type Rule = (
  g: Graph,
  node: Node,
  dOutputs: readonly (Value | undefined)[],
  index: number,
) => Value | undefined;

/** A rule for operators with a single output, whose gradient is then certainly there. */
function single(rule: (g: Graph, node: Node, dy: Value, index: number) => Value | undefined): Rule {
  return (g, node, dOutputs, index) => (dOutputs[0] ? rule(g, node, dOutputs[0], index) : undefined);
}

const other = (node: Node, index: number) => node.inputs[1 - index]!;

const rules: Record<string, Rule> = {
  Add: single((g, node, dy, i) => unbroadcast(g, dy, node.inputs[i]!.shape)),
  Sub: single((g, node, dy, i) => unbroadcast(g, i === 0 ? dy : op.neg(g, dy), node.inputs[i]!.shape)),
  Mul: single((g, node, dy, i) => unbroadcast(g, op.mul(g, dy, other(node, i)), node.inputs[i]!.shape)),
  Exp: single((g, node, dy) => op.mul(g, dy, node.outputs[0]!)),
  Log: single((g, node, dy) => op.div(g, dy, node.inputs[0]!)),
  Tanh: single((g, node, dy) => {
    const y = node.outputs[0]!;
    return op.sub(g, dy, op.mul(g, dy, op.mul(g, y, y)));
  }),
  Softplus: single((g, node, dy) => op.mul(g, dy, op.sigmoid(g, node.inputs[0]!))),
  Relu: single((g, node, dy) => op.mul(g, dy, op.isPositive(g, node.outputs[0]!))),
  ReduceSum: single((g, node, dy, i) => (i === 0 ? spread(g, node, dy) : undefined)),
  Reshape: single((g, node, dy) => op.reshape(g, dy, node.inputs[0]!.shape.map(known))),
  Transpose: single((g, node, dy) => {
    const permutation = node.attributes.perm as readonly number[];
    return op.transpose(
      g,
      dy,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    );
  }),
  MatMul: single((g, node, dy, i) => matmulFactor(g, node, dy, i)),
  Split: (g, node, dOutputs) => {
    const parts = node.outputs.map((output, i) => dOutputs[i] ?? zeros(g, output.shape));
    return op.concat(g, parts, node.attributes.axis as number);
  },
  Concat: single((g, node, dy, i) => {
    const axis = node.attributes.axis as number;
    const starts = node.inputs.slice(0, i).reduce((sum, part) => sum + known(part.shape[axis]), 0);
    return op.slice(g, dy, [axis], [starts], [known(node.inputs[i]!.shape[axis])]);
  }),
  Gather: single((g, node, dy, i) => (i === 0 ? ungather(g, node, dy) : undefined)),
  DepthToSpace: single((g, node, dy) => {
    const blocks = known(node.outputs[0]!.shape[1]);
    const order = Array.from({ length: 4 * blocks }, (_, k) => (k % 4) * blocks + Math.floor(k / 4));
    return op.gather(g, op.spaceToDepth(g, dy), 1, order);
  }),
  BatchNormalization: single((g, node, dy, i) => [affineInput, affineFactor, offset][i]?.(g, node, dy)),
  Conv: single((g, node, dy, i) => [convInput, convWeight, offset][i]!(g, node, dy)),
};

/** Sums a gradient over the axes along which its operand was repeated; height and width first, for accuracy. */
function unbroadcast(g: Graph, dy: Value, shape: Shape): Value {
  const lead = dy.shape.length - shape.length;
  const repeated = dy.shape.flatMap((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  if (repeated.length === 0) return dy;
  const summed = sumInSteps(g, dy, repeated);
  return lead > 0 ? op.reshape(g, summed, shape.map(known)) : summed;
}

/** A single float32 sum over a large tensor loses digits; rows first, then their sums, keeps them. */
function sumInSteps(g: Graph, x: Value, axes: readonly number[]): Value {
  const inner = axes.filter((axis) => axis >= 2);
  const outer = axes.filter((axis) => axis < 2);
  const rows = inner.length > 0 ? op.sum(g, x, inner) : x;
  return outer.length > 0 ? op.sum(g, rows, outer) : rows;
}

/** The gradient of a sum: the same number everywhere. */
function spread(g: Graph, node: Node, dy: Value): Value {
  const shape = node.inputs[0]!.shape.map(known);
  const axes = g.constants.get(node.inputs[1]!.name)!.data as BigInt64Array;
  const kept = shape.map((size, axis) => (axes.includes(BigInt(axis)) ? 1 : size));
  const column = node.attributes.keepdims === 1 ? dy : op.reshape(g, dy, kept);
  return g.node("Expand", [column, g.integers(shape)], shape);
}

function zeros(g: Graph, shape: Shape): Value {
  return g.node("Expand", [g.scalar(0), g.integers(shape.map(known))], shape);
}

/**
 * Of a product a·b: dy·bᵀ and aᵀ·dy, summed over what a factor was repeated along. Where b is itself turned, the latter is
 * (dyᵀ·a)ᵀ, of which ONNX Runtime then cancels the turns.
 */
function matmulFactor(g: Graph, node: Node, dy: Value, index: number): Value {
  const [a, b] = node.inputs as [Value, Value];
  const shape = node.inputs[index]!.shape;
  if (index === 0) return unbroadcast(g, op.matmul(g, dy, turned(g, b)), shape);
  const isTurned = g.nodes.some(({ operator, outputs }) => operator === "Transpose" && outputs[0] === b);
  const slope = isTurned ? turned(g, op.matmul(g, turned(g, dy), a)) : op.matmul(g, turned(g, a), dy);
  return unbroadcast(g, slope, shape);
}

/** Rows and columns of each matrix exchanged. */
function turned(g: Graph, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return op.transpose(g, x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}

/** Only a permutation is undone by another gather. */
function ungather(g: Graph, node: Node, dy: Value): Value | undefined {
  const indices = Array.from(g.constants.get(node.inputs[1]!.name)!.data as BigInt64Array, Number);
  const inverse = new Array<number>(indices.length).fill(-1);
  indices.forEach((from, to) => {
    inverse[from] = to;
  });
  const axis = node.attributes.axis as number;
  if (indices.length !== node.inputs[0]!.shape[axis] || inverse.includes(-1)) return undefined;
  return op.gather(g, dy, axis, inverse);
}

/** Of x·factor + offset, as `op.channelAffine` writes it: factor and offset are [channels]. */
function affineInput(g: Graph, node: Node, dy: Value): Value {
  const factor = node.inputs[1]!;
  return op.mul(g, dy, op.reshape(g, factor, [1, known(factor.shape[0]), 1, 1]));
}

function affineFactor(g: Graph, node: Node, dy: Value): Value {
  return offset(g, node, op.mul(g, dy, node.inputs[0]!));
}

/** Of what is added to each channel: sums over images and pixels. */
function offset(g: Graph, _: Node, dy: Value): Value {
  return op.reshape(g, sumInSteps(g, dy, [0, 2, 3]), [known(dy.shape[1])]);
}

/** Stride 1, no groups, odd square kernel, "same" padding: what the flow's subnets use. */
function sameKernel(node: Node): number | undefined {
  const [kh, kw] = node.attributes.kernel_shape as [number, number];
  const pads = node.attributes.pads as readonly number[];
  const strides = node.attributes.strides as readonly number[];
  const plain = node.attributes.group === 1 && strides.every((stride) => stride === 1);
  return plain && kh === kw && kh % 2 === 1 && pads.every((pad) => pad === kh >> 1) ? kh : undefined;
}

/** d input = convolution of d output with the kernel turned by 180° and its channels exchanged. */
function convInput(g: Graph, node: Node, dy: Value): Value | undefined {
  const k = sameKernel(node);
  if (k === undefined) return undefined;
  const weight = node.inputs[1]!;
  const [out, inn] = weight.shape.map(known) as [number, number];
  const exchanged = op.reshape(g, op.transpose(g, weight, [1, 0, 2, 3]), [inn, out, k * k]);
  const turned = k === 1 ? exchanged : op.matmul(g, exchanged, reversal(g, k * k));
  const noBias = g.constant("no_bias", new Float32Array(inn), [inn]);
  return op.conv(g, dy, op.reshape(g, turned, [inn, out, k, k]), noBias);
}

/** The matrix that turns rows round: a product with it is exact, and takes a fraction of the time of a gather. */
function reversal(g: Graph, size: number): Value {
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + (size - 1 - i)] = 1;
  return g.constant("reversal", matrix, [size, size]);
}

/** d weight[:, :, i, j] = d output · (input shifted by i, j)ᵀ, one matrix product per kernel position. */
function convWeight(g: Graph, node: Node, dy: Value): Value | undefined {
  const k = sameKernel(node);
  if (k === undefined) return undefined;
  const [n, inn, h, w] = node.inputs[0]!.shape.map(known) as [number, number, number, number];
  const out = known(dy.shape[1]);
  const rows = op.reshape(g, op.transpose(g, dy, [1, 0, 2, 3]), [out, n * h * w]);
  const padded = k === 1 ? node.inputs[0]! : op.padSpatially(g, node.inputs[0]!, k >> 1);
  const channelsLast = op.transpose(g, padded, [0, 2, 3, 1]);
  const products: Value[] = [];
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const shifted = k === 1 ? channelsLast : op.slice(g, channelsLast, [1, 2], [i, j], [h, w]);
      const columns = op.reshape(g, shifted, [n * h * w, inn]);
      products.push(op.reshape(g, op.matmul(g, rows, columns), [out, inn, 1]));
    }
  }
  return op.reshape(g, k === 1 ? products[0]! : op.concat(g, products, 2), [out, inn, k, k]);
}
