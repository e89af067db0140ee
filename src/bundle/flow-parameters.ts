/** The flow's parameters as an entry of a `.uflow` file: safetensors with our names, permutations as int64. */
import { UflowError } from "../error.js";
import { type FlowArchitecture, stages } from "../flow/architecture.js";
import {
  type FlowParameters,
  isPermutation,
  parameterCount,
  parameterSlots,
  stepName,
} from "../flow/parameters.js";
import { quoted } from "../input/quoted.js";
import { allocated, type RandomAccessFile } from "../input/random-access-file.js";
import { type PlacedTensor, readFloats, readIntegers } from "../weights/placed-tensor.js";
import { readSafetensors, safetensorsPieces } from "../weights/safetensors.js";
import type { Tensor } from "../weights/tensor.js";

const permutationName = (step: string) => `${step}.permutation`;

/** The entry's content. */
export function parametersBytes({ slots, values, permutations }: FlowParameters): Uint8Array {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, offset, length } of slots) {
    tensors.set(name, { shape, data: values.subarray(offset, offset + length) });
  }
  for (const [step, order] of permutations) {
    tensors.set(permutationName(step), { shape: [order.length], data: BigInt64Array.from(order, BigInt) });
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
  if (tensors.size !== slots.length + channels.size) {
    throw file.refuse(
      `its flow has ${tensors.size} parameters, where ${slots.length + channels.size} are wanted`,
    );
  }
  const placed = slots.map(({ name, shape }) => find(file, tensors, name, "float32", shape));
  const values = allocated(() => new Float32Array(parameterCount(slots)));
  for (const [i, { name, offset }] of slots.entries()) {
    const numbers = await readFloats(file, placed[i]!);
    if (!numbers.every(Number.isFinite)) throw file.refuse(`its parameter ${name} is not finite`);
    values.set(numbers, offset);
  }
  const permutations = new Map<string, Int32Array>();
  for (const [step, count] of channels) {
    const name = permutationName(step);
    const order = await readIntegers(file, find(file, tensors, name, "int64", [count]));
    if (!isPermutation(order)) throw file.refuse(`its ${name} is no permutation of ${count} channels`);
    permutations.set(step, Int32Array.from(order));
  }
  return { slots, values, permutations };
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
