/** Building a network that takes a while: it is told of and can be stopped. */
import { z } from "zod";
import { UflowError } from "../error.js";
import type { Backbone } from "./index.js";
import type { NetworkProgress } from "./network-progress.js";
import type { Weights } from "./weights.js";

export interface BuildOptions {
  /** Stops the building between two tensors; nothing is left then. */
  signal?: AbortSignal | undefined;
  /** Called after every tensor. */
  onNetwork?: ((progress: NetworkProgress) => void) | undefined;
}

/** Their checks, for the options of a call. */
export const buildShape = {
  signal: z.instanceof(AbortSignal).optional(),
  onNetwork: z.custom<BuildOptions["onNetwork"]>((value) => typeof value === "function").optional(),
};

export const buildingAborted = () =>
  new UflowError("ERR_UFLOW_ABORTED", "The building of the network was cancelled; nothing of it was kept");

/**
 * Builds a network, telling of it as its weights are read. Nothing is told of a network that keeps them in itself.
 * @throws UflowError ERR_UFLOW_ABORTED, and what `build` throws.
 */
export async function toldOf(
  { name, weights: wanted, fileVersion }: Backbone,
  weights: Weights,
  { signal, onNetwork }: BuildOptions,
  build: (weights: Weights) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const tell = fileVersion === undefined ? undefined : onNetwork;
  const total = bytesOf(wanted?.shapes.values() ?? []);
  let done = 0;
  const read = async (tensor: string) => {
    if (signal?.aborted) throw buildingAborted();
    const data = await weights.read(tensor);
    done += data.byteLength;
    // Not all that is read may be wanted, nor all that is wanted be read.
    tell?.({ backbone: name, done: Math.min(done, total - 1), total });
    return data;
  };
  const network = await build({ ...weights, read });
  tell?.({ backbone: name, done: total, total });
  return network;
}

function bytesOf(shapes: Iterable<readonly number[]>): number {
  let bytes = 0;
  for (const shape of shapes) bytes += 4 * shape.reduce((product, size) => product * size, 1);
  return bytes;
}
