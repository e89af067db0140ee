import type { Map2d } from "../kernels/index.js";
import type { Inspection } from "./inspection.js";
import type { NetworkMaps } from "./network.js";

/** What one image gave. */
export interface Outcome extends Pick<NetworkMaps, "energies">, Pick<Inspection, "logNfaMap" | "mask"> {}

/** How far results are from those they should be. */
export interface Parity {
  /** The largest difference of an energy, relative to the expected one or, where that is smaller, to its mean χ². */
  energy: number;
  /** The largest difference of log₁₀ NFA at a pixel. */
  logNfa: number;
  /** Intersection over union of the masks; 1 where both are empty. */
  maskIou: number;
}

/** Compares what two versions of a model's network give for one image. Cost: linear in the maps. */
export function parity(wanted: Outcome, got: Outcome): Parity {
  return {
    energy: Math.max(
      ...wanted.energies.map(({ data, channels }, scale) => {
        const other = got.energies[scale]!.data;
        return greatest(data, (e, i) => Math.abs(other[i]! - e) / Math.max(e, channels));
      }),
    ),
    logNfa: greatest(wanted.logNfaMap.data, (value, i) => Math.abs(got.logNfaMap.data[i]! - value)),
    maskIou: intersectionOverUnion(wanted.mask.data, got.mask.data),
  };
}

function greatest(data: Map2d["data"], of: (value: number, i: number) => number): number {
  let result = 0;
  data.forEach((value, i) => {
    result = Math.max(result, of(value, i));
  });
  return result;
}

function intersectionOverUnion(a: Uint8Array, b: Uint8Array): number {
  let intersection = 0;
  let union = 0;
  a.forEach((value, i) => {
    intersection += value & b[i]!;
    union += value | b[i]!;
  });
  return union === 0 ? 1 : intersection / union;
}
