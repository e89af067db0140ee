import { Random } from "../random.js";
import { type FlowArchitecture, stages } from "./architecture.js";
import { neutralWhitening, type Whitening } from "./whitening.js";

/** The place of one parameter in the flat vector that training works on. */
export interface ParameterSlot {
  name: string;
  shape: readonly number[];
  offset: number;
  length: number;
  /** For the weights and biases of convolutions: how many inputs one output sums. */
  fanIn?: number;
}

/**
 * All that is learned (`values`, flat, in the order of `slots`), all that is drawn once (`permutations`), and what is computed
 * of the features before (`whitenings`).
 */
export interface FlowParameters {
  slots: readonly ParameterSlot[];
  values: Float32Array;
  /** By step name: out[i] = in[permutation[i]]. */
  permutations: ReadonlyMap<string, Int32Array>;
  /** Per scale, finest first; only of the normalisation `whitened`. */
  whitenings?: readonly Whitening[] | undefined;
}

/** The name of a flow step: `scale` counts from the finest (0), `step` from the first that runs. */
export const stepName = (scale: number, step: number) => `scale${scale}.step${step}`;
/** The name of the whitening in front of a scale. */
export const whiteningName = (scale: number) => `scale${scale}.whitening`;
/** The name of the normalisation in front of a scale. */
export const normName = (scale: number) => `scale${scale}.norm`;

/** Kernel size of both convolutions of a step: 3 and 1 in turn. */
export const kernelSize = (step: number) => (step % 2 === 0 ? 3 : 1);

/** Channels that pass a step unchanged and feed its subnet (n1), and channels that it transforms (n2). */
export function halves(channels: number): { kept: number; transformed: number } {
  const transformed = Math.floor(channels / 2);
  return { kept: channels - transformed, transformed };
}

/** The layout of the flat parameter vector, stages in running order, then the normalisations. */
export function parameterSlots(architecture: FlowArchitecture): ParameterSlot[] {
  const slots: ParameterSlot[] = [];
  let offset = 0;
  const place = (name: string, shape: readonly number[], fanIn?: number) => {
    const length = shape.reduce((product, size) => product * size, 1);
    slots.push({ name, shape, offset, length, ...(fanIn === undefined ? {} : { fanIn }) });
    offset += length;
  };
  for (const { scale, channels } of stages(architecture)) {
    const { kept, transformed } = halves(channels);
    for (let step = 0; step < architecture.flowSteps; step++) {
      const name = stepName(scale, step);
      const k = kernelSize(step);
      place(`${name}.globalScale`, [1, channels, 1, 1]);
      place(`${name}.globalOffset`, [1, channels, 1, 1]);
      const fanIn = kept * k * k;
      place(`${name}.conv1.weight`, [kept, kept, k, k], fanIn);
      place(`${name}.conv1.bias`, [kept], fanIn);
      place(`${name}.conv2.weight`, [2 * transformed, kept, k, k], fanIn);
      place(`${name}.conv2.bias`, [2 * transformed], fanIn);
    }
  }
  if (architecture.normalization === "layer") {
    architecture.scales.forEach(({ channels, height, width }, scale) => {
      place(`${normName(scale)}.weight`, [channels, height, width]);
      place(`${normName(scale)}.bias`, [channels, height, width]);
    });
  }
  return slots;
}

/** Number of values in the flat parameter vector. */
export function parameterCount(slots: readonly ParameterSlot[]): number {
  const last = slots.at(-1);
  return last ? last.offset + last.length : 0;
}

/** γ for which the global scale 0.2·ln(1 + exp(γ/2)) is 1. */
const unitGlobalScale = 2 * Math.log(Math.exp(5) - 1);

/**
 * Fresh parameters: convolutions uniform in ±1/√(inputs·k²), global scale 1, offset 0, normalisation and whitenings the
 * identity, and a random permutation per step. The same seed gives the same parameters on every machine.
 */
export function initialParameters(architecture: FlowArchitecture, seed: number): FlowParameters {
  const slots = parameterSlots(architecture);
  const values = new Float32Array(parameterCount(slots));
  for (const slot of slots) initialise(slot, values.subarray(slot.offset, slot.offset + slot.length), seed);
  const permutations = new Map<string, Int32Array>();
  for (const { scale, channels } of stages(architecture)) {
    for (let step = 0; step < architecture.flowSteps; step++) {
      const name = stepName(scale, step);
      permutations.set(name, Random.stream(seed, `${name}.permutation`).permutation(channels));
    }
  }
  if (architecture.normalization !== "whitened") return { slots, values, permutations };
  const whitenings = architecture.scales.map(({ channels }) => neutralWhitening(channels));
  return { slots, values, permutations, whitenings };
}

function initialise(slot: ParameterSlot, into: Float32Array, seed: number): void {
  if (slot.name.endsWith("globalScale")) into.fill(unitGlobalScale);
  else if (slot.name.endsWith("norm.weight")) into.fill(1);
  else if (slot.fanIn !== undefined) {
    const random = Random.stream(seed, slot.name);
    const bound = 1 / Math.sqrt(slot.fanIn);
    for (let i = 0; i < into.length; i++) into[i] = random.between(-bound, bound);
  }
}

/** Whether these are 0 … length − 1, each once. */
export function isPermutation(order: ArrayLike<number>): boolean {
  const seen = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) seen[order[i]!] = 1;
  return seen.every((one) => one === 1);
}

/** A view of one parameter by name. */
export function parameter({ slots, values }: FlowParameters, name: string): Float32Array {
  const slot = slots.find((candidate) => candidate.name === name)!;
  return values.subarray(slot.offset, slot.offset + slot.length);
}
