import type { Findings, Outcome } from "./inspection.js";

/** The values of all maps of an image, each in memory of its own. */
export interface Maps {
  anomalyMap: Float32Array;
  logNfaMap: Float32Array;
  mask: Uint8Array;
}

/**
 * Memory of maps that was given back, for maps to come. What is fresh for every image has to be collected by each thread that
 * has held it, and steps of that are the longest an event loop waits.
 */
export class MapMemory {
  private readonly free: Maps[] = [];

  /** @param most maps of so many images are kept */
  constructor(private most: number) {}

  /**
   * Takes the maps of an outcome away: their arrays are empty from then on. Where one is missing, or is in memory of others,
   * nothing happens.
   */
  giveBack(outcome: Outcome<Findings>): void {
    if (outcome.verdict === "undecided") return;
    const taken = takenAway(outcome);
    if (taken && this.free.length < this.most) this.free.push(taken);
  }

  /** Keeps nothing from now on. */
  close(): void {
    this.most = 0;
    this.free.length = 0;
  }

  /** Of at most so many images. */
  take(images: number): Maps[] {
    return this.free.splice(Math.max(0, this.free.length - images));
  }
}

export const buffersOf = ({ anomalyMap, logNfaMap, mask }: Maps): ArrayBuffer[] =>
  [anomalyMap, logNfaMap, mask].map(({ buffer }) => buffer as ArrayBuffer);

function takenAway(findings: Findings): Maps | undefined {
  const { anomalyMap, logNfaMap, mask } = findings;
  const maps = { anomalyMap: anomalyMap?.data, logNfaMap: logNfaMap?.data, mask: mask?.data };
  if (!ownMaps(maps)) return undefined;
  try {
    return structuredClone(maps, { transfer: buffersOf(maps) });
  } catch {
    // One was marked as memory that stays (Node 21 and later; earlier ones copy it).
    return undefined;
  }
}

/** Whoever keeps maps elsewhere may hand back arrays of any kind; a lane writes into these. */
function ownMaps(maps: { [name in keyof Maps]: Maps[name] | undefined }): maps is Maps {
  const { anomalyMap, logNfaMap, mask } = maps;
  if (!(anomalyMap instanceof Float32Array && logNfaMap instanceof Float32Array)) return false;
  if (!(mask instanceof Uint8Array) || mask.length === 0) return false;
  const same = anomalyMap.length === mask.length && logNfaMap.length === mask.length;
  const whole = ({ buffer, byteLength }: Float32Array | Uint8Array) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return same && [anomalyMap, logNfaMap, mask].every(whole);
}
