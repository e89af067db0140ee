import type { WantedWeights, Weights } from "#uflow/backbone/index.js";
import { Random } from "#uflow/random.js";

/** Weights in memory. */
export function weightsOf(
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
): Weights {
  return {
    shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    read: async (name) => tensors.get(name)!.data,
  };
}

/** The weights of the golden ResNets: name, shape and seed of each tensor. */
export function goldenWeights(tensors: readonly [string, readonly number[], number][]): Weights {
  const seeds = new Map(tensors.map(([name, , seed]) => [name, seed]));
  const shapes = new Map(tensors.map(([name, shape]) => [name, shape]));
  return { shapes, read: async (name) => drawn(name, shapes.get(name)!, new Random(seeds.get(name)!)) };
}

/** Random weights of a network, as wide as keeps its activations at their size. */
export function randomTensors({ shapes }: WantedWeights, seed = 1) {
  const random = new Random(seed);
  return new Map([...shapes].map(([name, shape]) => [name, { shape, data: drawn(name, shape, random) }]));
}

function drawn(name: string, shape: readonly number[], random: Random): Float32Array {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const number = distribution(name, shape);
  for (let i = 0; i < data.length; i++) data[i] = number(random.uniform());
  return data;
}

function distribution(name: string, shape: readonly number[]): (u: number) => number {
  if (shape.length === 4) {
    const bound = Math.sqrt(6 / (shape[1]! * shape[2]! * shape[3]!));
    return (u) => (u - 0.5) * 2 * bound;
  }
  if (name.endsWith("running_var")) return (u) => 0.5 + u;
  return name.endsWith(".weight") ? (u) => 0.7 + 0.6 * u : (u) => (u - 0.5) * 0.4;
}

/** The same weights with one tensor changed. */
export function withTensor(weights: Weights, name: string, change: (data: Float32Array) => void): Weights {
  return {
    shapes: weights.shapes,
    async read(wanted) {
      const data = (await weights.read(wanted)).slice();
      if (wanted === name) change(data);
      return data;
    },
  };
}
