import { UflowError } from "../error.js";

/** Pretrained weights of a network, as a file or a store holds them: tensors by name, read one at a time. */
export interface Weights {
  /** The shape of every tensor. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The numbers of one tensor, row-major. They are not changed by the reader. */
  read(name: string): Promise<Float32Array>;
}

/** Which weights a network needs. */
export interface WantedWeights {
  /** The network's name, for messages. */
  readonly network: string;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Whether such weights have this tensor besides, for a part of the network that is not used. */
  unused(name: string): boolean;
}

/** Reads one tensor that is known to be there with the right shape. */
export type ReadWeights = (name: string) => Promise<Float32Array>;

/**
 * Holds weights against what is wanted, before any is read.
 * @returns how to read them; a tensor with NaN or infinite numbers, or too few, is refused by its name.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS, naming the first tensors that are missing, unknown or of another shape.
 */
export function checkWeights(weights: Weights, wanted: WantedWeights): ReadWeights {
  const differences = differencesOf(weights, wanted);
  if (differences.length > 0) throw badWeights(wanted.network, `${differences.join("; ")}`);
  return async (name) => {
    const data = await weights.read(name);
    const length = wanted.shapes.get(name)!.reduce((product, size) => product * size, 1);
    if (data.length !== length) {
      throw badWeights(wanted.network, `${name} holds ${data.length} numbers instead of ${length}`);
    }
    const bad = firstNotFinite(data);
    if (bad >= 0) throw badWeights(wanted.network, `${name} holds ${data[bad]} at position ${bad}`);
    return data;
  };
}

/** The weights whose names begin with a prefix, without it: one network of several in a file. */
export function weightsUnder(prefix: string, weights: Weights): Weights {
  const inside = [...weights.shapes].filter(([name]) => name.startsWith(prefix));
  return {
    shapes: new Map(inside.map(([name, shape]) => [name.slice(prefix.length), shape])),
    read: (name) => weights.read(prefix + name),
  };
}

/** What is wanted of one network of several: the tensors behind its prefix, which is its name and a dot, or nothing. */
export function wantedUnder(prefix: string, wanted: WantedWeights): WantedWeights {
  const inside = [...wanted.shapes].filter(([name]) => name.startsWith(prefix));
  return {
    network: prefix.slice(0, -1) || wanted.network,
    shapes: new Map(inside.map(([name, shape]) => [name.slice(prefix.length), shape])),
    unused: (name) => wanted.unused(prefix + name),
  };
}

/** The weights of several networks as one, each name behind its network's prefix. */
export function joinWeights(parts: Readonly<Record<string, Weights>>): Weights {
  const owners = new Map(
    Object.entries(parts).flatMap(([prefix, weights]) =>
      [...weights.shapes].map(([name, shape]) => [prefix + name, { shape, weights, name }] as const),
    ),
  );
  return {
    shapes: new Map([...owners].map(([name, { shape }]) => [name, shape])),
    read: (name) => owners.get(name)!.weights.read(owners.get(name)!.name),
  };
}

/** Rows, of which there are as many as factors, each times its factor, in double precision. */
export function scaleRows(rows: Float32Array, factors: ArrayLike<number>): Float32Array {
  const width = rows.length / factors.length;
  const result = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) result[i] = rows[i]! * factors[Math.floor(i / width)]!;
  return result;
}

function differencesOf({ shapes }: Weights, wanted: WantedWeights): string[] {
  const names = [...wanted.shapes.keys()];
  const missing = names.filter((name) => !shapes.has(name));
  const unknown = [...shapes.keys()].filter((name) => !wanted.shapes.has(name) && !wanted.unused(name));
  const misshapen = names
    .filter((name) => shapes.has(name) && `${shapes.get(name)}` !== `${wanted.shapes.get(name)}`)
    .map((name) => `${name} is [${shapes.get(name)}] instead of [${wanted.shapes.get(name)}]`);
  return [
    ...listed(missing, "missing"),
    ...listed(unknown, "unknown"),
    ...listed(misshapen, "of another shape"),
    ...prefixHint([...shapes.keys()], missing[0]),
  ];
}

/** A plain loop: `findIndex` takes five times as long, and there are hundreds of millions of weights. */
function firstNotFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

function listed(names: readonly string[], what: string): string[] {
  const shown = names.slice(0, 3).join(", ");
  const more = names.length > 3 ? ", …" : "";
  return names.length > 0 ? [`${names.length} ${what}: ${shown}${more}`] : [];
}

function prefixHint(given: readonly string[], missing: string | undefined): string[] {
  const longer = missing && given.find((name) => name.endsWith(`.${missing}`));
  return longer ? [`names begin with "${longer.slice(0, -missing.length)}", which must go`] : [];
}

function badWeights(network: string, problem: string): UflowError {
  return new UflowError(
    "ERR_UFLOW_BAD_WEIGHTS",
    `These are not usable as the weights of "${network}" (${problem})`,
  );
}
