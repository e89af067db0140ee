/** The flow's parameters as an entry of a `.uflow` file: safetensors with our names, permutations as int64, whitenings if there are. */
import { UflowError } from "../error.js";
import { type FlowArchitecture, stages } from "../flow/architecture.js";
import {
  type FlowParameters,
  isPermutation,
  parameterCount,
  parameterSlots,
  stepName,
  whiteningName,
} from "../flow/parameters.js";
import type { Whitening } from "../flow/whitening.js";
import { quoted } from "../input/quoted.js";
import { allocated, type RandomAccessFile } from "../input/random-access-file.js";
import { type PlacedTensor, readFloats, readIntegers } from "../weights/placed-tensor.js";
import { readSafetensors, safetensorsPieces } from "../weights/safetensors.js";
import type { Tensor } from "../weights/tensor.js";

const permutationName = (step: string) => `${step}.permutation`;

/** The entry's content. */
export function parametersBytes({
  slots,
  values,
  permutations,
  whitenings = [],
}: FlowParameters): Uint8Array {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, offset, length } of slots) {
    tensors.set(name, { shape, data: values.subarray(offset, offset + length) });
  }
  for (const [step, order] of permutations) {
    tensors.set(permutationName(step), { shape: [order.length], data: BigInt64Array.from(order, BigInt) });
  }
  for (const [scale, { matrix, offset }] of whitenings.entries()) {
    const channels = offset.length;
    tensors.set(`${whiteningName(scale)}.matrix`, { shape: [channels, channels], data: matrix });
    tensors.set(`${whiteningName(scale)}.offset`, { shape: [channels], data: offset });
  }
  return Buffer.concat(safetensorsPieces(tensors));
}

/**
 * Reads the entry, straight into one vector. What is not exactly the parameters of this architecture is refused.
 * @throws what `file.refuse` makes; ERR_UFLOW_MEMORY.
 */
export async function readParameters(
  file: RandomAccessFile,
  architecture: FlowArchitecture,
): Promise<FlowParameters> {
  const { tensors } = await readSafetensors(file);
  const { slots, channels } = layoutOf(file, architecture, tensors.size);
  const whitenings = architecture.normalization === "whitened" ? architecture.scales : [];
  const wanted = slots.length + channels.size + 2 * whitenings.length;
  if (tensors.size !== wanted) {
    throw file.refuse(`its flow has ${tensors.size} parameters, where ${wanted} are wanted`);
  }
  const placed = slots.map(({ name, shape }) => find(file, tensors, name, "float32", shape));
  const values = allocated(() => new Float32Array(parameterCount(slots)));
  for (const [i, { name, offset }] of slots.entries()) {
    values.set(await readFinite(file, placed[i]!, name), offset);
  }
  const permutations = new Map<string, Int32Array>();
  for (const [step, count] of channels) {
    const name = permutationName(step);
    const order = await readIntegers(file, find(file, tensors, name, "int64", [count]));
    if (!isPermutation(order)) throw file.refuse(`its ${name} is no permutation of ${count} channels`);
    permutations.set(step, Int32Array.from(order));
  }
  if (whitenings.length === 0) return { slots, values, permutations };
  const read: Whitening[] = [];
  for (const [scale, { channels }] of whitenings.entries()) {
    const [matrix, offset] = [`${whiteningName(scale)}.matrix`, `${whiteningName(scale)}.offset`];
    const square = find(file, tensors, matrix, "float32", [channels, channels]);
    const vector = find(file, tensors, offset, "float32", [channels]);
    read.push({
      matrix: await readFinite(file, square, matrix),
      offset: await readFinite(file, vector, offset),
    });
  }
  return { slots, values, permutations, whitenings: read };
}

async function readFinite(file: RandomAccessFile, tensor: PlacedTensor, name: string): Promise<Float32Array> {
  const numbers = await readFloats(file, tensor);
  if (!numbers.every(Number.isFinite)) throw file.refuse(`its parameter ${name} is not finite`);
  return numbers;
}

/** The parameters that there should be, and the channels of each step. */
function layoutOf(file: RandomAccessFile, architecture: FlowArchitecture, tensors: number) {
  // Before the layout is made: a hostile manifest could ask for one that fills the memory.
  if (architecture.scales.length * architecture.flowSteps > tensors) {
    throw file.refuse(
      `its flow has only ${tensors} parameters for ${architecture.flowSteps} steps per scale`,
    );
  }
  try {
    const channels = new Map<string, number>();
    for (const stage of stages(architecture)) {
      for (let step = 0; step < architecture.flowSteps; step++) {
        channels.set(stepName(stage.scale, step), stage.channels);
      }
    }
    return { slots: parameterSlots(architecture), channels };
  } catch (error) {
    throw error instanceof UflowError ? file.refuse(error.message, error) : error;
  }
}

function find(
  file: RandomAccessFile,
  tensors: ReadonlyMap<string, PlacedTensor>,
  name: string,
  dtype: PlacedTensor["dtype"],
  shape: readonly number[],
): PlacedTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw file.refuse(`its flow has no parameter ${name}`);
  if (tensor.dtype === dtype && `${tensor.shape}` === `${shape}`) return tensor;
  throw file.refuse(
    `its parameter ${quoted(name)} is ${tensor.dtype} [${tensor.shape}], where ${dtype} [${shape}] is wanted`,
  );
}
