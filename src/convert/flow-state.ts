/** The flow between the state dict of the Python reference and our parameters. */
import { checkWeights, type Weights } from "../backbone/index.js";
import type { ReadWeights } from "../backbone/weights.js";
import { UflowError } from "../error.js";
import type { FlowArchitecture } from "../flow/architecture.js";
import { type FlowParameters, isPermutation, parameterCount, parameterSlots } from "../flow/parameters.js";
import { allocated } from "../input/random-access-file.js";
import type { Tensor } from "../weights/tensor.js";
import { isBackboneKey, type ReferenceLayout, referenceLayout } from "./layout.js";

/**
 * Reads the parameters of a flow from a state dict of the reference. Of `flow.` and `feature_extractor.` every key must be
 * known, but for the backbone's own; all other keys are left alone. Costs the memory of the parameters and of one tensor.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS, naming the first keys that are missing, unknown or of another shape, and the
 * tensor that is not finite, no permutation or not the constant that it should be; ERR_UFLOW_MEMORY.
 */
export async function flowFromState(state: Weights, architecture: FlowArchitecture): Promise<FlowParameters> {
  const layout = referenceLayout(architecture);
  const slots = parameterSlots(architecture);
  const shapes = new Map<string, readonly number[]>();
  for (const { name, shape } of slots) shapes.set(layout.parameters.get(name)!, shape);
  for (const { matrix, inverse, channels } of layout.permutations.values()) {
    shapes.set(matrix, [channels, channels, 1, 1]).set(inverse, [channels, channels, 1, 1]);
  }
  for (const kernel of layout.kernels) shapes.set(kernel.key, kernelShape(kernel, state));
  const unused = (key: string) => !/^(flow|feature_extractor)\./.test(key) || isBackboneKey(key);
  const read = checkWeights(state, { network: "U-Flow", shapes, unused });

  const values = allocated(() => new Float32Array(parameterCount(slots)));
  for (const { name, offset } of slots) values.set(await read(layout.parameters.get(name)!), offset);
  const permutations = new Map<string, Int32Array>();
  for (const [step, keys] of layout.permutations) permutations.set(step, await readPermutation(read, keys));
  for (const { key } of layout.kernels) checkKernel(key, await read(key));
  return { slots, values, permutations };
}

/**
 * The state dict of a flow, as the reference has it: what `flowFromState` reads. The parameters are not copied; every
 * step's permutation becomes two float matrices of channels × channels. Whitenings, which the reference does not have, are
 * 1×1 convolutions before the flow.
 */
export function flowToState(
  architecture: FlowArchitecture,
  { slots, values, permutations, whitenings = [] }: FlowParameters,
): Map<string, Tensor> {
  const layout = referenceLayout(architecture);
  const state = new Map<string, Tensor>();
  for (const { name, shape, offset, length } of slots) {
    state.set(layout.parameters.get(name)!, { shape, data: values.subarray(offset, offset + length) });
  }
  for (const [step, { matrix, inverse, channels }] of layout.permutations) {
    const shape = [channels, channels, 1, 1];
    const order = permutations.get(step)!;
    state.set(matrix, { shape, data: matrixOf(order) });
    state.set(inverse, { shape, data: matrixOf(inverseOf(order)) });
  }
  for (const { key, channels } of layout.kernels) {
    state.set(key, { shape: [channels, 1, 2, 2], data: upsamplingKernel(channels) });
  }
  for (const [scale, { matrix, offset }] of whitenings.entries()) {
    const channels = offset.length;
    state.set(`whitenings.${scale}.weight`, { shape: [channels, channels, 1, 1], data: matrix });
    state.set(`whitenings.${scale}.bias`, { shape: [channels], data: offset });
  }
  return state;
}

/** The kernel says nothing but that four channels become 2 × 2 pixels, for however many channels it is written. */
function kernelShape({ key, channels }: ReferenceLayout["kernels"][number], state: Weights): number[] {
  const rows = state.shapes.get(key)?.[0] ?? channels;
  return [rows > 0 && rows % 4 === 0 ? rows : channels, 1, 2, 2];
}

/** Channel 4c + 2i + j becomes pixel (2y + i, 2x + j) of channel c: row 4c + p has its one at p. */
function upsamplingKernel(channels: number): Float32Array {
  return Float32Array.from({ length: 4 * channels }, (_, i) => (i % 4 === (i >> 2) % 4 ? 1 : 0));
}

function checkKernel(key: string, kernel: Float32Array): void {
  const expected = upsamplingKernel(kernel.length / 4);
  const wrong = kernel.findIndex((value, i) => value !== expected[i]);
  if (wrong >= 0) {
    throw bad(`${key} holds ${kernel[wrong]} at position ${wrong}, where ${expected[wrong]} upsamples`);
  }
}

async function readPermutation(
  read: ReadWeights,
  { matrix, inverse, channels }: { matrix: string; inverse: string; channels: number },
): Promise<Int32Array> {
  const order = orderOf(matrix, await read(matrix), channels);
  const back = orderOf(inverse, await read(inverse), channels);
  const wrong = order.findIndex((from, i) => back[from] !== i);
  if (wrong >= 0) throw bad(`${inverse} is not the inverse of ${matrix}: they differ in channel ${wrong}`);
  return order;
}

/** out[i] = in[order[i]], from the matrix that has its ones at [i, order[i]]. */
function orderOf(key: string, matrix: Float32Array, channels: number): Int32Array {
  const order = new Int32Array(channels).fill(-1);
  for (let i = 0; i < channels; i++) {
    const row = matrix.subarray(i * channels, (i + 1) * channels);
    order[i] = row.indexOf(1);
    const sound = order[i]! >= 0 && row.every((value, j) => value === (j === order[i] ? 1 : 0));
    if (!sound) throw bad(`${key} is no permutation: its row ${i} is not a single 1 among zeros`);
  }
  if (!isPermutation(order))
    throw bad(`${key} is no permutation: two of its rows have their 1 in one column`);
  return order;
}

function matrixOf(order: Int32Array): Float32Array {
  const matrix = new Float32Array(order.length ** 2);
  order.forEach((from, i) => {
    matrix[i * order.length + from] = 1;
  });
  return matrix;
}

function inverseOf(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((from, i) => {
    inverse[from] = i;
  });
  return inverse;
}

function bad(problem: string): UflowError {
  return new UflowError("ERR_UFLOW_BAD_WEIGHTS", `The checkpoint is no model of the reference: ${problem}`);
}
