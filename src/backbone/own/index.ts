import { readFile } from "node:fs/promises";
import { z } from "zod";
import { UflowError } from "../../error.js";
import type { StoredBackbone } from "../../weights/store/index.js";
import type { Backbone } from "../index.js";
import { adaptedNetwork, parseNetwork } from "./network.js";

const size = z.int().positive().max(16384);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** What the store says of a backbone of the user's own: how its network is used. */
const ownSchema = z.strictObject({
  /** The network's names of what comes in and what goes out, finest first. */
  input: z.string(),
  outputs: z.array(z.string()).min(1).max(8),
  strides: z.array(size).min(1).max(8),
  channels: z.array(size).min(1).max(8),
  /** The side of the images on which it was tried, pixels. */
  inputSize: size,
  /** Whether it has no other. */
  fixedInputSize: z.boolean(),
  preprocessing: z.strictObject({ mean: triple, std: triple }),
});

export type OwnNetwork = z.infer<typeof ownSchema>;

/** What the store says of a backbone, as that; undefined where it says something else or nothing. */
export function ownNetworkOf(metadata: unknown): OwnNetwork | undefined {
  return ownSchema.safeParse(metadata).data;
}

/**
 * A backbone of the user's own, as `importBackbone` has stored it.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the store says nothing of how it is used.
 */
export function ownBackbone({ name, files, metadata }: StoredBackbone): Backbone {
  const own = ownNetworkOf(metadata);
  const [file] = files;
  if (!own || file?.kind !== "onnx") {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `The store does not say how the backbone "${name}" is used; import it again: uflow backbone import FILE.onnx --as ${name}`,
    );
  }
  const { strides, channels, preprocessing } = own;
  return {
    name,
    strides,
    channels,
    defaultInputSize: own.inputSize,
    ...(own.fixedInputSize && { fixedInputSize: own.inputSize }),
    preprocessing,
    normalization: "standard",
    network: async (inputSize) =>
      adaptedNetwork(parseNetwork(file.source, await readFile(file.path)), own, inputSize),
  };
}
